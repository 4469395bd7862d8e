package chassis

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	deliveryBatch   = 32
	deliveryTimeout = 10 * time.Second
)

// retryAfter are the pauses between attempts; after the last attempt an event
// is given up.
var retryAfter = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute}

// deliveries sends events to webhook endpoints, at least once each, from the
// outbox table: what a dead process had not delivered, the next one does.
type deliveries struct {
	*background
	sim    *Chassis
	client *http.Client
}

// parcel is one row of the outbox.
type parcel struct {
	event             int64
	endpoint, copy    int
	account           string
	attempts          int
	content           Event
	delivered, giveUp bool
}

func newDeliveries(sim *Chassis) *deliveries {
	return &deliveries{background: newBackground(), sim: sim, client: &http.Client{
		Timeout:       deliveryTimeout,
		Transport:     &http.Transport{MaxIdleConnsPerHost: deliveryBatch},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (d *deliveries) close() {
	d.background.close()
	d.client.CloseIdleConnections()
}

// deliver makes one round over what is due, and tells when the next is.
func (d *deliveries) deliver(ctx context.Context) time.Duration {
	due, err := d.due()
	if err == nil && len(due) > 0 {
		d.sendAll(ctx, due)
		if ctx.Err() != nil { // what was cut short is tried again by the next process
			return 0
		}
		if err = d.record(due); err == nil {
			return 0
		}
	}
	if err != nil {
		d.sim.log.Error("webhook outbox failed", zap.Error(err))
	}
	return d.sim.untilDue(`SELECT due FROM outbox ORDER BY due LIMIT 1`)
}

func (d *deliveries) due() ([]*parcel, error) {
	rows, err := d.sim.store.query(`SELECT o.event, o.endpoint, o.copy, o.attempts, e.account, e.id, e.type, e.body FROM outbox o
		JOIN events e ON e.seq = o.event WHERE o.due <= ? ORDER BY o.due LIMIT ?`, d.sim.now().UnixMicro(), deliveryBatch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var due []*parcel
	for rows.Next() {
		p := &parcel{}
		if err := rows.Scan(&p.event, &p.endpoint, &p.copy, &p.attempts, &p.account, &p.content.ID, &p.content.Type, &p.content.Body); err != nil {
			return nil, err
		}
		due = append(due, p)
	}
	return due, rows.Err()
}

func (d *deliveries) sendAll(ctx context.Context, due []*parcel) {
	var all sync.WaitGroup
	for _, p := range due {
		endpoints := d.sim.targets[p.account]
		if p.endpoint >= len(endpoints) {
			p.giveUp = true // the endpoint is gone
			continue
		}
		all.Go(func() { p.delivered = d.send(ctx, endpoints[p.endpoint], p.content) })
	}
	all.Wait()
}

// send posts an event, signed as the provider signs.
func (d *deliveries) send(ctx context.Context, to Webhook, content Event) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(content.Body))
	if err != nil {
		return false
	}
	d.sim.provider.Sign(r, Delivery{Event: content, At: d.sim.now(), Credentials: to.Credentials})
	response, err := d.client.Do(r)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 4<<10) // lets the connection be used again
	return response.StatusCode >= 200 && response.StatusCode < 300
}

// record takes what was delivered, or given up, out of the outbox.
func (d *deliveries) record(due []*parcel) error {
	return d.sim.store.update(func(conn *connection) error {
		for _, p := range due {
			var err error
			if p.delivered || p.giveUp || p.attempts >= len(retryAfter) {
				err = conn.exec(`DELETE FROM outbox WHERE event = ? AND endpoint = ? AND copy = ?`, p.event, p.endpoint, p.copy)
			} else {
				err = conn.exec(`UPDATE outbox SET attempts = ?, due = ? WHERE event = ? AND endpoint = ? AND copy = ?`, p.attempts+1,
					d.sim.now().Add(retryAfter[p.attempts]).UnixMicro(), p.event, p.endpoint, p.copy)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
