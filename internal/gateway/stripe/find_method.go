package stripe

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v76"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// FindMethod implements gateway.Gateway. The card carries our id of the method, and
// is attached to the customer whom the call named. Where it named none, it made one,
// whose id only Stripe may know: all that carry our id of the customer are asked for.
func (a *Adapter) FindMethod(ctx context.Context, l gateway.MethodLookup) (o payment.Outcome) {
	defer a.loggedMethod("find method", l.MethodCall, time.Now(), &o)
	if l.Save.CustomerReference != "" {
		return a.findAttached(ctx, l, l.Save.CustomerReference)
	}
	owners, o := a.searchCustomers(ctx, l)
	if o.Class == payment.OutcomeUnknown {
		return o
	}
	for _, owner := range owners {
		if o = a.findAttached(ctx, l, owner); o.Class != payment.OutcomeAbsent {
			return o
		}
	}
	if time.Since(l.CreatedAt) <= searchLag {
		return payment.Unknown("not with the customers in Stripe's search index, which may lag")
	}
	return payment.Outcome{Class: payment.OutcomeAbsent}
}

// searchCustomers asks Stripe's search index for all that are our customer.
func (a *Adapter) searchCustomers(ctx context.Context, l gateway.MethodLookup) (references []string, o payment.Outcome) {
	call := a.begin(ctx)
	defer call.cancel()
	found := a.api.Customers.Search(&stripe.CustomerSearchParams{SearchParams: stripe.SearchParams{
		Context: call.ctx, Limit: stripe.Int64(pageSize), Single: true,
		Query: "metadata['" + metaCustomer + "']:'" + l.Save.CustomerID + "'",
	}})
	for found.Next() {
		if one := found.Customer(); one.Metadata[metaCustomer] == l.Save.CustomerID {
			references = append(references, one.ID)
		}
	}
	switch {
	case found.Err() != nil:
		return nil, unread(callOf(l.MethodCall), call, found.Err())
	case found.CustomerSearchResult().HasMore:
		return nil, payment.Unknown("look-up ended early: too many customers are this one")
	default:
		return references, o
	}
}

// findAttached looks through the cards of a customer. One who was deleted has none.
func (a *Adapter) findAttached(ctx context.Context, l gateway.MethodLookup, owner string) payment.Outcome {
	last := ""
	for range maxPages {
		call := a.begin(ctx)
		page := a.api.Customers.ListPaymentMethods(&stripe.CustomerListPaymentMethodsParams{
			ListParams: listParams(call, last), Customer: &owner, Type: stripe.String(string(stripe.PaymentMethodTypeCard)),
		})
		for page.Next() {
			if method := page.PaymentMethod(); method.Metadata[metaMethod] == l.MethodID {
				call.cancel()
				return payment.Outcome{
					Class: payment.OutcomeSucceeded, Kept: &payment.Kept{CustomerReference: owner, MethodReference: method.ID},
				}
			}
			last = page.PaymentMethod().ID
		}
		call.cancel()
		switch err := page.Err(); {
		case answeredWith(err, http.StatusNotFound) && saysMissing(err):
			return payment.Outcome{Class: payment.OutcomeAbsent}
		case err != nil:
			return unread(callOf(l.MethodCall), call, err)
		case !page.PaymentMethodList().HasMore:
			return payment.Outcome{Class: payment.OutcomeAbsent}
		}
	}
	return payment.Unknown("look-up ended early: too many cards of this customer")
}

// saysMissing reports whether Stripe answered that there is no such object.
func saysMissing(err error) bool {
	var answer *stripe.Error
	return errors.As(err, &answer) && answer.Code == stripe.ErrorCodeResourceMissing
}
