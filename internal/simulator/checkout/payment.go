package checkout

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// The statuses of a payment.
const (
	statusPending           = "Pending"
	statusAuthorized        = "Authorized"
	statusDeclined          = "Declined"
	statusCanceled          = "Canceled"
	statusVoided            = "Voided"
	statusPartiallyCaptured = "Partially Captured"
	statusCaptured          = "Captured"
	statusPartiallyRefunded = "Partially Refunded"
	statusRefunded          = "Refunded"
)

// captureWindow is how long an authorization can be captured.
const captureWindow = 7 * 24 * time.Hour

// payment is a payment with all that the simulator knows of it. Amounts are in
// Checkout.com's unit of the currency.
type payment struct {
	ID, Reference, Description string
	Amount                     int64
	Currency                   string
	Capture                    bool // as soon as it is authorized
	Declined, Canceled         bool
	Card                       chassis.Card
	Holder                     string
	Metadata                   map[string]any
	SuccessURL, FailureURL     string
	SessionID, Redirect        string // of 3-D Secure; "" without
	Authenticated              bool
	SchemeID                   string
	RequestedOn, ExpiresOn     time.Time
	Actions                    []action
}

// action is one movement of a payment, or an attempt at one.
type action struct {
	ID        string
	Type      string
	Amount    int64
	Result    result // zero while it is open
	AuthCode  string
	Reference string
	Metadata  map[string]any
	At        time.Time // of the result
	Key       string    // the idempotency key of the call
}

// The types of actions.
const (
	typeAuthorization = "Authorization"
	typeCapture       = "Capture"
	typeVoid          = "Void"
	typeRefund        = "Refund"
)

func (a action) open() bool { return a.Result.Code == "" }

// total sums the amounts of the actions of a type: those carried out, or with open
// also those that are under way.
func (p *payment) total(kind string, open bool) (sum int64) {
	for _, a := range p.Actions {
		if a.Type == kind && (a.Result.approved() || open && a.open()) {
			sum += a.Amount
		}
	}
	return sum
}

func (p *payment) busy(kinds ...string) bool {
	return slices.ContainsFunc(p.Actions, func(a action) bool { return a.open() && slices.Contains(kinds, a.Type) })
}

func (p *payment) status() string {
	authorized, voided := p.total(typeAuthorization, false), p.total(typeVoid, false)
	captured, refunded := p.total(typeCapture, false), p.total(typeRefund, false)
	switch {
	case p.Declined:
		return statusDeclined
	case p.Canceled:
		return statusCanceled
	case authorized == 0:
		return statusPending
	case voided > 0 && captured == 0:
		return statusVoided
	case captured == 0:
		return statusAuthorized
	case refunded == captured:
		return statusRefunded
	case refunded > 0:
		return statusPartiallyRefunded
	case captured < authorized:
		return statusPartiallyCaptured
	default:
		return statusCaptured
	}
}

// act writes down what was done, or is to be.
func (p *payment) act(tx *chassis.Tx, kind string, amount int64, r result) *action {
	a := action{ID: chassis.NewID("act_", chassis.Base32, 26), Type: kind, Amount: amount, Result: r, At: tx.Now(), Key: tx.Key}
	p.Actions = append(p.Actions, a)
	return &p.Actions[len(p.Actions)-1]
}

func (p *payment) action(id string) *action {
	i := slices.IndexFunc(p.Actions, func(a action) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return &p.Actions[i]
}

// save writes the payment, and what the witness is to know of it.
func (p *payment) save(tx *chassis.Tx) error {
	refs := []string{"reference:" + p.Reference}
	if p.SessionID != "" {
		refs = append(refs, "session:"+p.SessionID)
	}
	err := tx.Save(chassis.KindPayment, p.ID, p, refs...)
	authorized := p.total(typeAuthorization, false)
	if err != nil || authorized == 0 {
		return err
	}
	captured := p.total(typeCapture, false)
	return tx.WitnessCharge(simulator.Charge{
		ID: p.ID, PaymentIntent: p.ID, Amount: minor(authorized, p.Currency), Currency: strings.ToLower(p.Currency),
		AmountCaptured: minor(captured, p.Currency), AmountRefunded: minor(p.total(typeRefund, false), p.Currency),
		IdempotencyKey: p.Actions[0].Key, Metadata: chassis.Marshal(p.Metadata),
	}, captured == 0 && p.total(typeVoid, false) > 0)
}

func load(q chassis.Reader, account, id string) (*payment, error) {
	if strings.HasPrefix(id, "sid_") {
		found, err := chassis.Docs[payment](q, chassis.Listing{Account: account, Kind: chassis.KindPayment, Ref: "session:" + id})
		if err == nil && len(found) == 0 {
			err = notFound
		}
		if err != nil {
			return nil, err
		}
		return found[0], nil
	}
	p, ok, err := chassis.Find[payment](q, account, chassis.KindPayment, id)
	if err == nil && !ok {
		err = notFound
	}
	return p, err
}

// decide lets the issuer answer, and captures when that was asked for: a moment
// later, or at once when the shopper is on the way back already.
func (p *payment) decide(tx *chassis.Tx, r result, atOnce bool) error {
	a := p.act(tx, typeAuthorization, p.Amount, r)
	if !r.approved() {
		p.Declined = true
		return errors.Join(p.save(tx), p.tell(tx, "payment_declined", *a))
	}
	a.AuthCode = chassis.NewID("", "0123456789", 6)
	p.SchemeID, p.ExpiresOn = chassis.NewID("", "0123456789", 15), tx.Now().Add(captureWindow)
	if err := p.tell(tx, "payment_approved", *a); err != nil || !p.Capture {
		return errors.Join(err, p.save(tx))
	}
	p.act(tx, typeCapture, p.Amount, result{})
	if !atOnce {
		return errors.Join(p.save(tx), tx.Later(chassis.Task{Kind: taskCarryOut, Object: p.ID}, 0))
	}
	return p.carryOut(tx)
}

func getPayment(q chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	p, err := load(q, r.Account, r.PathValue("id"))
	if err != nil {
		return chassis.Answer{}, err
	}
	return chassis.JSON(http.StatusOK, p.details(r.BaseURL)), nil
}

func getActions(q chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	p, err := load(q, r.Account, r.PathValue("id"))
	if err != nil {
		return chassis.Answer{}, err
	}
	views := []actionView{}
	for _, a := range slices.Backward(p.Actions) { // latest first
		views = append(views, a.view(p.Card))
	}
	return chassis.JSON(http.StatusOK, views), nil
}

func searchPayments(q chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	query := r.URL.Query()
	reference := query.Get("reference")
	limit, skip := number(query.Get("limit"), 10), number(query.Get("skip"), 0)
	if reference == "" || limit < 1 || limit > 100 || skip < 0 {
		return chassis.Answer{}, invalid(http.StatusUnprocessableEntity, "paging_limit_invalid")
	}
	found, err := chassis.Docs[payment](q, chassis.Listing{Account: r.Account, Kind: chassis.KindPayment, Ref: "reference:" + reference, Newest: true})
	if err != nil {
		return chassis.Answer{}, err
	}
	page := []paymentView{}
	for _, p := range found[min(skip, len(found)):min(skip+limit, len(found))] {
		page = append(page, p.details(r.BaseURL))
	}
	return chassis.JSON(http.StatusOK, map[string]any{"limit": limit, "skip": skip, "total_count": len(found), "data": page}), nil
}

// number reads a count of a query; -1 for what is none.
func number(text string, otherwise int) int {
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}
