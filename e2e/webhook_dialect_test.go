package e2e

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// about returns the messages of the Acquiring and Connect dialects about a payment.
func (r *receiver) about(t *testing.T, paymentID string) (found []message) {
	t.Helper()
	for _, m := range r.messages() {
		var told struct {
			Data struct {
				ID        string `json:"id"`
				PaymentID string `json:"payment_id"`
			} `json:"data"`
		}
		require.NoError(t, json.Unmarshal(m.body, &told))
		if told.Data.ID == paymentID || told.Data.PaymentID == paymentID {
			found = append(found, m)
		}
	}
	return found
}

func TestAcquirersAreToldInTheirWords(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		r := newReceiver(t, nil)
		e := s.tell(t, r, object{"dialect": "acquiring"})

		taken, voided, sold := s.authorize(t), s.authorize(t), s.sell(t)
		s.act(t, "capture", taken.ID, nil).payment(t, http.StatusOK)
		s.act(t, "refund", taken.ID, object{"amount": 999}).payment(t, http.StatusOK)
		s.act(t, "void", voided.ID, nil).payment(t, http.StatusOK)
		declined := s.call(t, acquiring+"/sale", purchase(noFunds)).refused(t, http.StatusPaymentRequired, "CARD_DECLINED")
		paid, given := s.host(t), s.host(t)
		data[shown](t, s.checkOut(t, paid, visa), http.StatusOK)
		data[hosted](t, s.call(t, hostedIntents+"/"+given.ID+"/cancel", object{}), http.StatusOK)

		for paymentID, want := range map[string][]string{
			taken.ID:                   {"payment.authorized", "payment.captured", "payment.refunded"},
			voided.ID:                  {"payment.authorized", "payment.voided"},
			sold.ID:                    {"payment.captured"},
			declined.Details.PaymentID: {"payment.failed"},
			paid.ID:                    {"payment_intent.created", "payment_intent.succeeded"},
			given.ID:                   {"payment_intent.created", "payment_intent.canceled"},
		} {
			await(t, deliverLimit, strings.Join(want, ", "), func() bool { return len(r.about(t, paymentID)) == len(want) })
			require.Equal(t, want, typesOf(r.about(t, paymentID)))
		}
		for _, m := range r.messages() {
			require.True(t, signedIn(m, "X-Webhook-Signature", e.Secret), "%v", m.header)
			require.Empty(t, m.header.Get("X-Amica-Signature"))
			require.Equal(t, m.ID, m.header.Get("Webhook-Id"))
		}
		for _, paymentID := range []string{voided.ID, sold.ID, declined.Details.PaymentID} {
			var told, got struct {
				Data map[string]any `json:"data"`
			}
			messages := r.about(t, paymentID)
			require.NoError(t, json.Unmarshal(messages[len(messages)-1].body, &told))
			require.NoError(t, json.Unmarshal(s.get(t, acquiring+"/"+paymentID).raw, &got))
			require.NotNil(t, got.Data["card"])
			require.NotNil(t, got.Data["response_code"])
			require.Equal(t, got.Data, told.Data, "as the payment is answered")
		}
		var told struct {
			Data acquired `json:"data"`
		}
		require.NoError(t, json.Unmarshal(r.about(t, sold.ID)[0].body, &told))
		require.Equal(t, []any{"captured", int64(9999), "USD"}, []any{told.Data.Status, told.Data.Amount, told.Data.Currency})
	})
}

// signedAppended reports whether a message carries the signature of contracts/cashier.md.
func (m message) signedAppended(secret string) bool {
	sum := sha1.Sum(append(append([]byte(nil), m.body...), secret...))
	return m.header.Get("X-Signature") == strings.ToUpper(hex.EncodeToString(sum[:]))
}

