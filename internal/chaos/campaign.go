package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"paymenthub/internal/store/pgtest"
)

// Options of a campaign.
type Options struct {
	First, Last uint64 // seeds, both included
	Steps       int    // 1 to MaxSteps
	Database    Database
	Parallel    int // worlds at a time, 1 or more
	Keep        bool
	// Binary is the hub's program.
	Binary string
	// Prepare makes a data folder and the keys of its hub.
	Prepare func(folder string) error
	// Stage, if not nil, is told how far a seed is; Done of every seed that ended.
	// Neither is called twice at once.
	Stage func(seed uint64, stage string)
	Done  func(r Result, done, of int)
}

// ErrNoPostgres: the machine has no Postgres binaries.
var ErrNoPostgres = pgtest.ErrMissing

// Run makes a trial of every seed. Failed trials are no error; that there can be
// none is one.
func Run(ctx context.Context, o Options) ([]Result, error) {
	c := &campaign{Options: o, seeds: make(chan uint64)}
	parent, err := os.MkdirTemp("", "paymenthub-chaos-")
	if err != nil {
		return nil, err
	}
	c.parent = parent
	defer func() { _ = os.Remove(parent) }() // stays when a seed's folder does
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var lanes sync.WaitGroup
	for range min(uint64(o.Parallel), o.Last-o.First+1) {
		lanes.Go(func() {
			if err := c.lane(ctx); err != nil {
				cancel(err)
			}
		})
	}
	for seed := o.First; seed <= o.Last && ctx.Err() == nil; seed++ {
		select {
		case c.seeds <- seed:
		case <-ctx.Done():
		}
	}
	close(c.seeds)
	lanes.Wait()
	return c.results, context.Cause(ctx)
}

type campaign struct {
	Options
	parent string
	seeds  chan uint64

	mu      sync.Mutex
	results []Result
}

// lane makes trials one after the other, on a Postgres of its own.
func (c *campaign) lane(ctx context.Context) (err error) {
	var cluster *pgtest.Cluster
	if c.Database == Postgres {
		if cluster, err = pgtest.Start(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cluster.Stop()) }()
	}
	for seed := range c.seeds {
		if ctx.Err() != nil {
			return nil
		}
		r := c.seed(ctx, cluster, seed)
		if ctx.Err() != nil {
			return nil // cut short: it says nothing
		}
		c.mu.Lock()
		c.results = append(c.results, r)
		if c.Done != nil {
			c.Done(r, len(c.results), int(c.Last-c.First+1))
		}
		c.mu.Unlock()
	}
	return nil
}

// seed makes one trial in a folder of its own, which stays when it failed.
func (c *campaign) seed(ctx context.Context, cluster *pgtest.Cluster, seed uint64) Result {
	began := time.Now()
	folder := filepath.Join(c.parent, fmt.Sprintf("seed-%d-%s", seed, c.Database))
	r, err := c.trial(ctx, cluster, folder, New(seed, c.Steps, c.Database))
	r.Seed, r.Steps, r.Database, r.Seconds = seed, c.Steps, c.Database, time.Since(began).Round(100*time.Millisecond).Seconds()
	if err != nil {
		r.Error = err.Error()
	}
	if c.Keep || r.Failed() && ctx.Err() == nil {
		r.Folder = folder
	} else if err := os.RemoveAll(folder); err != nil {
		r.Error = err.Error()
	}
	return r
}

func (c *campaign) trial(ctx context.Context, cluster *pgtest.Cluster, folder string, p Plan) (r Result, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return r, err
	}
	c.say(p.Seed, "starting its world")
	var db database = sqliteFile{folder}
	if cluster != nil {
		server, err := newServer(ctx, cluster, fmt.Sprintf("seed_%d", p.Seed))
		if err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, server.drop()) }()
		db = server
	}
	w, err := openWorld(ctx, worldOptions{Binary: c.Binary, Folder: folder, Prepare: c.Prepare, Database: db, Plan: p})
	if err != nil {
		return r, err
	}
	defer w.close()
	return try(ctx, w, p, func(stage string) { c.say(p.Seed, stage) })
}

func (c *campaign) say(seed uint64, stage string) {
	if c.Stage == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Stage(seed, stage)
}
