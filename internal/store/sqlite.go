package store

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/libtnb/sqlite"
	"gorm.io/gorm"
)

// openSQLite opens the file with one connection that writes and a pool that reads.
//
// synchronous=NORMAL with a write-ahead log: killing the process loses nothing,
// but when the machine loses power the last transactions may be gone. The
// database stays consistent. Production is Postgres.
func openSQLite(o Options) (*Store, error) {
	file, err := os.OpenFile(o.SQLiteFile, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: open the database file: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("store: open the database file: %w", err)
	}
	readers := o.MaxConns
	if readers < 1 {
		readers = 4
	}
	writer, err := openSQLitePool(o, 1, url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)",
		"secure_delete(1)", "cache_size(-32768)", "wal_autocheckpoint(4000)", "journal_size_limit(67108864)",
	}})
	if err != nil {
		return nil, err
	}
	reader, err := openSQLitePool(o, readers, url.Values{"_pragma": {"busy_timeout(5000)", "query_only(1)"}})
	if err != nil {
		_ = closePool(writer)
		return nil, err
	}
	return &Store{dialect: SQLite, writer: writer, reader: reader, batcher: newBatcher(writer)}, nil
}

func openSQLitePool(o Options, size int, parameters url.Values) (*gorm.DB, error) {
	path, err := filepath.Abs(o.SQLiteFile)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	// SQLite unescapes the path of a file: URI.
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	pool := sql.OpenDB(newConnector("file:" + escaped + "?" + parameters.Encode()))
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	db, err := gorm.Open(sqlite.New(sqlite.Config{Conn: pool}), gormConfig(o))
	if err != nil {
		_ = pool.Close()
		return nil, translate("open", err)
	}
	return db, nil
}

// gormConfig leaves preparing statements to the connections, which keep theirs
// (statements.go; pgx does the same for Postgres): GORM's own cache prepares a
// statement anew in each transaction when a transaction was the first to use it.
func gormConfig(o Options) *gorm.Config {
	return &gorm.Config{
		SkipDefaultTransaction: true, DisableNestedTransaction: true, DisableAutomaticPing: true,
		Logger: queryLog{log: o.Logger.Named("store"), slow: o.SlowQuery},
	}
}
