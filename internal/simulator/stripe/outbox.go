package stripe

import (
	"context"

	"paymenthub/internal/simulator"
)

// schedule puts an event's delivery to an endpoint into the outbox, with what
// the webhook faults make of it.
func (tx *transaction) schedule(event int64, to target) error {
	const insert = `INSERT INTO outbox (event, endpoint, copy, attempts, due) VALUES (?, ?, ?, ?, ?)`
	fate := tx.call.sim.webhooks.Next()
	due := event + fate.Delay.Microseconds()
	if fate.Again > 0 {
		if err := tx.exec(insert, event, to.seq, 1, 0, due+fate.Again.Microseconds()); err != nil {
			return err
		}
	}
	if fate.Drop {
		return tx.exec(insert, event, to.seq, 0, 1, due+retryAfter[0].Microseconds())
	}
	return tx.exec(insert, event, to.seq, 0, 0, due)
}

// Pending implements simulator.Outbox.
func (d *deliveries) Pending(ctx context.Context) (pending int64, err error) {
	err = d.sim.store.readers.QueryRowContext(ctx, `SELECT COUNT(*) FROM outbox`).Scan(&pending)
	return pending, err
}

// Flush implements simulator.Outbox.
func (d *deliveries) Flush(context.Context) error {
	now := d.sim.now().UnixMicro()
	err := d.sim.store.update(func(conn *connection) error {
		return conn.exec(`UPDATE outbox SET due = ? WHERE due > ?`, now, now)
	})
	d.wake()
	return err
}

var _ simulator.Outbox = (*deliveries)(nil)

func (d *deliveries) due() ([]*delivery, error) {
	rows, err := d.sim.store.query(`SELECT o.event, o.endpoint, o.copy, o.attempts, e.account, e.doc FROM outbox o
		JOIN events e ON e.seq = o.event WHERE o.due <= ? ORDER BY o.due LIMIT ?`, d.sim.now().UnixMicro(), deliveryBatch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var due []*delivery
	for rows.Next() {
		one := &delivery{}
		if err := rows.Scan(&one.event, &one.endpoint, &one.copy, &one.attempts, &one.account, &one.doc); err != nil {
			return nil, err
		}
		due = append(due, one)
	}
	return due, rows.Err()
}

// record takes what was delivered, or given up, out of the outbox.
func (d *deliveries) record(due []*delivery) error {
	return d.sim.store.update(func(conn *connection) error {
		for _, one := range due {
			var err error
			if one.delivered || one.attempts >= len(retryAfter) {
				err = conn.exec(`DELETE FROM outbox WHERE event = ? AND endpoint = ? AND copy = ?`, one.event, one.endpoint, one.copy)
			} else {
				err = conn.exec(`UPDATE outbox SET attempts = ?, due = ? WHERE event = ? AND endpoint = ? AND copy = ?`, one.attempts+1,
					d.sim.now().Add(retryAfter[one.attempts]).UnixMicro(), one.event, one.endpoint, one.copy)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
