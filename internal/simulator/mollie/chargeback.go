package mollie

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// What becomes of a chargeback: the money is gone until it is reversed.
const (
	disputeLost = "lost"
	disputeWon  = "won"
)

// chargeback is one chargeback as the simulator keeps it, under the name that it has
// among all: its payment's id, a dot, and its own id.
type chargeback struct {
	ID         string    `json:"id"`
	Payment    string    `json:"payment"`
	Amount     int64     `json:"amount"`
	Currency   string    `json:"currency"`
	Base       string    `json:"base"`
	CreatedAt  time.Time `json:"created_at"`
	ReversedAt time.Time `json:"reversed_at,omitzero"`
}

func (c *chargeback) name() string { return c.Payment + "." + c.ID }

// openChargeback has a shopper's bank or wallet take a payment back.
func openChargeback(tx *chassis.Tx, id string, about chassis.Complaint) (string, error) {
	p, _, err := chassis.Find[payment](tx, tx.Account, chassis.KindPayment, id)
	if err != nil {
		return "", err
	}
	by, _ := methodOf(p.Method)
	if about.Amount == 0 {
		about.Amount = p.remaining()
	}
	switch {
	case about.Inquiry:
		return "", &simulator.FieldError{Field: "inquiry", Message: "is not known at Mollie: a chargeback takes the money"}
	case about.Reason != "":
		return "", &simulator.FieldError{Field: "reason", Message: "is told of direct debits alone"}
	case p.Status != statusPaid || !by.ChargedBack:
		return "", chassis.Conflict("payment", "is not paid, or not by PayPal")
	case about.Amount < 1 || about.Amount > p.remaining():
		return "", chassis.Conflict("amount", "is not left of the payment")
	}
	c := &chargeback{
		ID: chassis.NewID("chb_", chassis.Base62, 20), Payment: p.ID, Amount: about.Amount, Currency: p.Currency, Base: p.Base, CreatedAt: tx.Now(),
	}
	p.ChargedBack += c.Amount
	return c.name(), errors.Join(p.save(tx), c.write(tx, "chargeback.received"))
}

// moveChargeback reverses a chargeback, or leaves it as it is.
func moveChargeback(tx *chassis.Tx, name, status string) error {
	c, _, err := chassis.Find[chargeback](tx, tx.Account, chassis.KindDispute, name)
	if err != nil {
		return err
	}
	switch {
	case status != disputeWon && status != disputeLost:
		return &simulator.FieldError{Field: "status", Message: "must be won or lost"}
	case status == disputeLost && c.ReversedAt.IsZero(), status == disputeWon && !c.ReversedAt.IsZero():
		return nil
	case status == disputeLost:
		return chassis.Conflict("status", "it was reversed")
	}
	p, _, err := chassis.Find[payment](tx, tx.Account, chassis.KindPayment, c.Payment)
	if err != nil {
		return err
	}
	p.ChargedBack -= c.Amount
	c.ReversedAt = tx.Now()
	return errors.Join(p.save(tx), c.write(tx, "chargeback.reversed"))
}

// write saves the chargeback, and tells and witnesses how it is now.
func (c *chargeback) write(tx *chassis.Tx, event string) error {
	status, withdrawn := disputeLost, c.Amount
	if !c.ReversedAt.IsZero() {
		status, withdrawn = disputeWon, 0
	}
	return errors.Join(
		tx.Save(chassis.KindDispute, c.name(), c, refPayment(c.Payment)),
		tx.WitnessDispute(simulator.Dispute{
			ID: c.name(), Charge: c.Payment, PaymentIntent: c.Payment, Amount: c.Amount, Currency: strings.ToLower(c.Currency),
			Status: status, Withdrawn: withdrawn, CreatedAt: c.CreatedAt,
		}),
		tx.Emit(newEvent(tx, event, c.ID, c.view())),
	)
}

// chargebackView is a chargeback as Mollie shows it.
type chargebackView struct {
	Resource   string          `json:"resource"`
	ID         string          `json:"id"`
	Amount     *amount         `json:"amount"`
	Reason     *string         `json:"reason"`
	PaymentID  string          `json:"paymentId"`
	CreatedAt  string          `json:"createdAt"`
	ReversedAt *string         `json:"reversedAt"`
	Links      map[string]link `json:"_links"`
}

func (c *chargeback) view() chargebackView {
	of := c.Base + "/v2/payments/" + c.Payment
	v := chargebackView{
		Resource: "chargeback", ID: c.ID, Amount: amountOf(c.Amount, c.Currency), PaymentID: c.Payment, CreatedAt: moment(c.CreatedAt),
		Links: map[string]link{"self": {of + "/chargebacks/" + c.ID, hal}, "payment": {of, hal}},
	}
	if reversed := moment(c.ReversedAt); reversed != "" {
		v.ReversedAt = &reversed
	}
	return v
}

// retrieveChargeback is GET /v2/payments/{id}/chargebacks/{chargeback}.
func retrieveChargeback(q chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	found, ok, err := chassis.Find[chargeback](q, r.Account, chassis.KindDispute, r.PathValue("id")+"."+r.PathValue("chargeback"))
	if err != nil {
		return chassis.Answer{}, err
	}
	if !ok {
		return chassis.Answer{}, refuse(http.StatusNotFound, "", "No chargeback exists with this token.")
	}
	return answer(http.StatusOK, found.view()), nil
}

// listChargebacks is GET /v2/payments/{id}/chargebacks: all at once, the newest first.
func listChargebacks(q chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	p, err := paymentOf(q, r)
	if err != nil {
		return chassis.Answer{}, err
	}
	found, err := chassis.Docs[chargeback](q, chassis.Listing{Account: r.Account, Kind: chassis.KindDispute, Ref: refPayment(p.ID), Newest: true})
	if err != nil {
		return chassis.Answer{}, err
	}
	views := make([]chargebackView, len(found))
	for i, c := range found {
		views[i] = c.view()
	}
	links := map[string]*link{"self": {r.BaseURL + r.URL.RequestURI(), hal}, "next": nil}
	return answer(http.StatusOK, listView(len(views), "chargebacks", views, links)), nil
}
