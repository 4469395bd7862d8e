package e2e

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// charge is one charge in the provider simulator's own record.
type charge struct {
	ID             string            `json:"id"`
	PaymentIntent  string            `json:"payment_intent"`
	Amount         int64             `json:"amount"`
	Currency       string            `json:"currency"`
	Status         string            `json:"status"`
	AmountCaptured int64             `json:"amount_captured"`
	AmountRefunded int64             `json:"amount_refunded"`
	IdempotencyKey string            `json:"idempotency_key"`
	Metadata       map[string]string `json:"metadata"`
}

// givenBack is one refund in that record.
type givenBack struct {
	ID       string            `json:"id"`
	Charge   string            `json:"charge"`
	Amount   int64             `json:"amount"`
	Metadata map[string]string `json:"metadata"`
}

// charges returns every charge that the provider ever made, by payment.
func (h *hub) charges(t testing.TB) map[string][]charge {
	t.Helper()
	record := read[struct {
		Charges []charge `json:"charges"`
	}](t, h.simulator(t, http.MethodGet, "/_sim/charges", nil), http.StatusOK)
	byPayment := map[string][]charge{}
	for _, c := range record.Charges {
		byPayment[c.Metadata["payment_id"]] = append(byPayment[c.Metadata["payment_id"]], c)
	}
	return byPayment
}

// givenBack returns every refund that the provider ever made, by our refund.
func (h *hub) givenBack(t testing.TB) map[string][]givenBack {
	t.Helper()
	record := read[struct {
		Refunds []givenBack `json:"refunds"`
	}](t, h.simulator(t, http.MethodGet, "/_sim/refunds", nil), http.StatusOK)
	byRefund := map[string][]givenBack{}
	for _, r := range record.Refunds {
		byRefund[r.Metadata["refund_id"]] = append(byRefund[r.Metadata["refund_id"]], r)
	}
	return byRefund
}

// onlyCharge returns the one charge that the provider made for a payment.
func (h *hub) onlyCharge(t testing.TB, paymentID string) charge {
	t.Helper()
	made := h.charges(t)[paymentID]
	require.Len(t, made, 1, "charges of %s in the provider's record", paymentID)
	return made[0]
}

// requireNoCharge holds that the provider never charged for a payment.
func (h *hub) requireNoCharge(t testing.TB, paymentID string) {
	t.Helper()
	require.Empty(t, h.charges(t)[paymentID], "charges of %s in the provider's record", paymentID)
}

// feeOf is what the provider keeps of a capture: 2.9 %, rounded half up, and 30.
func feeOf(amount int64) int64 { return (amount*29+500)/1000 + 30 }

// accounts are sums by ledger account.
type accounts map[string]int64

// sold are the accounts after a capture, given back in part.
func sold(captured, refunded int64) accounts {
	a := accounts{
		"gateway_receivable": captured - feeOf(captured) - refunded, "gateway_fees": feeOf(captured), "sales": -captured,
	}
	if refunded > 0 {
		a["refunds"] = refunded
	}
	return a
}

// held are the accounts of an authorization.
func held(amount int64) accounts {
	return accounts{"authorizations": amount, "authorization_holds": -amount}
}

// books sums a payment's ledger entries by account, leaving out accounts at
// zero, and holds that each of its transactions sums to zero.
func (c client) books(t testing.TB, paymentID string) accounts {
	t.Helper()
	sums, transactions := accounts{}, accounts{}
	for _, e := range all(t, c, "/v3/ledger/entries", url.Values{"intent_id": {paymentID}}, func(e entry) string { return e.ID }) {
		require.Equal(t, paymentID, e.IntentID)
		require.NotZero(t, e.Amount)
		sums[e.Account] += e.Amount
		transactions[e.TransactionID] += e.Amount
	}
	for id, sum := range transactions {
		require.Zero(t, sum, "ledger transaction %s", id)
	}
	return sums.withoutZeros()
}

// balances are the merchant's accounts in one currency.
func (c client) balances(t testing.TB, currency string) accounts {
	t.Helper()
	sums := accounts{}
	var total int64
	for _, b := range read[list[balance]](t, c.get(t, "/v3/ledger/balances"), http.StatusOK).Data {
		if b.Currency == currency {
			sums[b.Account] = b.Amount
			total += b.Amount
		}
	}
	require.Zero(t, total, "the books in %s do not balance", currency)
	return sums.withoutZeros()
}

func (a accounts) withoutZeros() accounts {
	for name, sum := range a {
		if sum == 0 {
			delete(a, name)
		}
	}
	return a
}

// told returns the types of the events about an object, oldest first.
func (c client) told(t testing.TB, objectID string) []string {
	t.Helper()
	var types []string
	for _, e := range c.eventsOf(t, objectID) {
		types = append([]string{e.Type}, types...)
	}
	return types
}

// eventsOf returns the events about an object, newest first.
func (c client) eventsOf(t testing.TB, objectID string) []event {
	t.Helper()
	return all(t, c, events, url.Values{"object_id": {objectID}}, func(e event) string { return e.ID })
}

// settled waits until a refund is no longer pending.
func (c client) settled(t testing.TB, refundID string) refund {
	t.Helper()
	var r refund
	await(t, settleLimit, "refund "+refundID+" settles", func() bool {
		r = c.refund(t, refundID)
		return r.Status != "pending"
	})
	return r
}

// resolved waits until a payment's outcome is known.
func (c client) resolved(t testing.TB, paymentID string) intent {
	t.Helper()
	var p intent
	await(t, settleLimit, "payment "+paymentID+" is no longer processing", func() bool {
		p = c.intent(t, paymentID)
		return p.Status != "processing"
	})
	return p
}
