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
	*background
	sim    *Simulator
	client *http.Client
}

// delivery is one event on its way to one endpoint.
type delivery struct {
	event, endpoint, copy, account int64
	attempts                       int
	doc                            []byte
	delivered                      bool
}

func startDeliveries(sim *Simulator) *deliveries {
	d := &deliveries{sim: sim, client: &http.Client{
		Timeout:       deliveryTimeout,
		Transport:     &http.Transport{MaxIdleConnsPerHost: deliveryBatch},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	d.background = sim.startBackground(d.deliver)
	return d
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
