package stripe

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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
	sim     *Simulator
	client  *http.Client
	wakeups chan struct{}
	stop    context.CancelFunc
	stopped chan struct{}
}

// delivery is one event on its way to one endpoint.
type delivery struct {
	event, endpoint, account int64
	attempts                 int
	doc                      []byte
	delivered                bool
}

func startDeliveries(sim *Simulator) *deliveries {
	ctx, stop := context.WithCancel(context.Background())
	d := &deliveries{
		sim: sim, wakeups: make(chan struct{}, 1), stop: stop, stopped: make(chan struct{}),
		client: &http.Client{
			Timeout:       deliveryTimeout,
			Transport:     &http.Transport{MaxIdleConnsPerHost: deliveryBatch},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	go d.run(ctx)
	return d
}

func (d *deliveries) close() {
	d.stop()
	<-d.stopped
	d.client.CloseIdleConnections()
}

// wake makes the sender look at the outbox now.
func (d *deliveries) wake() {
	select {
	case d.wakeups <- struct{}{}:
	default: // awake already
	}
}

func (d *deliveries) run(ctx context.Context) {
	defer close(d.stopped)
	for ctx.Err() == nil {
		due, err := d.due()
		if err == nil && len(due) > 0 {
			d.sendAll(ctx, due)
			if ctx.Err() == nil { // else what was cut short is tried again by the next process
				err = d.record(due)
			}
		}
		if err != nil {
			d.sim.log.Error("webhook outbox failed", zap.Error(err))
		}
		if err == nil && len(due) > 0 {
			continue
		}
		timer := time.NewTimer(d.untilNext())
		select {
		case <-ctx.Done():
		case <-d.wakeups:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// untilNext is the pause until the next retry, at most a minute.
func (d *deliveries) untilNext() time.Duration {
	const longest, shortest = time.Minute, 100 * time.Millisecond
	row, err := d.sim.store.queryRow(`SELECT due FROM deliveries ORDER BY due LIMIT 1`)
	if err != nil {
		return longest
	}
	var next int64
	if row.Scan(&next) != nil {
		return longest // nothing is waiting
	}
	return min(longest, max(shortest, time.UnixMicro(next).Sub(d.sim.now())))
}

func (d *deliveries) due() ([]*delivery, error) {
	rows, err := d.sim.store.query(`SELECT d.event, d.endpoint, d.attempts, e.account, e.doc FROM deliveries d
		JOIN events e ON e.seq = d.event WHERE d.due <= ? ORDER BY d.due LIMIT ?`, d.sim.now().UnixMicro(), deliveryBatch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var due []*delivery
	for rows.Next() {
		one := &delivery{}
		if err := rows.Scan(&one.event, &one.endpoint, &one.attempts, &one.account, &one.doc); err != nil {
			return nil, err
		}
		due = append(due, one)
	}
	return due, rows.Err()
}

func (d *deliveries) sendAll(ctx context.Context, due []*delivery) {
	var all sync.WaitGroup
	for _, one := range due {
		to, found := d.sim.targets.find(one.account, one.endpoint)
		if !found {
			one.attempts = len(retryAfter) // the endpoint is gone: give up
			continue
		}
		all.Go(func() { one.delivered = d.send(ctx, to, one.doc) })
	}
	all.Wait()
}

// send posts an event signed as Stripe signs: HMAC-SHA256 over "t.body".
func (d *deliveries) send(ctx context.Context, to target, body []byte) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	at := d.sim.now().Unix()
	mac := hmac.New(sha256.New, []byte(to.secret))
	fmt.Fprintf(mac, "%d.", at)
	mac.Write(body)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	r.Header.Set("Stripe-Signature", fmt.Sprintf("t=%d,v1=%s", at, hex.EncodeToString(mac.Sum(nil))))
	response, err := d.client.Do(r)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 4<<10) // lets the connection be used again
	return response.StatusCode >= 200 && response.StatusCode < 300
}

// record takes what was delivered, or given up, out of the outbox.
func (d *deliveries) record(due []*delivery) error {
	return d.sim.store.update(func(conn *connection) error {
		for _, one := range due {
			var err error
			if one.delivered || one.attempts >= len(retryAfter) {
				err = conn.exec(`DELETE FROM deliveries WHERE event = ? AND endpoint = ?`, one.event, one.endpoint)
			} else {
				err = conn.exec(`UPDATE deliveries SET attempts = ?, due = ? WHERE event = ? AND endpoint = ?`, one.attempts+1,
					d.sim.now().Add(retryAfter[one.attempts]).UnixMicro(), one.event, one.endpoint)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
