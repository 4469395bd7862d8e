package stripe

import (
	"fmt"
	"strings"
)

// event is something that happened in a transaction, with the object as it was
// right then.
type event struct {
	kind   string
	object []byte
}

// listening tells whether any webhook endpoint wants the account's events.
// Without one there are none: a payment would spend a third of its time on
// writing them.
func (tx *transaction) listening() bool { return tx.call.sim.targets.listening(tx.call.account) }

// emit records an event, to be written with everything else of the transaction.
func (tx *transaction) emit(kind string, object []byte) {
	if tx.listening() {
		tx.events = append(tx.events, event{kind, object})
	}
}

// flushEvents writes the events and what is to be delivered of them.
func (tx *transaction) flushEvents() error {
	if len(tx.events) == 0 {
		return nil
	}
	c := tx.call
	endpoints := c.sim.targets.of(c.account)
	// Both are null for what the simulator does by itself.
	request := fmt.Appendf(nil, `{"id":%s,"idempotency_key":%s}`, mustMarshal(optional(c.requestID)), mustMarshal(optional(c.idempotencyKey)))
	args := make([]any, 0, 4*len(tx.events))
	deliver := false
	for _, e := range tx.events {
		seq := c.sim.seq.next()
		var pending int
		for _, endpoint := range endpoints {
			if !endpoint.wants(e.kind) {
				continue
			}
			pending++
			deliver = true
			if err := tx.schedule(seq, endpoint); err != nil {
				return err
			}
		}
		doc := fmt.Appendf(make([]byte, 0, len(e.object)+300),
			`{"id":"%s","object":"event","api_version":"%s","created":%d,"data":{"object":%s},"livemode":false,"pending_webhooks":%d,"request":%s,"type":"%s"}`,
			newID("evt_", seq), apiVersion, seconds(seq), e.object, pending, request, e.kind)
		args = append(args, seq, c.account, e.kind, doc)
	}
	if deliver {
		tx.committed(c.sim.deliveries.wake)
	}
	return tx.exec(`INSERT INTO events (seq, account, type, doc) VALUES (?, ?, ?, ?)`+strings.Repeat(`, (?, ?, ?, ?)`, len(tx.events)-1), args...)
}

func getEvent(c *call, q querier) ([]byte, error) {
	id := c.r.PathValue("id")
	doc, err := find(q, c.account, "events", "evt_", id)
	if err == nil && doc == nil {
		err = missing("event", id, "id")
	}
	return doc, err
}

func listEvents(c *call, q querier) ([]byte, error) {
	kinds := c.form.list("types")
	if kind := c.form.optional("type"); kind != nil {
		kinds = append(kinds, *kind)
	}
	return c.list(q, listing{table: "events", prefix: "evt_", url: "/v1/events", kinds: kinds})
}
