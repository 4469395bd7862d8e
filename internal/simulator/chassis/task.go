package chassis

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
)

const taskBatch = 100

// Task is what the provider does later by itself.
type Task struct {
	Kind   string // the provider's word for what is to be done
	Object string // the id of what it is about
}

// Later has a task performed after a while, also after a restart.
func (tx *Tx) Later(t Task, after time.Duration) error {
	tx.committed(tx.sim.tasks.wake)
	return tx.exec(`INSERT INTO tasks (seq, account, kind, object, key, due) VALUES (?, ?, ?, ?, ?, ?)`,
		tx.sim.seq.next(), tx.Account, t.Kind, t.Object, tx.Key, tx.sim.now().Add(after).UnixMicro())
}

// Forget gives up what was to be done later about an object.
func (tx *Tx) Forget(object string) error {
	return tx.exec(`DELETE FROM tasks WHERE object = ? AND account = ?`, object, tx.Account)
}

// performDue makes one round over the tasks that are due, and tells when the next is.
func (c *Chassis) performDue(context.Context) time.Duration {
	const next = `SELECT due FROM tasks ORDER BY due LIMIT 1`
	row, err := c.store.queryRow(next)
	if err == nil {
		var due int64
		if row.Scan(&due) == nil && due <= c.now().UnixMicro() {
			err = c.perform()
		}
	}
	if err != nil {
		c.log.Error("a task could not be performed", zap.String("provider", c.provider.Name), zap.Error(err))
	}
	return c.untilDue(next)
}

// dueTask is a task with the call that led to it.
type dueTask struct {
	Task
	seq          int64
	account, key string
}

func (c *Chassis) perform() error {
	due, err := c.dueTasks()
	if err != nil {
		return err
	}
	var failed error // one that fails does not keep others waiting
	for _, t := range due {
		failed = errors.Join(failed, c.transact(func(tx *Tx) error {
			tx.Account, tx.Key = t.account, t.key
			if err := tx.exec(`DELETE FROM tasks WHERE seq = ?`, t.seq); err != nil {
				return err
			}
			return c.provider.Perform(tx, t.Task)
		}))
	}
	return failed
}

func (c *Chassis) dueTasks() ([]dueTask, error) {
	rows, err := c.store.query(`SELECT seq, account, kind, object, key FROM tasks WHERE due <= ? ORDER BY due, seq LIMIT ?`, c.now().UnixMicro(), taskBatch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var due []dueTask
	for rows.Next() {
		var t dueTask
		if err := rows.Scan(&t.seq, &t.account, &t.Kind, &t.Object, &t.key); err != nil {
			return nil, err
		}
		due = append(due, t)
	}
	return due, rows.Err()
}
