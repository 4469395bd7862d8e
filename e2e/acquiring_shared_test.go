package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type movementPage struct {
	Success    bool       `json:"success"`
	Data       []movement `json:"data"`
	Pagination pagination `json:"pagination"`
}

func TestTransactionsAreTheMovementsOfPayments(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		list := func(query string) movementPage {
			page := read[movementPage](t, s.fetch(t, movements+query), http.StatusOK)
			require.True(t, page.Success)
			return page
		}
		require.Equal(t, movementPage{Success: true, Data: []movement{}, Pagination: pagination{10, 0, 0}}, list(""))

		sale := s.sell(t)
		s.act(t, "refund", sale.ID, object{"amount": 99}).payment(t, http.StatusOK)
		captured, voided := s.authorize(t), s.authorize(t)
		s.act(t, "capture", captured.ID, object{"amount": 5000}).payment(t, http.StatusOK)
		s.act(t, "void", voided.ID, nil).payment(t, http.StatusOK)
		s.call(t, acquiring+"/sale", purchase(noFunds)).refused(t, http.StatusPaymentRequired, "CARD_DECLINED")
		waiting := s.call(t, acquiring+"/sale", purchase(threeDS)).payment(t, http.StatusCreated)

		page := list("")
		require.Equal(t, pagination{10, 0, 8}, page.Pagination)
		var told []string
		for _, m := range page.Data {
			told = append(told, fmt.Sprintf("%s %s %d", m.Type, m.Status, m.Amount))
			require.Regexp(t, `^txn_[0-9A-Z]{26}$`, m.ID)
			require.Equal(t, []string{"USD", "stripe"}, []string{m.Currency, m.Gateway})
			require.Equal(t, m.Status != "failed" && m.Status != "processing", m.GatewayReference != nil, "%+v", m)
			require.Equal(t, m, data[movement](t, s.fetch(t, movements+"/"+m.ID), http.StatusOK))
		}
		require.Equal(t, []string{
			"authorization processing 9999", "authorization failed 9999", "void voided 9999", "capture captured 5000",
			"authorization authorized 9999", "authorization authorized 9999", "refund refunded 99", "capture captured 9999",
		}, told, "newest first")
		require.Equal(t, waiting.ID, page.Data[0].PaymentID)

		for status, want := range map[string]int{"authorized": 2, "captured": 2, "voided": 1, "refunded": 1, "failed": 1} {
			page := list("?status=" + status)
			require.Len(t, page.Data, want, status)
			require.EqualValues(t, want, page.Pagination.Total)
			for _, m := range page.Data {
				require.Equal(t, status, m.Status)
			}
		}
		require.Equal(t, page.Data[3:5], list("?limit=2&offset=3").Data)
		require.Equal(t, pagination{100, 7, 8}, list("?limit=100&offset=7").Pagination)
		require.Empty(t, list("?offset=2147483647").Data)
		for query, field := range map[string]string{
			"status=created": "status", "limit=0": "limit", "limit=101": "limit", "limit=x": "limit", "offset=-1": "offset", "offset=2147483648": "offset", "page=2": "page",
		} {
			r := s.fetch(t, movements+"?"+query).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
			require.Equal(t, field, r.Details.Field)
		}
		s.fetch(t, movements+"/txn_01HZY3K8V4N5T6W7X8Y9Z0A1B2").refused(t, http.StatusNotFound, "NOT_FOUND")
		s.fetch(t, movements+"/x").refused(t, http.StatusNotFound, "NOT_FOUND")
		other := newAcquirer(t, h)
		other.fetch(t, movements+"/"+page.Data[0].ID).refused(t, http.StatusNotFound, "NOT_FOUND")
	})
}

