package api_test

import (
	"context"

	"paymenthub/internal/event"
	"paymenthub/internal/fault"
	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
)

// books answers for events and the ledger.
type books struct {
	events  []event.Event
	entries []ledger.PostedEntry
}

func (b *books) FindEvent(_ context.Context, scope merchant.Scope, eventID string) (event.Event, error) {
	for _, e := range b.events {
		if e.ID == eventID && e.Scope == scope {
			return e, nil
		}
	}
	return event.Event{}, fault.New(fault.NotFound, "There is no such event.")
}

func (b *books) ListEvents(context.Context, merchant.Scope, event.Filter) ([]event.Event, bool, error) {
	return b.events, false, nil
}

func (b *books) Balances(context.Context, merchant.Scope) ([]ledger.Balance, error) {
	return []ledger.Balance{{Account: ledger.Sales, Currency: "AED", Amount: -12000}}, nil
}

func (b *books) Entries(context.Context, merchant.Scope, ledger.EntryFilter) ([]ledger.PostedEntry, bool, error) {
	return b.entries, false, nil
}
