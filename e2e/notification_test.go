package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The simulator's webhooks to a development hub, and what they are signed with.
const (
	webhookPath   = "/webhooks/stripe/sandbox"
	webhookSecret = "whsec_paymenthub_dev"
)

// Stripe's test cards whose refunds or charges have an afterlife.
const (
	refundsSettleLater = "4000000000007726"
	refundsFailLater   = "4000000000005126"
	disputed           = "4000000000002685"
)

// notify sends a webhook as Stripe would, signed with a secret at a time.
func (h *hub) notify(t testing.TB, body, secret string, at time.Time) int {
	t.Helper()
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return h.post(t, body, fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil))))
}

func (h *hub) post(t testing.TB, body, signature string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.API+webhookPath, bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	if signature != "" {
		req.Header.Set("Stripe-Signature", signature)
	}
	res, err := web.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
	return res.StatusCode
}

func intentEvent(eventID, intentID, paymentID, transactionID string, amount int64) string {
	return fmt.Sprintf(`{"id":%q,"object":"event","api_version":"2023-10-16","created":1767225600,"livemode":false,"type":"payment_intent.succeeded",
		"data":{"object":{"id":%q,"object":"payment_intent","amount":%d,"amount_received":%[3]d,"currency":"aed","status":"succeeded",
		"metadata":{"payment_id":%q,"transaction_id":%q}}}}`, eventID, intentID, amount, paymentID, transactionID)
}

func TestOnlyTheProviderCanNotify(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		body := intentEvent("evt_forged", "pi_forged", "pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2", "txn_1", 100)
		for name, status := range map[string]int{
			"without a signature": h.post(t, body, ""),
			"nonsense":            h.post(t, body, "t=now,v1=zz"),
			"another secret":      h.notify(t, body, "whsec_other", time.Now()),
			"too old":             h.notify(t, body, webhookSecret, time.Now().Add(-6*time.Minute)),
			"from the future":     h.notify(t, body, webhookSecret, time.Now().Add(6*time.Minute)),
		} {
			require.Equal(t, http.StatusUnauthorized, status, name)
		}
		require.Equal(t, http.StatusOK, h.notify(t, body, webhookSecret, time.Now()))
		require.Equal(t, http.StatusBadRequest, h.notify(t, "no event", webhookSecret, time.Now()))
	})
}

// A forged or mistaken event, signed with the right secret, moves nothing.
func TestANotificationNeverMovesMoneyByItself(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		p := s.create(t, nil)
		held := s.authorized(t, 4000)
		for i, body := range []string{
			intentEvent("evt_1"+p.ID, "pi_x", p.ID, "txn_01HZY3K8V4N5T6W7X8Y9Z0A1B2", 12000),
			intentEvent("evt_2"+p.ID, "pi_x", held.ID, "txn_"+held.ID[3:], 4000),
			intentEvent("evt_3"+p.ID, "pi_x", held.ID, "txn_"+held.ID[3:], 4001),
		} {
			require.Equal(t, http.StatusOK, h.notify(t, body, webhookSecret, time.Now()), i)
			require.Equal(t, http.StatusOK, h.notify(t, body, webhookSecret, time.Now()), "again: %d", i)
		}
		time.Sleep(200 * time.Millisecond)
		require.Equal(t, "requires_confirmation", s.intent(t, p.ID).Status)
		require.Equal(t, "requires_capture", s.intent(t, held.ID).Status)
		require.Equal(t, "succeeded", s.capture(t, held.ID, nil).intent(t).Status)
	})
}

// The answer is lost and the provider cannot be asked, but it tells.
func TestALostAnswerIsToldByTheProvider(t *testing.T) {
	onOwn(t, impatient, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		for _, read := range []string{"retrieve", "search", "list"} {
			a := h.simulator(t, http.MethodPost, "/_sim/faults", object{"operation": read, "fault": "http_500", "count": 1000})
			require.Equal(t, http.StatusCreated, a.status, "%s", a.raw)
		}
		h.fault(t, "create_payment_intent", "reset_after")
		p := s.pay(t, visa, nil).intent(t)
		require.Equal(t, "processing", p.Status)
		h.fault(t, "create_payment_intent", "reset_after")
		q := s.pay(t, noFunds, nil).intent(t)
		watch := startWatch()
		require.Equal(t, "succeeded", s.resolved(t, p.ID).Status)
		require.Equal(t, "requires_payment_method", s.resolved(t, q.ID).Status)
		require.Less(t, watch.elapsed(), 10*time.Second)
		h.onlyCharge(t, p.ID)
		h.requireNoCharge(t, q.ID)
	})
}

