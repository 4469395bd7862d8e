package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// cutShort is a write whose hub is killed while the provider carries it out.
type cutShort struct {
	name, operation string
	path            string
	body            any
	paymentID       string // "" when the write makes the payment
	status, charged string // of the payment and its charge in the end
}

// TestHubKilledDuringAGatewayCallGoesOn kills the hub at the one moment that is
// hardest: the provider has acted and the hub has not heard of it.
func TestHubKilledDuringAGatewayCallGoesOn(t *testing.T) {
	t.Parallel()
	for name, retried := range map[string]bool{"the client sends it again": true, "the client is gone": false} {
		t.Run(name, func(t *testing.T) {
			onOwn(t, nil, func(t *testing.T, h *hub) {
				s := newShop(t, h)
				var all []cutShort
				for _, c := range callsToCut(t, s) {
					h.cut(t, s, c)
					all = append(all, c)
				}
				require.NoError(t, h.start())
				for i, c := range all {
					if retried {
						all[i].paymentID = s.again(t, c)
					}
				}
				made := s.payments(t)
				require.Len(t, made, len(all))
				for i := range all {
					c := all[i]
					if c.paymentID == "" {
						c.paymentID = made[0] // the newest: it was made last
					}
					require.Equal(t, c.status, s.resolvedOf(t, c).Status, c.name)
					require.Equal(t, c.charged, h.onlyCharge(t, c.paymentID).Status, c.name)
				}
				requireAgreement(t, s)
				h.verify(t)
			})
		})
	}
}

// callsToCut makes the payments that the calls are about. The one that makes a
// payment itself comes last.
func callsToCut(t *testing.T, s shop) []cutShort {
	t.Helper()
	fresh, held, given := s.create(t, nil).ID, s.authorized(t, 900).ID, s.authorized(t, 900).ID
	done := s.paid(t, 1000).ID
	return []cutShort{
		{"confirm", "confirm", intents + "/" + fresh + "/confirm", with(visa), fresh, "succeeded", "captured"},
		{"capture", "capture", intents + "/" + held + "/capture", object{"amount": 900}, held, "succeeded", "captured"},
		{"cancel", "cancel", intents + "/" + given + "/cancel", nil, given, "canceled", "voided"},
		{"refund", "refund", refunds, object{"intent_id": done, "amount": 1000}, done, "succeeded", "refunded"},
		{"create", "create_payment_intent", intents, order(paidWith(visa)), "", "succeeded", "captured"},
	}
}

// cut sends the write, and kills the hub when the provider has carried it out
// and not answered.
func (h *hub) cut(t *testing.T, s shop, c cutShort) {
	t.Helper()
	if h.process == nil || h.ended() {
		require.NoError(t, h.start())
	}
	h.fault(t, c.operation, "timeout_after")
	sent := make(chan error, 1)
	go func() {
		_, err := s.send(t, http.MethodPost, c.path, c.body, idempotent(c.name))
		sent <- err
	}()
	await(t, settleLimit, "the provider is asked to "+c.name, func() bool {
		return string(h.simulator(t, http.MethodGet, "/_sim/faults", nil).raw) == "{\"faults\":[]}\n"
	})
	await(t, settleLimit, "the provider has carried out "+c.name, func() bool {
		if c.paymentID == "" {
			ids := s.payments(t)
			return len(h.charges(t)[ids[0]]) == 1
		}
		made := h.charges(t)[c.paymentID]
		return len(made) == 1 && made[0].Status == c.charged
	})
	h.process.kill()
	if err := <-sent; err == nil {
		require.Equal(t, "refund", c.name, "only a refund is answered before the provider has")
	}
}

func (h *hub) ended() bool {
	select {
	case <-h.process.ended:
		return true
	default:
		return false
	}
}

// again sends the write again under its key until it is answered, and returns
// the payment's id.
func (s shop) again(t *testing.T, c cutShort) string {
	t.Helper()
	a := write{name: c.name, path: c.path, body: c.body}.again(t, s.client)
	if c.name == "refund" {
		return a.refund(t).IntentID
	}
	return a.intent(t).ID
}

// payments are the ids of the merchant's payments, newest first.
func (s shop) payments(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, p := range all(t, s.client, intents, nil, func(p intent) string { return p.ID }) {
		ids = append(ids, p.ID)
	}
	return ids
}

// resolvedOf waits until the payment and its refunds are no longer under way.
func (s shop) resolvedOf(t *testing.T, c cutShort) intent {
	t.Helper()
	if c.name == "refund" {
		for _, r := range all(t, s.client, refunds, nil, func(r refund) string { return r.ID }) {
			s.settled(t, r.ID)
		}
	}
	return s.resolved(t, c.paymentID)
}