// One core: a payment made through one façade is the same record through the other.
func TestFacadesShowTheSamePayments(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		p := s.authorize(t)
		there := s.intent(t, p.ID)
		require.Equal(t, []any{"requires_capture", int64(9999), "USD", int64(9999)}, []any{there.Status, there.Amount, there.Currency, there.AmountCapturable})
		require.Equal(t, "succeeded", s.capture(t, p.ID, object{"amount": 600}).intent(t).Status)
		require.Equal(t, []any{"captured", int64(600)}, []any{s.acquired(t, p.ID).Status, s.acquired(t, p.ID).AmountCaptured})
		s.settled(t, s.post(t, refunds, object{"intent_id": p.ID, "amount": 100}).refund(t).ID)
		require.Equal(t, "partially_refunded", s.acquired(t, p.ID).Status)
		require.Equal(t, int64(500), *ptr(s.act(t, "refund", p.ID, nil).payment(t, http.StatusOK).AmountRefunded - 100))
		require.Equal(t, sold(600, 600), s.books(t, p.ID))

		// AED is none of this façade's currencies: it is shown all the same.
		other := s.shop.authorized(t, 1200)
		require.Equal(t, []any{"authorized", "AED"}, []any{s.acquired(t, other.ID).Status, s.acquired(t, other.ID).Currency})
		require.Equal(t, "captured", s.act(t, "capture", other.ID, nil).payment(t, http.StatusOK).Status)
		require.Equal(t, "succeeded", s.intent(t, other.ID).Status)

		open := s.create(t, nil)
		require.Equal(t, "created", s.acquired(t, open.ID).Status)
		canceled := data[hosted](t, s.call(t, hostedIntents+"/"+open.ID+"/cancel", nil), http.StatusOK)
		require.Equal(t, []any{"canceled", (*string)(nil)}, []any{canceled.Status, canceled.CheckoutURL})
		require.Equal(t, "canceled", s.intent(t, open.ID).Status)
		hostedOne := s.host(t)
		require.Equal(t, "succeeded", s.confirm(t, hostedOne.ID, with(visa)).intent(t).Status)
		require.Equal(t, "captured", s.show(t, hostedOne).Status)
		s.call(t, intents, order()).failure(t, http.StatusUnauthorized, "unauthenticated")
	})
}

func TestAcquiringWritesActOnceUnderTheirKey(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		replayed := func(path string, status int, body, other object, with ...header) answer {
			t.Helper()
			key := append([]header{idempotent("key of " + path)}, with...)
			send := func(body object) answer { return client{api: h.API}.post(t, path, body, key...) }
			first := send(body)
			require.Equal(t, status, first.status, "%s", first.raw)
			again := send(body)
			require.Equal(t, []any{status, "true", string(first.raw)}, []any{again.status, again.header.Get("Idempotent-Replayed"), string(again.raw)})
			send(other).refused(t, http.StatusConflict, "IDEMPOTENCY_MISMATCH")
			return first
		}
		replayed(acquiring+"/authorize", 201, purchase(visa), purchase(mastercard), s.apiKey)
		sale := replayed(acquiring+"/sale", 201, purchase(visa), purchase(visa, object{"amount": 1}), s.apiKey).payment(t, 201)
		h.onlyCharge(t, sale.ID)
		declined := s.call(t, acquiring+"/sale", purchase(noFunds), idempotent("declined"))
		require.Equal(t, string(declined.raw), string(s.call(t, acquiring+"/sale", purchase(noFunds), idempotent("declined")).raw))
		replayed(acquiring+"/"+s.authorize(t).ID+"/capture", 200, object{"amount": 5}, object{"amount": 6}, s.apiKey)
		replayed(acquiring+"/"+s.authorize(t).ID+"/void", 200, object{"reason": "a"}, object{"reason": "b"}, s.apiKey)
		replayed(acquiring+"/"+sale.ID+"/refund", 200, object{"amount": 5}, object{"amount": 6}, s.apiKey)
		require.Equal(t, int64(5), s.acquired(t, sale.ID).AmountRefunded)
		p := data[hosted](t, replayed(hostedIntents, 201, hostedOrder(), hostedOrder(object{"amount": 1}), s.apiKey), 201)
		confirm := object{"client_secret": p.ClientSecret, "card": plastic(visa)}
		replayed(publicIntents+"/"+p.ID+"/confirm", 200, confirm, object{"client_secret": p.ClientSecret, "card": plastic(mastercard)})
		h.onlyCharge(t, p.ID)
		replayed(hostedIntents+"/"+s.host(t).ID+"/cancel", 200, object{"reason": "a"}, object{"reason": "b"}, s.apiKey)

		r := s.call(t, acquiring+"/sale", purchase(visa, object{"amount": 0}), idempotent("corrected")).refused(t, 400, "INVALID_AMOUNT")
		require.NotEmpty(t, r.RequestID)
		require.Equal(t, "captured", s.call(t, acquiring+"/sale", purchase(visa), idempotent("corrected")).payment(t, 201).Status)
	})
}

