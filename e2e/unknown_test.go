package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// impatient hubs give a provider a second to answer. On a busy machine any call may take
// longer: what a test must have made there is resolved before it is used.
var impatient = []string{"PAYMENTHUB_GATEWAYS_TIMEOUT=1s"}

// patient ones give it as long as they can and still say in time that they do not know:
// after 9 s they would make a call again under its key.
var patient = []string{"PAYMENTHUB_GATEWAYS_TIMEOUT=4s"}

// held makes a payment whose amount is held, at an impatient hub.
func (s shop) held(t testing.TB, amount int64) intent {
	t.Helper()
	p := s.resolved(t, s.pay(t, visa, object{"amount": amount, "capture_method": "manual"}).intent(t).ID)
	require.Equal(t, "requires_capture", p.Status)
	return p
}

// taken makes a payment that succeeds, at an impatient hub.
func (s shop) taken(t testing.TB, amount int64) intent {
	t.Helper()
	p := s.resolved(t, s.pay(t, visa, object{"amount": amount}).intent(t).ID)
	require.Equal(t, "succeeded", p.Status)
	return p
}

// heldBefore makes as many of them as unknown may need for each way to lose a call.
func (s shop) heldBefore(t testing.TB, amount int64) (held pool) {
	t.Helper()
	for range len(lost) + strikes {
		held = append(held, s.held(t, amount))
	}
	return held
}

// fault asks the simulator for one fault of an operation.
func (h *hub) fault(t testing.TB, operation, kind string) {
	t.Helper()
	a := h.simulator(t, http.MethodPost, "/_sim/faults", object{"operation": operation, "fault": kind, "count": 1})
	require.Equal(t, http.StatusCreated, a.status, "%s", a.raw)
}

// deafen keeps the hub from finding out what became of calls that were lost, until hear:
// it cannot look them up, and so sends nothing again that could meet a fault meant for
// another call, and the provider's webhooks are late.
func (h *hub) deafen(t testing.TB) (hear func()) {
	t.Helper()
	for _, read := range []string{"retrieve", "search", "list"} {
		a := h.simulator(t, http.MethodPost, "/_sim/faults", object{"operation": read, "fault": "http_500", "count": 1000})
		require.Equal(t, http.StatusCreated, a.status, "%s", a.raw)
	}
	a := h.simulator(t, http.MethodPost, "/_sim/webhooks", object{"seed": 1, "delay_percent": 100, "delay_ms": 60_000})
	require.Equal(t, http.StatusOK, a.status, "%s", a.raw)
	return func() {
		t.Helper()
		h.clearFaults(t)
		require.Equal(t, http.StatusNoContent, h.simulator(t, http.MethodDelete, "/_sim/webhooks", nil).status)
	}
}

// unknown makes payments by calls that meet a fault until the outcome of one is not known,
// and returns that one. On a machine that stands still for seconds Temporal has a call made
// once more, which is answered.
func (h *hub) unknown(t testing.TB, operation, kind string, try func() answer) intent {
	t.Helper()
	var a answer
	for range strikes {
		h.fault(t, operation, kind)
		if a = try(); a.status != http.StatusOK {
			continue
		}
		if p := a.intent(t); p.Status == "processing" {
			return p
		}
	}
	require.Fail(t, "never a guess", "%s: %s", kind, a.raw)
	return intent{}
}

// pool are payments to be used up one after the other.
type pool []intent

func (p *pool) next() string {
	first := (*p)[0]
	*p = (*p)[1:]
	return first.ID
}

// lost are the ways in which a call to the provider ends without an answer that
// says what happened.
var lost = []string{"timeout_after", "reset_after", "timeout_before", "reset_before", "http_500"}

func TestUnknownAuthorizationEndsWithOneCharge(t *testing.T) {
	onOwn(t, impatient, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		type waiting struct {
			kind, want string
			intent
		}
		var all []waiting
		hear := h.deafen(t)
		for _, kind := range lost {
			p := h.unknown(t, "create_payment_intent", kind, func() answer { return s.pay(t, visa, object{"metadata": object{"fault": kind}}) })
			all = append(all, waiting{kind, "succeeded", p})
		}
		manual := h.unknown(t, "confirm", "timeout_after", func() answer { return s.pay(t, visa, object{"capture_method": "manual"}) })
		confirmed := h.unknown(t, "confirm", "reset_after", func() answer { return s.confirm(t, s.create(t, nil).ID, with(visa)) })
		all = append(all, waiting{"manual", "requires_capture", manual}, waiting{"confirm", "succeeded", confirmed})

		for _, w := range all {
			for name, a := range map[string]answer{"cancel": s.cancel(t, w.ID, nil), "confirm": s.confirm(t, w.ID, with(visa))} {
				if a.status != http.StatusConflict {
					t.Errorf("%s while the outcome of %s is unknown: %s", name, w.kind, a.raw)
				}
			}
		}
		hear()
		for _, w := range all {
			require.Equal(t, w.want, s.resolved(t, w.ID).Status, w.kind)
			require.Equal(t, int64(12000), h.onlyCharge(t, w.ID).Amount, w.kind)
			require.Len(t, s.intent(t, w.ID).Attempts, 1, w.kind)
			if w.want == "succeeded" {
				require.Equal(t, sold(12000, 0), s.books(t, w.ID), w.kind)
				require.Equal(t, []string{"payment_intent.created", "payment_intent.succeeded"}, s.told(t, w.ID), w.kind)
			} else {
				require.Equal(t, held(12000), s.books(t, w.ID), w.kind)
			}
		}
	})
}

