package gatewaytest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// watch passes calls on and fails the test when an answer or an error holds card
// data. It completes payments where the gateway does.
func watch(t *testing.T, g gateway.Gateway, cards []vault.Card) gateway.Gateway {
	w := watched{t, g, cards}
	if completer, ok := g.(gateway.Completer); ok {
		return watchedCompleter{w, completer}
	}
	return w
}

type watchedCompleter struct {
	watched
	completer gateway.Completer
}

func (w watchedCompleter) Complete(ctx context.Context, c gateway.Completion) payment.Outcome {
	return w.check(w.completer.Complete(ctx, c))
}

type watched struct {
	t     *testing.T
	next  gateway.Gateway
	cards []vault.Card
}

func (w watched) Provider() string                   { return w.next.Provider() }
func (w watched) Capabilities() gateway.Capabilities { return w.next.Capabilities() }

func (w watched) Probe(ctx context.Context) (string, error) {
	id, err := w.next.Probe(ctx)
	w.inspect(nil, err)
	return id, err
}

func (w watched) Authorize(ctx context.Context, a gateway.Authorization) payment.Outcome {
	return w.check(w.next.Authorize(ctx, a))
}

func (w watched) Capture(ctx context.Context, c gateway.Call) payment.Outcome {
	return w.check(w.next.Capture(ctx, c))
}

func (w watched) Void(ctx context.Context, c gateway.Call) payment.Outcome {
	return w.check(w.next.Void(ctx, c))
}

func (w watched) Refund(ctx context.Context, r gateway.Refund) payment.Outcome {
	return w.check(w.next.Refund(ctx, r))
}

func (w watched) StoreMethod(ctx context.Context, s gateway.Storage) payment.Outcome {
	return w.check(w.next.StoreMethod(ctx, s))
}

func (w watched) FindMethod(ctx context.Context, l gateway.MethodLookup) payment.Outcome {
	return w.check(w.next.FindMethod(ctx, l))
}

func (w watched) DetachMethod(ctx context.Context, d gateway.Detachment) payment.Outcome {
	return w.check(w.next.DetachMethod(ctx, d))
}

func (w watched) Lookup(ctx context.Context, l gateway.Lookup) payment.Outcome {
	return w.check(w.next.Lookup(ctx, l))
}

func (w watched) Dispute(ctx context.Context, d gateway.DisputeLookup) (payment.DisputeReport, error) {
	report, err := w.next.Dispute(ctx, d)
	w.inspect(report, err)
	return report, err
}

func (w watched) ReadNotification(header http.Header, body []byte, now time.Time) (payment.Notice, error) {
	notice, err := w.next.ReadNotification(header, body, now)
	w.inspect(notice, err)
	return notice, err
}

func (w watched) Conclude(body []byte, l gateway.Lookup) payment.Outcome {
	return w.check(w.next.Conclude(body, l))
}

func (w watched) check(o payment.Outcome) payment.Outcome {
	w.t.Helper()
	w.inspect(o, nil)
	return o
}

func (w watched) inspect(answer any, failure error) {
	w.t.Helper()
	text, err := json.Marshal(answer)
	assert.NoError(w.t, err)
	AssertNoCard(w.t, string(text)+" "+fmt.Sprint(failure), w.cards...)
}

// AssertNoCard fails the test when text holds a card's number anywhere, or its
// security code as a word of its own.
func AssertNoCard(t *testing.T, text string, cards ...vault.Card) {
	t.Helper()
	for _, card := range cards {
		if number := card.Number.Reveal(); number != "" {
			assert.NotContains(t, text, number, "a card number got out")
		}
		if cvc := card.CVC.Reveal(); cvc != "" {
			assert.NotRegexp(t, regexp.MustCompile(`\b`+regexp.QuoteMeta(cvc)+`\b`), text, "a security code got out")
		}
	}
}
