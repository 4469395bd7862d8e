package mollie

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/VictorAvelar/mollie-api-go/v4/mollie"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

const (
	// pageSize is the most that Mollie gives at once.
	// Source: docs.mollie.com/reference/pagination.
	pageSize = 250
	// maxPages bounds the reading of a list.
	maxPages = 20
	// clockSkew is how far Mollie's clock may be behind ours.
	clockSkew = 5 * time.Minute
)

// Lookup implements gateway.Gateway. A payment whose reference is not known is
// looked for by our transaction id.
func (a *Adapter) Lookup(ctx context.Context, l gateway.Lookup) (o payment.Outcome) {
	defer a.logged("lookup "+string(l.Kind), l.Call, time.Now(), &o)
	if l.Kind == payment.RefundOfSale {
		return a.findRefund(ctx, l.Call)
	}
	if l.GatewayReference == "" && (l.Kind == payment.Sale || l.Kind == payment.Authorization) {
		return a.findPayment(ctx, l)
	}
	p, o := a.retrieve(ctx, l.Call)
	if p == nil {
		return o
	}
	return ofPayment(p, l)
}

// retrieve reads a payment; without one, the outcome says why.
func (a *Adapter) retrieve(ctx context.Context, c gateway.Call) (*mollie.Payment, payment.Outcome) {
	if !isWord(c.GatewayReference) {
		return nil, payment.Unknown("the payment's reference at Mollie is not known")
	}
	at := a.begin(ctx)
	defer at.cancel()
	var p mollie.Payment
	if err := a.exchange(at, http.MethodGet, paymentsPath+"/"+c.GatewayReference, "", nil, &p); err != nil {
		return nil, unread(c, at, err)
	}
	if p.ID != c.GatewayReference {
		return nil, payment.Unknown("the answer is not the payment that was asked for")
	}
	return &p, payment.Outcome{}
}

// findPayment looks for the payment of a sale among those since the call was written
// down, newest first: Mollie cannot search its metadata, and names these lists as the
// way to learn whether a lost request was carried out. On an account too busy for the
// list to be read that far, nothing is concluded.
// Source: docs.mollie.com/reference/api-idempotency.
func (a *Adapter) findPayment(ctx context.Context, l gateway.Lookup) payment.Outcome {
	since := l.CreatedAt.Add(-clockSkew)
	from := ""
	for range maxPages {
		listed, next, o := list[payments](ctx, a, l.Call, paymentsPath, from)
		if o.Class == payment.OutcomeUnknown {
			return o
		}
		for _, p := range listed.Payments {
			switch {
			case p == nil || p.CreatedAt == nil:
				return payment.Unknown("look-up failed: the list of payments cannot be read")
			case ours(p.Metadata, metaTransaction) == l.TransactionID:
				return ofPayment(p, l)
			case p.CreatedAt.Before(since):
				return payment.Outcome{Class: payment.OutcomeAbsent}
			}
		}
		if from = next; from == "" {
			return payment.Outcome{Class: payment.OutcomeAbsent}
		}
	}
	return payment.Unknown("look-up ended early: too many payments since")
}

// findRefund searches for the refund among those of the payment.
func (a *Adapter) findRefund(ctx context.Context, c gateway.Call) payment.Outcome {
	if !isWord(c.GatewayReference) {
		return payment.Unknown("the payment's reference at Mollie is not known")
	}
	from := ""
	for range maxPages {
		listed, next, o := list[refunds](ctx, a, c, refundsPath(c.GatewayReference), from)
		if o.Class == payment.OutcomeUnknown {
			return o
		}
		for _, r := range listed.Refunds {
			if r != nil && ours(r.Metadata, metaTransaction) == c.TransactionID {
				return ofRefund(r, c)
			}
		}
		if from = next; from == "" {
			return payment.Outcome{Class: payment.OutcomeAbsent, GatewayReference: c.GatewayReference}
		}
	}
	return payment.Unknown("look-up ended early: too many refunds of this payment")
}

type (
	payments struct {
		Payments []*mollie.Payment `json:"payments"`
	}
	refunds struct {
		Refunds []*mollie.Refund `json:"refunds"`
	}
)

// list reads one page of a list from the object from on, and names the object that
// the next page begins with, "" after the last. The outcome is unknown, and says why,
// when there is no page.
func list[T any](ctx context.Context, a *Adapter, c gateway.Call, path, from string) (listed T, next string, o payment.Outcome) {
	path += fmt.Sprintf("?limit=%d", pageSize)
	if from != "" {
		path += "&from=" + from
	}
	at := a.begin(ctx)
	defer at.cancel()
	var page struct {
		Count    *int `json:"count"` // missing from what is no list
		Embedded T    `json:"_embedded"`
		Links    struct {
			Next *mollie.URL `json:"next"`
		} `json:"_links"`
	}
	if err := a.exchange(at, http.MethodGet, path, "", nil, &page); err != nil {
		return listed, "", unread(c, at, err)
	}
	if page.Count == nil {
		return listed, "", payment.Unknown("look-up failed: the answer is not a list")
	}
	if page.Links.Next == nil {
		return page.Embedded, "", o
	}
	// Only the cursor is taken from the address: the call goes where the others go.
	address, err := url.Parse(page.Links.Next.Href)
	if err != nil || !isWord(address.Query().Get("from")) {
		return listed, "", payment.Unknown("look-up failed: the list does not say where it goes on")
	}
	return page.Embedded, address.Query().Get("from"), o
}
