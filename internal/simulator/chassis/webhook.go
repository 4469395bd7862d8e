package chassis

import (
	"context"
	"errors"
	"net/url"
	"time"

	"paymenthub/internal/simulator"
)

// Webhook is where the events of one account go.
type Webhook struct {
	// Credentials are those of the account, by the provider's names of them.
	Credentials map[string]string
	URL         string // an absolute HTTP or HTTPS address
}

// Event is something that happened, as the provider tells it.
type Event struct {
	ID, Type string
	Body     []byte // what is posted
}

// Delivery is an event on its way to one endpoint.
type Delivery struct {
	Event
	At          time.Time // of this try
	Credentials map[string]string
}

// targets are the endpoints of each account, in their order.
type targets map[string][]Webhook

func aim(webhooks []Webhook, accountOf func(map[string]string) string) (targets, error) {
	aimed := targets{}
	for _, hook := range webhooks {
		u, err := url.Parse(hook.URL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, errors.New("webhook: URL must be an absolute HTTP or HTTPS address")
		}
		account := accountOf(hook.Credentials)
		aimed[account] = append(aimed[account], hook)
	}
	return aimed, nil
}

// Listening tells whether anybody wants the account's events: without, there is
// no need to make one.
func (tx *Tx) Listening() bool { return len(tx.sim.targets[tx.Account]) > 0 }

// Emit has an event delivered to every endpoint of the account, once the
// transaction is committed and with what the webhook faults make of it. An event
// without an endpoint is forgotten.
func (tx *Tx) Emit(e Event) error {
	if !tx.Listening() {
		return nil
	}
	seq := tx.sim.seq.next()
	if err := tx.exec(`INSERT INTO events (seq, account, id, type, body) VALUES (?, ?, ?, ?, ?)`, seq, tx.Account, e.ID, e.Type, e.Body); err != nil {
		return err
	}
	for endpoint := range tx.sim.targets[tx.Account] {
		if err := tx.schedule(seq, endpoint); err != nil {
			return err
		}
	}
	tx.committed(tx.sim.deliveries.wake)
	return nil
}

// schedule puts an event's delivery to an endpoint into the outbox.
func (tx *Tx) schedule(event int64, endpoint int) error {
	const insert = `INSERT INTO outbox (event, endpoint, copy, attempts, due) VALUES (?, ?, ?, ?, ?)`
	fate := tx.sim.webhooks.Next()
	due := event + fate.Delay.Microseconds()
	if fate.Again > 0 {
		if err := tx.exec(insert, event, endpoint, 1, 0, due+fate.Again.Microseconds()); err != nil {
			return err
		}
	}
	if fate.Drop {
		return tx.exec(insert, event, endpoint, 0, 1, due+retryAfter[0].Microseconds())
	}
	return tx.exec(insert, event, endpoint, 0, 0, due)
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
