package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	shared    = sync.OnceValues(Start)
	databases atomic.Int64
)

// NewDatabase makes an empty database for one test and returns its URL. All
// tests of a process share one cluster, which ends with the process. Without
// Postgres on the machine the test is skipped, and fails where CI=true.
func NewDatabase(t testing.TB) string {
	t.Helper()
	cluster := running(t)
	name := create(t, cluster, "template1")
	dropAfter(t, cluster, name)
	return cluster.URL(name)
}

// Template is a database that is filled once in a process: copying it takes less
// time than filling another one.
type Template struct {
	fill func(t testing.TB, url string)
	once sync.Once
	name string // empty when filling it failed
}

// NewTemplate says how to fill the database: fill is called by the first test that
// needs a copy and leaves no connection behind.
func NewTemplate(fill func(t testing.TB, url string)) *Template { return &Template{fill: fill} }

// NewDatabase makes a copy for one test, as the function NewDatabase makes an empty
// database.
func (m *Template) NewDatabase(t testing.TB) string {
	t.Helper()
	cluster := running(t)
	m.once.Do(func() {
		name := create(t, cluster, "template1")
		m.fill(t, cluster.URL(name))
		m.name = name
	})
	if m.name == "" {
		t.Fatal("pgtest: the test that was to fill the template failed")
	}
	name := create(t, cluster, m.name)
	dropAfter(t, cluster, name)
	return cluster.URL(name)
}

// running is the cluster of the process.
func running(t testing.TB) *Cluster {
	t.Helper()
	cluster, err := shared()
	if errors.Is(err, ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

// create makes a database that begins as a copy of a template: file by file, which is
// less work than writing all of it to the log too.
func create(t testing.TB, cluster *Cluster, template string) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	execute(t, cluster, "CREATE DATABASE "+name+" STRATEGY file_copy TEMPLATE "+template)
	return name
}

func dropAfter(t testing.TB, cluster *Cluster, name string) {
	t.Cleanup(func() { execute(t, cluster, "DROP DATABASE "+name+" WITH (FORCE)") })
}

func execute(t testing.TB, cluster *Cluster, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := cluster.Exec(ctx, statement); err != nil {
		t.Fatalf("pgtest: %s: %v", statement, err)
	}
}
