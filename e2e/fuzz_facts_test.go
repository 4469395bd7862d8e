package e2e

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/api/openapi/conform"
	"paymenthub/api/openapi/generate"
)

// fuzz sends generated requests to a hub, as a merchant of its own.
type fuzz struct {
	hub       *hub
	shop      shop
	generator *generate.Generator

	refused stock // what faulty requests are about; nothing may happen to it
	hostile stock // what hostile ones are about; anything allowed may happen to it

	mu      sync.Mutex
	callers map[string]*testing.T // the test of each operation, for objects made on the way
}

// stock is one object in each state that an operation asks for.
type stock struct{ open, held, paid, refund, dispute, event, entry string }

func newFuzz(t *testing.T, h *hub) *fuzz {
	t.Helper()
	f := &fuzz{hub: h, shop: newShop(t, h), callers: map[string]*testing.T{}}
	f.refused, f.hostile = f.newStock(t), f.newStock(t)
	facts := generate.Facts{Key: f.shop.key, Known: f.known, Settle: settle, Signed: []string{"receiveNotification"}}
	f.generator = generate.New(conform.Document(t), facts, fuzzSeed, fuzzValid, fuzzHostile)
	return f
}

func (f *fuzz) newStock(t *testing.T) stock {
	t.Helper()
	paid := f.shop.paid(t, 100_000)
	r := f.shop.settled(t, f.shop.post(t, refunds, object{"intent_id": paid.ID, "amount": 1}).refund(t).ID)
	entries := read[list[entry]](t, f.shop.get(t, "/v3/ledger/entries?intent_id="+paid.ID), 200).Data
	require.NotEmpty(t, entries)
	return stock{
		open: f.shop.create(t, nil).ID, held: f.shop.authorized(t, 100_000).ID, paid: paid.ID,
		refund: r.ID, dispute: f.shop.disputed(t), event: f.shop.eventsOf(t, paid.ID)[0].ID, entry: entries[0].ID,
	}
}

// untouched is how the objects look that faulty requests are about.
func (f *fuzz) untouched(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, path := range []string{
		intents + "/" + f.refused.open, intents + "/" + f.refused.held, intents + "/" + f.refused.paid,
		refunds + "/" + f.refused.refund, disputes + "/" + f.refused.dispute, events + "/" + f.refused.event,
	} {
		all = append(all, string(f.shop.get(t, path).raw))
	}
	return all
}

func (f *fuzz) current(operation string, t *testing.T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.callers[operation] = t
}

// known says what the document says in prose alone, and which objects there
// are. An operation that is added to the document is served by its schemas; it
// needs a line here when those let through what the hub refuses, or when its
// path names an object that must be in a certain state.
func (f *fuzz) known(p generate.Place) (any, bool) {
	if v, ok := f.named(p); ok {
		return v, true
	}
	choose := func(from ...any) (any, bool) { return from[p.Random.IntN(len(from))], true }
	switch p.Name {
	case "currency":
		return choose("AED", "aed", "USD", "Eur", "JPY", "KWD")
	case "customer_id", "settlement_currency", "client_secret":
		return nil, p.In == "body" // there are no customers, and no conversion
	case "routing":
		return choose("auto", "stripe")
	case "return_url":
		return choose("https://shop.example/", "https://shop.example:8443/a?b=c&d=%20#e", "http://127.0.0.1:9/back", "https://xn--bcher-kva.example/")
	case "statement_descriptor":
		return choose("SHOP EXAMPLE", "abcde", "Bücher & Mehr", "0123456789 ABCDEFGHIJK")
	case "payment_method.card.number":
		return choose(visa, mastercard, "4242 4242 4242 4242", "5555-5555-5555-4444")
	case "payment_method.card.exp_year":
		return 2040 + p.Random.IntN(20), true
	case "payment_method.card.cvc":
		return choose("123", "000")
	case "amount":
		if p.Operation != "createIntent" {
			return 1 + p.Random.IntN(1000), true
		}
		return choose(1_000, 999, 50_000, 99_999_999)
	case "created[gte]":
		return choose("0", "1700000000", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00.5+05:30")
	case "created[lt]":
		return choose("253402300799", "9999-12-31T23:59:59Z", "2100-02-28T00:00:00-11:00")
	}
	return nil, false
}

// named returns the object that a request is about: one in the state that it
// asks for, a new one for a request that is to succeed.
func (f *fuzz) named(p generate.Place) (any, bool) {
	if p.Name == "starting_after" || p.Name == "ending_before" { // one of both
		last := p.Operation == "listEvents" || p.Operation == "listEntries"
		if last != (p.Name == "ending_before") {
			return nil, true
		}
	}
	var of func(stock) string
	switch p.Operation + " " + p.Name {
	case "receiveNotification gateway":
		return "stripe", true
	case "receiveNotification account":
		return []string{"sandbox", "live"}[p.Random.IntN(2)], true
	case "confirmIntent id", "cancelIntent id":
		of = func(s stock) string { return s.open }
	case "captureIntent id":
		of = func(s stock) string { return s.held }
	case "getIntent id", "returnFromAction payment_id", "createRefund intent_id", "listIntents starting_after", "listEvents object_id", "listRefunds intent_id", "listDisputes intent_id", "listEntries intent_id":
		of = func(s stock) string { return s.paid }
	case "getRefund id", "listRefunds starting_after":
		of = func(s stock) string { return s.refund }
	case "getDispute id", "listDisputes starting_after":
		of = func(s stock) string { return s.dispute }
	case "getEvent id", "listEvents ending_before":
		of = func(s stock) string { return s.event }
	case "listEntries ending_before":
		of = func(s stock) string { return s.entry }
	default:
		return nil, false
	}
	switch {
	case p.Class == generate.Hostile:
		return of(f.hostile), true
	case p.Class == generate.Faulty:
		return of(f.refused), true
	}
	return f.fresh(p.Operation, of), true
}

// fresh returns an object that a valid request may change.
func (f *fuzz) fresh(operation string, of func(stock) string) string {
	f.mu.Lock()
	t := f.callers[operation]
	f.mu.Unlock()
	switch operation {
	case "confirmIntent", "cancelIntent":
		return f.shop.create(t, object{"amount": 5_000}).ID
	case "captureIntent":
		return f.shop.authorized(t, 5_000).ID
	case "createRefund":
		return f.shop.paid(t, 5_000).ID
	}
	return of(f.refused)
}

// settle makes fields agree of which the document says in prose that they must.
func settle(operation string, body generate.Object) {
	if operation != "createIntent" {
		return
	}
	if body.Text("payment_method") == "null" {
		body.Set("payment_method", nil)
	}
	if body.Has("payment_method") {
		body.Set("confirm", true)
	} else if body.Text("confirm") == "true" {
		body.Set("confirm", false)
	}
}
