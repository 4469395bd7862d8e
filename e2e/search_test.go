package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"
)

// finds is a collection of everything that was written or said somewhere.
type finds map[string][]byte

// files adds every file below a folder.
func (f finds) files(t *testing.T, folder string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // it was there when its folder was read
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil // a write-ahead log that has just been tidied away
		}
		f["file "+path] = content
		return err
	}))
}

// postgres adds every row of every table, binary columns as hex.
func (f finds) postgres(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.NotEmpty(t, tables)
	for _, table := range tables {
		rows, err := conn.Query(t.Context(), fmt.Sprintf(`SELECT r::text FROM %q AS r`, table))
		require.NoError(t, err)
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		f["table "+table] = []byte(strings.Join(texts, "\n"))
	}
}

// temporal adds every workflow's description and history, as the server has
// them and decoded.
func (f finds) temporal(t *testing.T, h *hub) {
	t.Helper()
	c, sealer := h.temporal(t), h.codec(t)
	var token []byte
	for {
		page, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{NextPageToken: token})
		require.NoError(t, err)
		for _, execution := range page.Executions {
			at := "workflow " + execution.Execution.WorkflowId + " " + execution.Execution.RunId
			messages := []proto.Message{execution}
			for _, e := range history(t, c, execution.Execution.WorkflowId, execution.Execution.RunId) {
				messages = append(messages, e)
			}
			for _, m := range messages {
				raw, err := proto.Marshal(m)
				require.NoError(t, err)
				f[at+" raw"] = append(f[at+" raw"], raw...)
				opened, err := sealer.Decode(payloads(m))
				require.NoError(t, err)
				for _, p := range opened {
					f[at+" opened"] = append(append(f[at+" opened"], p.Data...), '\n')
				}
			}
		}
		if token = page.NextPageToken; len(token) == 0 {
			return
		}
	}
}

// lookFor reports where any of the needles is.
func (f finds) lookFor(needles []string) []string {
	var found []string
	for where, content := range f {
		for _, needle := range needles {
			if at := bytes.Index(content, []byte(needle)); at >= 0 {
				around := content[max(0, at-80):min(len(content), at+len(needle)+40)]
				found = append(found, fmt.Sprintf("%s: %q", where, around))
				break
			}
		}
	}
	return found
}

// spellings are the ways in which a card number may have been written down.
func spellings(number string) []string {
	groups := []string{number[:4], number[4:8], number[8:12], number[12:]}
	all := []string{
		number, number[:12], number[4:], strings.Join(groups, " "), strings.Join(groups, "-"), strings.Join(groups, "+"),
		strings.Join(groups, "%20"), hex.EncodeToString([]byte(number)),
	}
	for shift := range 3 { // base64, wherever in a text the number begins
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + number))
		all = append(all, encoded[(shift*8+5)/6:(shift+len(number))*8/6])
	}
	return all
}