func TestDeclineWhoseAnswerWasLostIsFound(t *testing.T) {
	onOwn(t, patient, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		hear := h.deafen(t)
		p := h.unknown(t, "create_payment_intent", "timeout_after", func() answer { return s.pay(t, noFunds, nil) })
		q := h.unknown(t, "create_payment_intent", "reset_after", func() answer { return s.pay(t, threeDS, object{"return_url": thanks}) })
		hear()

		got := s.resolved(t, p.ID)
		require.Equal(t, "requires_payment_method", got.Status)
		require.Equal(t, "insufficient_funds", got.LastError.DeclineCode)
		h.requireNoCharge(t, p.ID)
		require.Equal(t, "succeeded", s.confirm(t, p.ID, with(visa)).intent(t).Status)
		h.onlyCharge(t, p.ID)

		got = s.resolved(t, q.ID)
		require.Equal(t, "requires_action", got.Status, "the shopper's challenge is found as well")
		requireSentTo(t, comeBack(t, h, got, answerChallenge(t, h, got, "approve")), q, "succeeded")
		h.onlyCharge(t, q.ID)
	})
}

func TestProviderThatIsBusyOrSlowIsNoMystery(t *testing.T) {
	onOwn(t, nil, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		h.fault(t, "create_payment_intent", "http_429")
		f := s.pay(t, visa, nil).failure(t, http.StatusPaymentRequired, "payment_failed")
		require.Equal(t, []string{"gateway_unavailable", "try_again_later"}, []string{f.DeclineCode, f.Advice})
		h.requireNoCharge(t, f.Intent.ID)
		require.Equal(t, "succeeded", s.confirm(t, f.Intent.ID, with(visa)).intent(t).Status)
		h.onlyCharge(t, f.Intent.ID)

		slow := object{"operation": "*", "fault": "slow", "count": 1, "delay_ms": 300}
		require.Equal(t, http.StatusCreated, h.simulator(t, http.MethodPost, "/_sim/faults", slow).status)
		p := s.paid(t, 500)
		h.onlyCharge(t, p.ID)
	})
}

func TestUnknownCaptureTakesTheMoneyOnce(t *testing.T) {
	onOwn(t, impatient, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		held := s.heldBefore(t, 5000)
		hear := h.deafen(t)
		var all []intent
		for _, kind := range lost {
			all = append(all, h.unknown(t, "capture", kind, func() answer { return s.capture(t, held.next(), object{"amount": 4000}) }))
		}
		hear()
		for i, kind := range lost {
			p := s.resolved(t, all[i].ID)
			require.Equal(t, []any{"succeeded", int64(4000)}, []any{p.Status, p.AmountCaptured}, kind)
			require.Equal(t, int64(4000), h.onlyCharge(t, p.ID).AmountCaptured, kind)
			require.Equal(t, sold(4000, 0), s.books(t, p.ID), kind)
		}
	})
}

func TestUnknownVoidReleasesTheHold(t *testing.T) {
	onOwn(t, impatient, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		held := s.heldBefore(t, 5000)
		hear := h.deafen(t)
		var all []intent
		for _, kind := range lost {
			all = append(all, h.unknown(t, "cancel", kind, func() answer { return s.cancel(t, held.next(), nil) }))
		}
		hear()
		for i, kind := range lost {
			require.Equal(t, "canceled", s.resolved(t, all[i].ID).Status, kind)
			require.Equal(t, "voided", h.onlyCharge(t, all[i].ID).Status, kind)
			require.Empty(t, s.books(t, all[i].ID), kind)
		}
	})
}

func TestUnknownRefundIsGivenOnce(t *testing.T) {
	onOwn(t, impatient, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		p := s.taken(t, 5000)
		var all []refund
		for _, kind := range lost {
			h.fault(t, "refund", kind)
			r := s.post(t, refunds, object{"intent_id": p.ID, "amount": 900}).refund(t)
			all = append(all, r)
			faults := func() bool {
				return string(h.simulator(t, http.MethodGet, "/_sim/faults", nil).raw) == "{\"faults\":[]}\n"
			}
			await(t, settleLimit, "the fault "+kind+" is met", faults)
		}
		for i, kind := range lost {
			require.Equal(t, "succeeded", s.settled(t, all[i].ID).Status, kind)
			require.Len(t, h.givenBack(t)[all[i].ID], 1, kind)
			require.Equal(t, []string{"refund.created", "refund.completed"}, s.told(t, all[i].ID), kind)
		}
		requireRefunded(t, s, p.ID, 5000, 4500, "partially_refunded")
	})
}