// Webhooks come twice, late and in any order.
func TestNotificationsInAnyOrder(t *testing.T) {
	onOwn(t, nil, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		a := h.simulator(t, http.MethodPost, "/_sim/webhooks", object{"seed": 7, "duplicate_percent": 50, "delay_percent": 50, "delay_ms": 700})
		require.Equal(t, http.StatusOK, a.status, "%s", a.raw)
		for i := range 8 {
			switch p := s.authorized(t, 3000); i % 4 {
			case 0:
				s.capture(t, p.ID, object{"amount": 1000}).intent(t)
			case 1:
				s.cancel(t, p.ID, nil).intent(t)
			case 2:
				s.capture(t, p.ID, nil).intent(t)
				r := s.post(t, refunds, object{"intent_id": p.ID, "amount": 500}).refund(t)
				require.Equal(t, "succeeded", s.settled(t, r.ID).Status)
			}
		}
		h.quietWebhooks(t)
		requireAgreement(t, s)
		h.verify(t)
		require.NotContains(t, h.logged(), "needs an operator")
	})
}

// quietWebhooks waits until the simulator has nothing left to tell.
func (h *hub) quietWebhooks(t testing.TB) {
	t.Helper()
	await(t, settleLimit, "the simulator has told everything", func() bool {
		h.simulator(t, http.MethodPost, "/_sim/webhooks/flush", nil)
		state := read[struct {
			Pending int `json:"pending"`
		}](t, h.simulator(t, http.MethodGet, "/_sim/webhooks", nil), http.StatusOK)
		return state.Pending == 0
	})
}

func (h *hub) logged() string {
	_, stderr := h.process.output()
	return stderr
}

func TestRefundsThatTheProviderSettlesLater(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		later, back := s.pay(t, refundsSettleLater, nil).intent(t), s.pay(t, refundsFailLater, nil).intent(t)
		slow := s.post(t, refunds, object{"intent_id": later.ID, "amount": 2000}).refund(t)
		lost := s.post(t, refunds, object{"intent_id": back.ID, "amount": 3000}).refund(t)
		require.Equal(t, "succeeded", s.settled(t, slow.ID).Status)
		require.Equal(t, []string{"refund.created", "refund.completed"}, s.told(t, slow.ID))
		requireRefunded(t, s, later.ID, 12000, 2000, "partially_refunded")

		await(t, settleLimit, "the provider takes the refund back", func() bool { return s.refund(t, lost.ID).Status == "failed" })
		require.Equal(t, []string{"refund.created", "refund.completed", "refund.failed"}, s.told(t, lost.ID))
		require.NotNil(t, s.refund(t, lost.ID).Failure)
		requireRefunded(t, s, back.ID, 12000, 0, "captured")
	})
}

// dispute is a dispute as the API shows it.
type dispute struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	IntentID  string `json:"intent_id"`
	Amount    int64  `json:"amount"`
	Reason    string `json:"reason"`
	Withdrawn bool   `json:"withdrawn"`
	Reference string `json:"gateway_reference"`
}

func (s shop) disputes(t testing.TB, intentID string) []dispute {
	t.Helper()
	return read[list[dispute]](t, s.get(t, "/v3/disputes?intent_id="+intentID), http.StatusOK).Data
}

func (s shop) disputeIs(t testing.TB, intentID, status string) dispute {
	t.Helper()
	var found []dispute
	await(t, settleLimit, "the dispute of "+intentID+" is "+status, func() bool {
		found = s.disputes(t, intentID)
		return len(found) == 1 && found[0].Status == status
	})
	return found[0]
}

func TestDisputesAreRecordedAndFollowed(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		won, lost := s.pay(t, disputed, nil).intent(t), s.pay(t, disputed, nil).intent(t)
		d, e := s.disputeIs(t, won.ID, "needs_response"), s.disputeIs(t, lost.ID, "needs_response")
		require.Equal(t, []any{int64(12000), "product_not_received", true}, []any{d.Amount, d.Reason, d.Withdrawn})
		require.Equal(t, int64(12000), s.books(t, won.ID)["disputes"])
		for reference, status := range map[string]string{d.Reference: "won", e.Reference: "lost"} {
			require.Equal(t, http.StatusOK, h.simulator(t, http.MethodPost, "/_sim/disputes/"+reference, object{"status": status}).status)
		}
		require.False(t, s.disputeIs(t, won.ID, "won").Withdrawn)
		require.True(t, s.disputeIs(t, lost.ID, "lost").Withdrawn)
		require.Zero(t, s.books(t, won.ID)["disputes"])
		require.Equal(t, int64(12000), s.books(t, lost.ID)["disputes"])
		for _, id := range []string{d.ID, e.ID} {
			told := s.told(t, id)
			require.Equal(t, []string{"dispute.created", "dispute.closed"}, []string{told[0], told[len(told)-1]})
		}
	})
}
