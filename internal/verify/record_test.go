package verify_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
	"paymenthub/internal/verify"
)

// row is a charge, refund or dispute as the witness tells it.
type row map[string]any

func (r row) with(key string, value any) row {
	changed := maps.Clone(r)
	changed[key] = value
	return changed
}

// record is a provider's record that a test may change.
type record struct {
	charges, refunds, disputes, methods []row
}

// clone is a record of its own, with the same rows.
func (r *record) clone() *record {
	own := *r
	for _, list := range []*[]row{&own.charges, &own.refunds, &own.disputes, &own.methods} {
		*list = slices.Clone(*list)
		for i, told := range *list {
			(*list)[i] = maps.Clone(told)
		}
	}
	return &own
}

func metadataOf(p payment.Intent) row {
	return row{"payment_id": p.ID, "merchant_id": p.Scope.MerchantID, "environment": p.Scope.Environment}
}

// witness writes down what a provider has of a payment.
func (r *record) witness(a payment.Aggregate) {
	p := a.Intent
	status := ""
	switch p.Status {
	case payment.RequiresCapture:
		status = "authorized"
	case payment.Succeeded:
		status = "captured"
	case payment.Canceled, payment.Expired:
		if a.Attempt != nil && a.Attempt.Status == payment.AttemptVoided && !p.AuthorizedUntil.IsZero() {
			status = "voided"
		}
	case payment.Processing:
		if p.AmountCapturable > 0 {
			status = "authorized"
		}
	}
	if status == "" {
		return
	}
	r.charges = append(r.charges, row{
		"id": "ch_" + p.ID, "payment_intent": a.Attempt.GatewayReference, "amount": p.Amount, "currency": strings.ToLower(string(p.Currency)),
		"status": status, "amount_captured": p.AmountCaptured, "amount_refunded": p.AmountRefunded, "idempotency_key": "k", "metadata": metadataOf(p),
		"created_at": "2026-03-01T12:00:00Z",
	})
}

func (r *record) refund(refund payment.Refund) {
	status := "succeeded"
	if !refund.ReversedAt.IsZero() {
		status = "failed"
	} else if refund.Status != payment.RefundSucceeded {
		return
	}
	r.refunds = append(r.refunds, row{
		"id": "re_" + refund.ID, "amount": refund.Amount, "currency": "usd", "status": status,
		"metadata": row{"payment_id": refund.PaymentID, "refund_id": refund.ID},
	})
}

// dispute writes down what a provider has of a dispute.
func (r *record) dispute(d payment.Dispute) {
	withdrawn := int64(0)
	if d.Withdrawn && !d.Reinstated {
		withdrawn = d.Amount
	}
	r.disputes = append(r.disputes, row{
		"id": d.GatewayReference, "charge": "ch_" + d.PaymentID, "payment_intent": "remote_" + d.PaymentID, "amount": d.Amount,
		"currency": "usd", "status": disputeWords[d.Status], "withdrawn": withdrawn, "fee": 1500, "created_at": "2026-03-01T12:00:00Z",
	})
}

// disputeWords are Stripe's words for the states of a dispute.
var disputeWords = map[payment.DisputeStatus]string{
	payment.DisputeInquiry: "warning_under_review", payment.DisputeInquiryClosed: "warning_closed",
	payment.DisputeNeedsResponse: "needs_response", payment.DisputeUnderReview: "under_review",
	payment.DisputeWon: "won", payment.DisputeLost: "lost",
}

// changeDispute changes the provider's record of the named payment's dispute.
func (w *town) changeDispute(name, key string, value any) {
	for i, d := range w.record.disputes {
		if d["id"] == w.disputes[name].GatewayReference {
			w.record.disputes[i] = d.with(key, value)
		}
	}
}

// change replaces the charge of a payment; nil removes it.
func (r *record) change(a payment.Aggregate, to func(row) row) {
	var kept []row
	for _, c := range r.charges {
		if c["id"] == "ch_"+a.Intent.ID {
			c = to(c)
		}
		if c != nil {
			kept = append(kept, c)
		}
	}
	r.charges = kept
}

// chargeOf returns the charge of a payment.
func (r *record) chargeOf(a payment.Aggregate) (found row) {
	for _, c := range r.charges {
		if c["id"] == "ch_"+a.Intent.ID {
			found = c
		}
	}
	return found
}

// serve answers as a simulator does; before, when not nil, runs before each
// list of what happened to payments is read.
func (r *record) serve(t testing.TB, before func()) verify.Witness {
	list := func(name string, rows func() []row) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			if before != nil && name != "payment_methods" {
				before()
			}
			out := json.NewEncoder(w)
			_, _ = fmt.Fprintf(w, `{%q:[`, name)
			for i, row := range rows() {
				if i > 0 {
					_, _ = w.Write([]byte(","))
				}
				_ = out.Encode(row)
			}
			_, _ = w.Write([]byte("]}"))
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_sim/charges", list("charges", func() []row { return r.charges }))
	mux.HandleFunc("GET /_sim/refunds", list("refunds", func() []row { return r.refunds }))
	mux.HandleFunc("GET /_sim/disputes", list("disputes", func() []row { return r.disputes }))
	mux.HandleFunc("GET /_sim/payment_methods", list("payment_methods", func() []row { return r.methods }))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return verify.Witness{Name: "stripe", URL: server.URL}
}

// verified runs the checks on the town.
func (w *town) verified(witnesses ...verify.Witness) verify.Report {
	w.t.Helper()
	report, err := verify.Run(ctx, verify.Options{Store: w.Store, Witnesses: witnesses, Clock: w.Clock})
	require.NoError(w.t, err)
	return report
}

// rulesOf lists the rules that were broken, each once, in the order of Rules.
func rulesOf(report verify.Report) []verify.Rule {
	broken := map[verify.Rule]bool{}
	for _, v := range report.Violations {
		broken[v.Rule] = true
	}
	rules := []verify.Rule{}
	for _, d := range verify.Rules {
		if broken[d.Rule] {
			rules = append(rules, d.Rule)
		}
	}
	return rules
}
