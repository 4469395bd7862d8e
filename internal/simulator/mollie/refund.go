package mollie

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// The statuses of a refund here.
const (
	refundPending  = "pending"
	refundRefunded = "refunded"
	refundFailed   = "failed"
)

// refund is one refund as the simulator keeps it.
type refund struct {
	ID        string          `json:"id"`
	Payment   string          `json:"payment"`
	Status    string          `json:"status"`
	Key       string          `json:"key"`
	Mode      string          `json:"mode"`
	Base      string          `json:"base"`
	Amount    amount          `json:"amount"`
	Minor     int64           `json:"minor"`
	Metadata  json.RawMessage `json:"metadata"`
	CreatedAt time.Time       `json:"created_at"`
}

// createRefund is POST /v2/payments/{id}/refunds.
func createRefund(r *chassis.Request) (chassis.Effect, error) {
	var body struct {
		Amount      amount          `json:"amount"`
		Description string          `json:"description"`
		Metadata    json.RawMessage `json:"metadata"`
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	minor, written := body.Amount.minor()
	if !written {
		return nil, wrong("amount", "The amount contains an invalid value")
	}
	return func(tx *chassis.Tx) (chassis.Answer, error) {
		p, err := paymentOf(tx, r)
		switch {
		case err != nil:
			return chassis.Answer{}, err
		case p.Status != statusPaid:
			return chassis.Answer{}, wrong("", "The payment cannot be refunded: it is not paid")
		case p.remaining() == 0:
			return chassis.Answer{}, wrong("", "The payment has already been refunded")
		case body.Amount.Currency != p.Currency:
			return chassis.Answer{}, wrong("amount.currency", "The refund must be in the currency of the payment")
		case minor > p.remaining():
			return chassis.Answer{}, wrong("amount", "The specified amount cannot be refunded")
		}
		made := &refund{
			ID: chassis.NewID("re_", chassis.Base62, 16), Payment: p.ID, Status: refundPending, Key: tx.Key, Mode: p.Mode, Base: tx.BaseURL,
			Amount: body.Amount, Minor: minor, Metadata: body.Metadata, CreatedAt: tx.Now(),
		}
		p.Refunding += minor
		return answer(http.StatusCreated, made.view()), errors.Join(p.save(tx), made.write(tx),
			tx.Later(chassis.Task{Kind: taskSettle, Object: made.ID}, tx.SettleAfter()))
	}, nil
}

// write saves the refund, and tells and witnesses how it is now.
func (r *refund) write(tx *chassis.Tx) error {
	words := map[string]string{refundPending: "pending", refundRefunded: "succeeded", refundFailed: "failed"}
	return errors.Join(
		tx.Save(chassis.KindRefund, r.ID, r, refPayment(r.Payment)),
		tx.WitnessRefund(simulator.Refund{
			ID: r.ID, Charge: r.Payment, PaymentIntent: r.Payment, Amount: r.Minor, Currency: r.Amount.Currency,
			Status: words[r.Status], IdempotencyKey: r.Key, Metadata: r.Metadata,
		}),
		tx.Emit(newEvent(tx, "refund."+r.Status, r.ID, r.view())),
	)
}

// settleRefund lets a refund end. One that was carried out may still fail, when the
// bank sends it back; one that failed is over.
func settleRefund(tx *chassis.Tx, id string, succeeded bool) error {
	r, found, err := chassis.Find[refund](tx, tx.Account, chassis.KindRefund, id)
	if err != nil || !found {
		return err
	}
	p, _, err := chassis.Find[payment](tx, tx.Account, chassis.KindPayment, r.Payment)
	if err != nil {
		return err
	}
	end := refundFailed
	if succeeded {
		end = refundRefunded
	}
	if r.Status == end {
		return nil
	}
	switch r.Status {
	case refundPending:
		p.Refunding -= r.Minor
	case refundRefunded:
		p.Refunded -= r.Minor
	case refundFailed:
		return chassis.Conflict("status", "it has failed")
	}
	if succeeded {
		p.Refunded += r.Minor
	}
	r.Status = end
	return errors.Join(tx.Forget(r.ID), p.save(tx), p.witness(tx), r.write(tx))
}

// refundView is a refund as Mollie shows it.
type refundView struct {
	Resource    string          `json:"resource"`
	ID          string          `json:"id"`
	Mode        string          `json:"mode"`
	Amount      amount          `json:"amount"`
	Status      string          `json:"status"`
	CreatedAt   string          `json:"createdAt"`
	Description string          `json:"description"`
	Metadata    json.RawMessage `json:"metadata"`
	PaymentID   string          `json:"paymentId"`
	Links       map[string]link `json:"_links"`
}

func (r *refund) view() refundView {
	of := r.Base + "/v2/payments/" + r.Payment
	v := refundView{
		Resource: "refund", ID: r.ID, Mode: r.Mode, Amount: r.Amount, Status: r.Status, CreatedAt: moment(r.CreatedAt),
		Metadata: r.Metadata, PaymentID: r.Payment,
		Links: map[string]link{"self": {of + "/refunds/" + r.ID, hal}, "payment": {of, hal}},
	}
	if len(v.Metadata) == 0 {
		v.Metadata = json.RawMessage("null")
	}
	return v
}

// retrieveRefund is GET /v2/payments/{id}/refunds/{refund}.
func retrieveRefund(q chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	found, ok, err := chassis.Find[refund](q, r.Account, chassis.KindRefund, r.PathValue("refund"))
	if err != nil {
		return chassis.Answer{}, err
	}
	if !ok || found.Payment != r.PathValue("id") {
		return chassis.Answer{}, refuse(http.StatusNotFound, "", "No refund exists with this token.")
	}
	return answer(http.StatusOK, found.view()), nil
}

// listRefunds is GET /v2/payments/{id}/refunds: all at once, the newest first.
func listRefunds(q chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	p, err := paymentOf(q, r)
	if err != nil {
		return chassis.Answer{}, err
	}
	found, err := chassis.Docs[refund](q, chassis.Listing{Account: r.Account, Kind: chassis.KindRefund, Ref: refPayment(p.ID), Newest: true})
	if err != nil {
		return chassis.Answer{}, err
	}
	views := make([]refundView, len(found))
	for i, made := range found {
		views[i] = made.view()
	}
	links := map[string]*link{"self": {r.BaseURL + r.URL.RequestURI(), hal}, "next": nil}
	return answer(http.StatusOK, listView(len(views), "refunds", views, links)), nil
}