func TestCashiersAreToldOfTerminalChanges(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		r := newReceiver(t, nil)
		e := s.tell(t, r, object{"dialect": "cashier"})
		of := func(user string) object {
			return object{"metadata": object{"user_id": user, "tracking_id": "track-" + user}}
		}
		paid, canceled := s.create(t, of("1")), s.create(t, of("2"))
		s.confirm(t, paid.ID, with(noFunds)).failure(t, http.StatusPaymentRequired, "payment_failed") // and may be tried again
		s.confirm(t, paid.ID, with(visa)).intent(t)
		s.cancel(t, canceled.ID, nil).intent(t)
		declined := s.acquirer().call(t, acquiring+"/sale", purchase(noFunds, of("3"))).refused(t, http.StatusPaymentRequired, "CARD_DECLINED")
		await(t, deliverLimit, "three messages arrive", func() bool { return len(r.messages()) == 3 })
		bodies := map[string]string{}
		for _, m := range r.messages() {
			require.True(t, m.signedAppended(e.Secret), "%v", m.header)
			require.NotEmpty(t, m.header.Get("Webhook-Signature"))
			var told struct {
				Transaction string `json:"transaction_id"`
			}
			require.NoError(t, json.Unmarshal(m.body, &told))
			bodies[told.Transaction] = string(m.body)
		}
		for paymentID, want := range map[string]string{
			paid.ID:                    `"user_id":"1","tracking_id":"track-1","status":"successful","currency":"AED","amount":"120.00","transaction_type":"deposit"}`,
			canceled.ID:                `"user_id":"2","tracking_id":"track-2","status":"rejected","currency":"AED","amount":"120.00","transaction_type":"deposit"}`,
			declined.Details.PaymentID: `"user_id":"3","tracking_id":"track-3","status":"rejected","currency":"USD","amount":"99.99","transaction_type":"deposit"}`,
		} {
			require.Equal(t, `{"transaction_id":"`+paymentID+`",`+want, bodies[paymentID])
		}
	})
}

func TestConnectIsToldOfPayments(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		r := newReceiver(t, nil)
		e := s.tell(t, r, object{"dialect": "connect"})
		paid := s.create(t, order(paidWith(visa), object{"metadata": object{"client_reference": "cart-7"}}))
		s.post(t, refunds, object{"intent_id": paid.ID}).refund(t) // of which the façade knows nothing
		last := s.create(t, nil)
		await(t, deliverLimit, "all is told", func() bool { return len(r.about(t, paid.ID)) == 2 && len(r.about(t, last.ID)) == 1 })
		require.Equal(t, 3, len(r.messages()))
		told := r.about(t, paid.ID)
		require.Equal(t, []string{"payment_intent.created", "payment_intent.succeeded"}, typesOf(told))
		require.Contains(t, string(told[1].body), `"data":{"payment_id":"`+paid.ID+`","status":"succeeded","amount":12000,"currency":"aed","client_reference":"cart-7"}`)
		require.True(t, told[1].signedAppended(e.Secret), "%v", told[1].header)
	})
}

// One process writes the first event of a payment and another one the second, while the
// first message is still on its way.
func TestTwoProcessesTellInOrder(t *testing.T) {
	onParts(t, onLoopback, func(t *testing.T, p *parts) {
		s := newShop(t, p.hub)
		other := client{api: p.startSecond(t), key: s.key}
		r := newReceiver(t, func(m message) int {
			if m.Type == "payment_intent.created" {
				time.Sleep(200 * time.Millisecond)
			}
			return http.StatusOK
		})
		s.tell(t, r)
		made := make([]intent, 16)
		var callers sync.WaitGroup
		for i := range made {
			callers.Go(func() {
				one, two := s.client, other
				if i%2 == 1 {
					one, two = two, one
				}
				made[i] = one.createOnce(t, nil)
				two.confirm(t, made[i].ID, with(visa)).intent(t)
			})
		}
		callers.Wait()
		for _, one := range made {
			await(t, deliverLimit, "both events arrive", func() bool { return len(r.of(one.ID)) == 2 })
			require.Equal(t, []string{"payment_intent.created", "payment_intent.succeeded"}, typesOf(r.of(one.ID)))
		}
		require.Equal(t, 2*len(made), len(r.messages()))
	})
}
