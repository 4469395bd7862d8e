package gatewaytest

import (
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// Webhook is one webhook as the provider sent it.
type Webhook struct {
	Header     http.Header
	Body       []byte
	ReceivedAt time.Time
}

// Inbox is where the provider under test sends the webhooks of the account. Its
// zero value is ready for use.
type Inbox struct {
	mu       sync.Mutex
	received []Webhook
}

// ServeHTTP keeps a webhook and answers 200.
func (i *Inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.received = append(i.received, Webhook{r.Header.Clone(), body, time.Now()})
}

// after returns the webhooks after the first n.
func (i *Inbox) after(n int) []Webhook {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.received[n:len(i.received):len(i.received)]
}

// told is a webhook and what the adapter reads from it.
type told struct {
	Webhook
	payment.Notice
}

// listen reads the webhooks that have come.
func (b *bench) listen() {
	b.Helper()
	for _, w := range b.Inbox.after(b.read) {
		n, err := b.gateway.ReadNotification(w.Header, w.Body, w.ReceivedAt)
		require.NoError(b, err, "%s", w.Body)
		b.read++
		b.heard = append(b.heard, told{w, n})
	}
}

// hears waits until the provider has told something.
func (b *bench) hears(what string, is func(payment.Notice) bool) told {
	b.Helper()
	var found *told
	require.Eventually(b, func() bool {
		b.listen()
		for i := range b.heard {
			if is(b.heard[i].Notice) {
				found = &b.heard[i]
			}
		}
		return found != nil
	}, Patience, 10*time.Millisecond, "the provider did not tell: %s", what)
	require.NotEmpty(b, found.ID)
	require.NotEmpty(b, found.Type)
	require.WithinDuration(b, time.Now(), found.At, time.Minute)
	return *found
}

// hearsOf waits for the notice that the payment of c is in a state.
func (b *bench) hearsOf(c gateway.Call, o payment.Outcome, state payment.NoticeState) told {
	b.Helper()
	n := b.hears("payment "+string(state), func(n payment.Notice) bool {
		return n.Subject == payment.NoticeOfPayment && n.TransactionID == c.TransactionID && n.State == state
	})
	require.Equal(b, c.PaymentID, n.PaymentID)
	require.Equal(b, o.GatewayReference, n.GatewayReference)
	require.Equal(b, c.Amount, n.Amount)
	return n
}

// hearsOfRefund waits for the notice that a refund is in a state.
func (b *bench) hearsOfRefund(r gateway.Refund, state payment.NoticeState) told {
	b.Helper()
	n := b.hears("refund "+string(state), func(n payment.Notice) bool {
		return n.Subject == payment.NoticeOfRefund && n.TransactionID == r.TransactionID && n.State == state
	})
	require.Equal(b, r.PaymentID, n.PaymentID)
	require.Equal(b, r.RefundID, n.RefundID)
	require.Equal(b, r.GatewayReference, n.GatewayReference)
	require.Equal(b, r.Amount, n.Amount)
	return n
}

// settles: the webhook says how a transaction ended, as a look-up does where the
// provider can be asked.
func (b *bench) settles(w told, l gateway.Lookup) {
	b.Helper()
	said := b.gateway.Conclude(w.Body, l)
	require.True(b, said.Decided(), "%s of a %s: %+v", w.Type, l.Kind, said)
	if found, known := b.known(l); known {
		b.same(found, said)
	}
}

// known is what a look-up finds; nothing where the provider cannot be asked.
func (b *bench) known(l gateway.Lookup) (payment.Outcome, bool) {
	found := b.gateway.Lookup(b.Context(), l)
	return found, found.Decided() || b.gateway.Capabilities().RepeatedFor == 0
}

// contradictsNothing: whatever the provider told meanwhile, early or late,
// settles a transaction as a look-up does, or not at all.
func (b *bench) contradictsNothing(ls ...gateway.Lookup) {
	b.Helper()
	for _, l := range ls {
		found, known := b.known(l)
		for _, w := range b.heard {
			said := b.gateway.Conclude(w.Body, l)
			if !said.Decided() {
				b.is(payment.OutcomeUnknown, said)
				continue
			}
			if !known {
				found, known = said, true
			}
			b.same(found, said)
		}
	}
}

func (b *bench) same(found, said payment.Outcome) {
	b.Helper()
	require.Equal(b, found.Class, said.Class, "look-up %+v, webhook %+v", found, said)
	require.Equal(b, found.Amount, said.Amount)
	require.Equal(b, found.GatewayReference, said.GatewayReference)
	require.Equal(b, found.TransactionReference, said.TransactionReference)
	require.Equal(b, found.Decline, said.Decline)
}
