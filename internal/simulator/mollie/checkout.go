package mollie

import (
	"crypto/subtle"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"slices"

	"github.com/bojanz/currency"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

//go:embed checkout.html
var checkoutHTML string

var checkoutTemplate = template.Must(template.New("checkout").Parse(checkoutHTML))

const checkoutPath = "/checkout/"

// choices are how a payment can end on the test page.
var choices = []string{statusPaid, statusFailed, statusCanceled, statusExpired}

var errNoPage = errors.New("there is no such page")

// choose ends a payment as the shopper chose. Choosing again changes nothing. status
// "" only looks.
func (s *Simulator) choose(id, status string, allowed func(*payment) bool) (p *payment, chosen bool, err error) {
	err = s.Act(chassis.KindPayment, id, func(tx *chassis.Tx) error {
		var err error
		if p, _, err = chassis.Find[payment](tx, tx.Account, chassis.KindPayment, id); err != nil {
			return err
		}
		if !allowed(p) {
			return errNoPage
		}
		if status == "" || p.Status != statusOpen {
			return nil
		}
		chosen = true
		return p.end(tx, status)
	})
	return p, chosen, err
}

// knows tells whether the address of a page is the payment's own.
func knows(secret string) func(*payment) bool {
	return func(p *payment) bool { return subtle.ConstantTimeCompare([]byte(p.Secret), []byte(secret)) == 1 }
}

// serveCheckout shows the test page.
func (s *Simulator) serveCheckout(w http.ResponseWriter, r *http.Request) {
	p, _, err := s.choose(r.PathValue("id"), "", knows(r.PathValue("secret")))
	if err != nil {
		http.Error(w, "This payment does not exist.", http.StatusNotFound)
		return
	}
	by, _ := methodOf(p.Method)
	sum, err := currency.NewAmountFromInt64(p.Amount, p.Currency)
	if err != nil {
		http.Error(w, "Something went wrong.", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'")
	header.Set("Content-Type", "text/html; charset=utf-8")
	_ = checkoutTemplate.Execute(w, struct { // a browser that left sees nothing
		Method, Description, Amount, Status, BackURL string
		Open                                         bool
	}{by.Description, p.Description, sum.String(), p.Status, p.RedirectURL, p.Status == statusOpen})
}

// serveChoice takes what was chosen on the test page, and sends the shopper back.
// Mollie adds nothing to the address.
func (s *Simulator) serveChoice(w http.ResponseWriter, r *http.Request) {
	status := r.PostFormValue("status")
	if !slices.Contains(choices, status) {
		http.Error(w, "status must be paid, failed, canceled or expired", http.StatusBadRequest)
		return
	}
	p, _, err := s.choose(r.PathValue("id"), status, knows(r.PathValue("secret")))
	if err != nil {
		http.Error(w, "This payment does not exist.", http.StatusNotFound)
		return
	}
	http.Redirect(w, r, p.RedirectURL, http.StatusSeeOther)
}

// answerForTest is POST /_sim/3ds/{payment}: the shopper's choice without a browser.
// It tells where the shopper would be sent.
func (s *Simulator) answerForTest(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Outcome string `json:"outcome"`
	}
	if !simulator.ReadJSON(w, r, &body) {
		return
	}
	ends := map[string]string{"approve": statusPaid, "fail": statusFailed, "cancel": statusCanceled, "expire": statusExpired}
	status, known := ends[body.Outcome]
	if !known {
		simulator.WriteProblem(w, http.StatusBadRequest, "outcome", "must be approve, fail, cancel or expire")
		return
	}
	p, chosen, err := s.choose(r.PathValue("payment"), status, func(*payment) bool { return true })
	switch {
	case err != nil:
		simulator.WriteProblem(w, http.StatusNotFound, "payment", "does not exist")
	case !chosen:
		simulator.WriteProblem(w, http.StatusConflict, "payment", "does not wait for the shopper")
	default:
		simulator.WriteJSON(w, http.StatusOK, map[string]string{"payment": p.ID, "outcome": body.Outcome, "return_url": p.RedirectURL})
	}
}
