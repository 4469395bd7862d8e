//go:build !slim

package devserver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	schema "go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"
)

// stores are the two databases of a server. What operators search (visibility)
// is written to its own: a SQLite database has one writer, and the rows of the
// search index would keep payments waiting.
type stores struct {
	executions *config.SQL
	visibility *config.SQL
}

// openStores makes the files and their schema when they are missing, then the
// namespace with its search attributes.
func openStores(o Options) (stores, error) {
	s := stores{executions: memoryDatabase(), visibility: memoryDatabase()}
	if o.DataFile != "" {
		s = stores{executions: fileDatabase(o.DataFile), visibility: fileDatabase(visibilityFile(o.DataFile))}
	}
	if err := ensureSchema(s.executions, nil); err != nil {
		return stores{}, fmt.Errorf("Temporal's database %s: %w", o.DataFile, err)
	}
	if err := ensureSchema(s.visibility, unusedIndexes); err != nil {
		return stores{}, fmt.Errorf("Temporal's database %s: %w", visibilityFile(o.DataFile), err)
	}
	namespace, err := schema.NewNamespaceConfig(clusterName, o.Namespace, false, o.SearchAttributes)
	if err != nil {
		return stores{}, fmt.Errorf("namespace %s: %w", o.Namespace, err)
	}
	namespace.Detail.Config.Retention = durationpb.New(o.Retention)
	if err := schema.CreateNamespaces(s.executions, namespace); err != nil {
		return stores{}, fmt.Errorf("namespace %s: %w", o.Namespace, err)
	}
	return s, nil
}

// visibilityFile is temporal.visibility.db beside temporal.db.
func visibilityFile(executions string) string {
	if executions == "" {
		return ""
	}
	extension := filepath.Ext(executions)
	return strings.TrimSuffix(executions, extension) + ".visibility" + extension
}

func memoryDatabase() *config.SQL {
	return &config.SQL{
		PluginName:        sqlite.PluginName,
		DatabaseName:      "temporal-" + uuid.NewString(),
		ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
	}
}

// fileDatabase names a file and its pragmas. With a write-ahead log and
// synchronous=NORMAL a commit is a write without fsync: it survives the death of
// the process, and a power cut loses the last moments but never consistency.
func fileDatabase(file string) *config.SQL {
	return &config.SQL{
		PluginName:   sqlite.PluginName,
		DatabaseName: file,
		ConnectAttributes: map[string]string{
			"mode":         "rwc",
			"busy_timeout": uniqueBusyTimeout(),
			"cache_size":   "-65536", // KiB
			"journal_mode": "wal",
			"synchronous":  "normal",
			"temp_store":   "memory",
		},
	}
}

// connections counts the databases this process has configured.
var connections atomic.Int64

// uniqueBusyTimeout is 5 s and a bit. Temporal's SQLite plugin keeps connections
// for the life of the process, by their settings: equal settings would hand a
// server that is started on a new file the connection to the deleted one.
func uniqueBusyTimeout() string { return strconv.FormatInt(5000+connections.Add(1), 10) }

// ensureSchema writes the schema, less some indexes, into a database that does
// not exist yet. A file is made under another name and renamed when complete, so
// that a start that is interrupted leaves nothing half made.
func ensureSchema(db *config.SQL, unwanted []string) error {
	if db.ConnectAttributes["mode"] == "memory" {
		return dropIndexes(db, unwanted) // the plugin writes the schema itself
	}
	file := db.DatabaseName
	if strings.ContainsAny(file, "?#%") {
		return errors.New("the path may not contain ?, # or %")
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	draft := fileDatabase(file + ".new")
	draft.ConnectAttributes["journal_mode"] = "off"
	draft.ConnectAttributes["synchronous"] = "off"
	if err := os.Remove(draft.DatabaseName); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := schema.SetupSchema(draft); err != nil {
		return err
	}
	if err := dropIndexes(draft, unwanted); err != nil {
		return err
	}
	return os.Rename(draft.DatabaseName, file)
}
