package chaos

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLogsAreSearched(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	write("serve.log", "{\"msg\":\"request\",\"route\":\"/webhooks/:gateway/:account\"}\nfine\n")
	found, webhooks, err := readLogs(folder, false)
	require.NoError(t, err)
	require.Empty(t, found)
	require.EqualValues(t, 1, webhooks)

	write("worker.log", "fine\npanic: oh\ncard "+numbers[Visa]+"\n")
	write("temporal.log", strings.Repeat("WARNING: DATA RACE\n", 10)+"payment needs an operator")
	found, _, err = readLogs(folder, false)
	require.NoError(t, err)
	var what []string
	for _, v := range found {
		require.NotContains(t, v.What, numbers[Visa], "a finding does not repeat the number")
		what = append(what, v.Rule+" "+v.Object)
	}
	require.ElementsMatch(t, []string{
		"log worker.log:2", "card_in_log worker.log:3",
		"log temporal.log:1", "log temporal.log:2", "log temporal.log:3", "log temporal.log:11",
	}, what)
}

// A process that was stopped for seconds looks deadlocked to Temporal's SDK.
func TestAStoppedHubIsNoDeadlock(t *testing.T) {
	folder := t.TempDir()
	line := `{"msg":"Workflow panic","Error":"[TMPRL1101] Potential deadlock detected"}` + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "serve.log"), []byte(line+"panic: oh\n"), 0o600))
	for stopped, want := range map[bool]int{false: 2, true: 1} {
		found, _, err := readLogs(folder, stopped)
		require.NoError(t, err)
		require.Len(t, found, want)
	}
}
