package stripe

import (
	"context"
	"errors"
	"time"

	"github.com/stripe/stripe-go/v76"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

const (
	pageSize = 100
	// maxPages bounds the reading of a list.
	maxPages = 20
	// clockSkew is how far Stripe's clock may be behind ours.
	clockSkew = 5 * time.Minute
	// searchLag is when Stripe's search index is certain to show a payment; it
	// says "less than a minute" under normal conditions.
	searchLag = 10 * time.Minute
)

// Lookup implements gateway.Gateway. A payment whose reference is not known is
// looked for by our transaction id.
func (a *Adapter) Lookup(ctx context.Context, l gateway.Lookup) (o payment.Outcome) {
	defer a.logged("lookup "+string(l.Kind), l.Call, time.Now(), &o)
	if l.Kind == payment.RefundOfSale {
		return a.findRefund(ctx, l.Call)
	}
	reference := l.GatewayReference
	if reference == "" && authorizing(l.Kind) {
		if reference, o = a.findIntent(ctx, l.Call); reference == "" {
			return o
		}
	}
	if reference == "" {
		return payment.Unknown("the payment's reference at Stripe is not known")
	}
	intent, o := a.retrieve(ctx, l.Call, reference)
	if intent == nil {
		return o
	}
	return ofIntent(intent, l)
}

func authorizing(kind payment.TransactionKind) bool {
	return kind == payment.Authorization || kind == payment.Sale
}

// ofIntent reads what became of a transaction from its PaymentIntent, whose
// metadata names the authorization or sale, also for a capture or void.
func ofIntent(intent *stripe.PaymentIntent, l gateway.Lookup) payment.Outcome {
	switch {
	case l.Kind == payment.Capture:
		return ofCapture(intent, l.Call)
	case l.Kind == payment.Void:
		return ofVoid(intent, l.Call)
	case intent.Metadata[metaTransaction] != l.TransactionID:
		return refer(payment.Unknown("Stripe's payment carries another transaction id than ours"), intent)
	default:
		return ofAuthorization(intent, l.Call, l.Kind)
	}
}

// retrieve reads a payment; without one, the outcome says why.
func (a *Adapter) retrieve(ctx context.Context, c gateway.Call, reference string) (*stripe.PaymentIntent, payment.Outcome) {
	call := a.begin(ctx)
	defer call.cancel()
	intent, err := a.api.PaymentIntents.Get(reference, &stripe.PaymentIntentParams{
		Params: stripe.Params{Context: call.ctx}, Expand: intentExpansion(),
	})
	if err != nil {
		return nil, unread(c, call, err)
	}
	return intent, payment.Outcome{}
}

// unread is the outcome of a read that failed: nothing is known from it.
func unread(c gateway.Call, at call, err error) payment.Outcome {
	o := payment.Unknown("look-up failed: " + unreadBecause(at, err))
	o.GatewayReference = c.GatewayReference
	return o
}

// unreadBecause says for operators why a read failed.
func unreadBecause(at call, err error) string {
	var answer *stripe.Error
	if errors.As(err, &answer) {
		return described(answer)
	}
	return silence(at, err)
}

// findIntent looks for the PaymentIntent of an authorization or sale. What
// Stripe's search finds is there, but its index lags: what it does not find may
// be there. The list shows every payment from the moment it exists, but on a
// busy account it is too long to be read to its end; then the search is
// believed once the payment is old enough to be in its index.
func (a *Adapter) findIntent(ctx context.Context, c gateway.Call) (reference string, o payment.Outcome) {
	if reference, o = a.searchIntent(ctx, c); reference != "" || o.Class == payment.OutcomeUnknown {
		return reference, o
	}
	reference, whole, o := a.listIntents(ctx, c)
	switch {
	case reference != "" || o.Class == payment.OutcomeUnknown:
		return reference, o
	case whole || time.Since(c.CreatedAt) > searchLag:
		return "", payment.Outcome{Class: payment.OutcomeAbsent}
	default:
		return "", payment.Unknown("not in Stripe's search index, which may lag, nor among its latest payments")
	}
}

// searchIntent asks Stripe's search index.
func (a *Adapter) searchIntent(ctx context.Context, c gateway.Call) (reference string, o payment.Outcome) {
	call := a.begin(ctx)
	defer call.cancel()
	found := a.api.PaymentIntents.Search(&stripe.PaymentIntentSearchParams{SearchParams: stripe.SearchParams{
		Context: call.ctx, Limit: stripe.Int64(1), Single: true,
		Query: "metadata['" + metaTransaction + "']:'" + c.TransactionID + "'",
	}})
	for found.Next() {
		if intent := found.PaymentIntent(); intent.Metadata[metaTransaction] == c.TransactionID {
			return intent.ID, payment.Outcome{}
		}
	}
	if err := found.Err(); err != nil {
		return "", unread(c, call, err)
	}
	return "", payment.Outcome{}
}

// listIntents reads the list of payments since the call was written down;
// whole says that it was read to its end.
func (a *Adapter) listIntents(ctx context.Context, c gateway.Call) (reference string, whole bool, o payment.Outcome) {
	since := c.CreatedAt.Add(-clockSkew).Unix()
	last := ""
	for range maxPages {
		call := a.begin(ctx)
		page := a.api.PaymentIntents.List(&stripe.PaymentIntentListParams{
			ListParams:   listParams(call, last),
			CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since},
		})
		for page.Next() {
			intent := page.PaymentIntent()
			if intent.Metadata[metaTransaction] == c.TransactionID {
				call.cancel()
				return intent.ID, false, payment.Outcome{}
			}
			last = intent.ID
		}
		call.cancel()
		if err := page.Err(); err != nil {
			return "", false, unread(c, call, err)
		}
		if !page.PaymentIntentList().HasMore {
			return "", true, payment.Outcome{}
		}
	}
	return "", false, payment.Outcome{}
}

// findRefund searches for the refund among those of the payment.
func (a *Adapter) findRefund(ctx context.Context, c gateway.Call) payment.Outcome {
	if c.GatewayReference == "" {
		return payment.Unknown("the payment's reference at Stripe is not known")
	}
	last := ""
	for range maxPages {
		call := a.begin(ctx)
		page := a.api.Refunds.List(&stripe.RefundListParams{
			ListParams: listParams(call, last), PaymentIntent: stripe.String(c.GatewayReference),
		})
		for page.Next() {
			if refund := page.Refund(); refund.Metadata[metaTransaction] == c.TransactionID {
				call.cancel()
				return ofRefund(refund, c)
			}
			last = page.Refund().ID
		}
		call.cancel()
		if err := page.Err(); err != nil {
			return unread(c, call, err)
		}
		if !page.RefundList().HasMore {
			return payment.Outcome{Class: payment.OutcomeAbsent, GatewayReference: c.GatewayReference}
		}
	}
	return payment.Unknown("look-up ended early: too many refunds of this payment")
}

// listParams asks for one page after the object last.
func listParams(at call, last string) stripe.ListParams {
	return stripe.ListParams{Context: at.ctx, Limit: stripe.Int64(pageSize), Single: true, StartingAfter: given(last)}
}
