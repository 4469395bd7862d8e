package store

import (
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// Bounds of Postgres connections; a URL that sets one of its own wins.
const (
	connectTimeout = 5 * time.Second
	connLifetime   = 30 * time.Minute // so that connections follow a failover or new addresses
	connIdle       = 5 * time.Minute
)

// sessionDefaults bound what a session may hold up on the server, in
// milliseconds where they are times.
var sessionDefaults = map[string]string{
	"application_name":                    "paymenthub",
	"timezone":                            "UTC",
	"default_transaction_isolation":       "read committed",
	"statement_timeout":                   "10000",
	"lock_timeout":                        "5000",
	"idle_in_transaction_session_timeout": "30000",
}

func openPostgres(o Options) (*Store, error) {
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, errors.New("store: the Postgres URL cannot be read; it should look like postgres://user:password@host:5432/name")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	for name, value := range sessionDefaults {
		if _, set := config.RuntimeParams[name]; !set {
			config.RuntimeParams[name] = value
		}
	}
	size := o.MaxConns
	if size < 1 {
		size = 20
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	pool.SetConnMaxLifetime(connLifetime)
	pool.SetConnMaxIdleTime(connIdle)
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: pool}), gormConfig(o))
	if err != nil {
		_ = pool.Close()
		return nil, translate("open", err)
	}
	return &Store{dialect: Postgres, writer: db, reader: db, session: config, writing: make(chan struct{}, size-size/4)}, nil
}

// migrationPool holds the one session of migrations. Their statements may go through
// all rows of a table, so nothing bounds their time; the wait for a lock is bounded as
// the hub's is, since whoever comes later waits behind it.
func migrationPool(hub *pgx.ConnConfig) *sql.DB {
	config := hub.Copy()
	config.RuntimeParams["statement_timeout"] = "0"
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(1)
	return pool
}
