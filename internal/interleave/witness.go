package interleave

import (
	"encoding/json"
	"net/http"
	"path"
)

// ServeHTTP tells what really happened, as a simulator's witness record does:
// GET /_sim/charges, /_sim/refunds, /_sim/disputes and /_sim/payment_methods, for
// `verify`.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	charges, refunds, disputes := []map[string]any{}, []map[string]any{}, []map[string]any{}
	for _, c := range p.charges {
		if c.Status == Refusal || c.Status == Acting {
			continue // no charge happened
		}
		charges = append(charges, c.record())
		for _, b := range c.Refunds {
			refunds = append(refunds, map[string]any{
				"id": b.Reference, "amount": b.Amount, "currency": c.Currency.Lower(), "status": string(b.Status),
				"metadata": map[string]string{
					"payment_id": c.PaymentID, "transaction_id": b.TransactionID, "refund_id": b.ID,
					"merchant_id": c.Scope.MerchantID, "environment": string(c.Scope.Environment),
				},
			})
		}
		for _, d := range c.Disputes {
			disputes = append(disputes, map[string]any{
				"id": d.Reference, "charge": "ch_" + c.Reference, "amount": d.Amount, "currency": c.Currency.Lower(),
				"status": string(d.Status), "withdrawn": d.Kept(),
			})
		}
	}
	methods := []map[string]any{}
	for token, k := range p.kept {
		methods = append(methods, map[string]any{"id": token, "customer": k.customer})
	}
	name := path.Base(r.URL.Path)
	list := map[string][]map[string]any{"charges": charges, "refunds": refunds, "disputes": disputes, "payment_methods": methods}[name]
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{name: list}) // a reader that has gone notices by itself
}

func (c *Charge) record() map[string]any {
	status := string(c.Status)
	switch back := c.Refunded(); {
	case back > 0 && back == c.Captured:
		status = "refunded"
	case back > 0:
		status = "partially_refunded"
	}
	return map[string]any{
		"id": "ch_" + c.Reference, "payment_intent": c.Reference, "amount": c.Amount, "currency": c.Currency.Lower(), "status": status,
		"amount_captured": c.Captured, "amount_refunded": c.Refunded(),
		"metadata": map[string]string{
			"payment_id": c.PaymentID, "transaction_id": c.TransactionID,
			"merchant_id": c.Scope.MerchantID, "environment": string(c.Scope.Environment),
		},
	}
}