// Of many at once under one key one acts; who does not wait for it is told so.
func TestSimultaneousSalesUnderOneKeyAreOne(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		seen := map[string]bool{}
		for _, a := range together(20, func(int) answer { return s.call(t, acquiring+"/sale", purchase(visa), idempotent("once")) }) {
			if a.status == http.StatusConflict {
				a.refused(t, http.StatusConflict, "IDEMPOTENCY_IN_PROGRESS")
				require.NotEmpty(t, a.header.Get("Retry-After"))
				continue
			}
			seen[a.payment(t, http.StatusCreated).ID] = true
		}
		require.Len(t, seen, 1)
		require.Equal(t, sold(9999, 0), s.balances(t, "USD"))
	})
}

func TestAcquirersAreHeldToTheirRates(t *testing.T) {
	limits := []string{
		"PAYMENTHUB_RATE_LIMITS_ACQUIRING_PAYMENTS_PER_SECOND=3", "PAYMENTHUB_RATE_LIMITS_ACQUIRING_PAYMENTS_PER_HOUR=8",
		"PAYMENTHUB_RATE_LIMITS_ACQUIRING_TRANSACTIONS_PER_SECOND=2", "PAYMENTHUB_RATE_LIMITS_ACQUIRING_PUBLIC_PER_SECOND=2",
	}
	onOwn(t, limits, func(t *testing.T, h *hub) {
		limited := func(what string, calls int, call func() answer) {
			t.Helper()
			for _, a := range together(calls, func(int) answer { return call() }) {
				require.NotEmpty(t, a.header.Get("RateLimit-Limit"), what)
				if a.status == http.StatusTooManyRequests {
					a.refused(t, http.StatusTooManyRequests, "RATE_LIMITED")
					require.Equal(t, "0", a.header.Get("RateLimit-Remaining"))
					require.NotEmpty(t, a.header.Get("Retry-After"))
					require.NotEmpty(t, a.header.Get("RateLimit-Reset"))
					return
				}
			}
			t.Fatalf("%s: %d calls pass", what, calls)
		}
		s := newAcquirer(t, h)
		p := s.host(t)
		limited("transactions", 20, func() answer { return s.fetch(t, movements) })
		limited("public", 20, func() answer { return s.browser().get(t, publicIntents+"/"+p.ID+"?client_secret="+p.ClientSecret) })
		limited("payments", 20, func() answer { return s.fetch(t, acquiring+"/"+p.ID) })
		second := s.newKey(t)
		limited("payments with the merchant's other key", 20, func() answer {
			return client{api: h.API}.do(t, http.MethodGet, acquiring+"/"+p.ID, nil, header{"X-API-Key", second.key})
		})
		live := s.newKey(t, "--environment", "live")
		client{api: h.API}.do(t, http.MethodGet, acquiring+"/"+p.ID, nil, header{"X-API-Key", live.key}).refused(t, http.StatusUnauthorized, "WRONG_MERCHANT")
		require.Equal(t, http.StatusOK, newAcquirer(t, h).fetch(t, movements).status, "another merchant's are counted apart")

		hourly := newAcquirer(t, h)
		var last answer
		for i := 0; i < 60 && !strings.Contains(last.header.Get("RateLimit-Limit"), "8"); i++ {
			last = hourly.fetch(t, acquiring+"/x")
		}
		for last.status != http.StatusTooManyRequests || last.header.Get("RateLimit-Limit") != "8" {
			last = hourly.fetch(t, acquiring+"/x")
		}
		last.refused(t, http.StatusTooManyRequests, "RATE_LIMITED")
		require.Greater(t, len(last.header.Get("Retry-After")), 3, "an hour's limit is over in thousands of seconds")
	})
}

func TestAcquiringPaymentsStandInTheirOwnEnvironment(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		live := acquirer{shop{s.newKey(t, "--environment", "live"), h, s.id}, header{}}
		live.apiKey = header{"X-API-Key", live.key}
		p := live.sell(t)
		require.Equal(t, "live", h.onlyCharge(t, p.ID).Metadata["environment"])
		s.fetch(t, acquiring+"/"+p.ID).refused(t, http.StatusUnauthorized, "WRONG_MERCHANT")
		require.Empty(t, read[movementPage](t, s.fetch(t, movements), http.StatusOK).Data)
	})
}
