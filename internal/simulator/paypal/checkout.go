package paypal

import (
	"errors"
	"net/http"
	"net/url"

	"paymenthub/internal/simulator/chassis"
)

// Bounds of what callers write, in characters.
const (
	maxReference = 256
	maxCustom    = 127
	maxInvoice   = 127
	maxText      = 127
	maxSoft      = 22
)

// orderRequest is the body of POST /v2/checkout/orders, as far as it is known here.
type orderRequest struct {
	Intent        string `json:"intent"`
	PurchaseUnits []struct {
		ReferenceID    string `json:"reference_id"`
		CustomID       string `json:"custom_id"`
		InvoiceID      string `json:"invoice_id"`
		Description    string `json:"description"`
		SoftDescriptor string `json:"soft_descriptor"`
		Amount         amount `json:"amount"`
	} `json:"purchase_units"`
	PaymentSource struct {
		PayPal *struct {
			ExperienceContext struct {
				ReturnURL string `json:"return_url"`
				CancelURL string `json:"cancel_url"`
			} `json:"experience_context"`
		} `json:"paypal"`
	} `json:"payment_source"`
}

// check says what is wrong with the request.
func (b orderRequest) check() error {
	if b.Intent != intentCapture && b.Intent != intentAuthorize {
		return invalid("INVALID_PARAMETER_VALUE")
	}
	if len(b.PurchaseUnits) != 1 || b.PaymentSource.PayPal == nil {
		return unprocessable("UNSUPPORTED_PURCHASE_UNITS")
	}
	u := b.PurchaseUnits[0]
	for _, text := range []struct {
		value string
		most  int
	}{{u.ReferenceID, maxReference}, {u.CustomID, maxCustom}, {u.InvoiceID, maxInvoice}, {u.Description, maxText}, {u.SoftDescriptor, maxSoft}} {
		if len([]rune(text.value)) > text.most {
			return invalid("INVALID_STRING_MAX_LENGTH")
		}
	}
	context := b.PaymentSource.PayPal.ExperienceContext
	for _, address := range []string{context.ReturnURL, context.CancelURL} {
		if target, err := url.Parse(address); err != nil || target.Host == "" {
			return invalid("INVALID_PARAMETER_SYNTAX")
		}
	}
	if _, issue := u.Amount.units(); issue != "" {
		return unprocessable(issue)
	}
	return nil
}

// createOrder is POST /v2/checkout/orders. A request id that is known answers its order.
func createOrder(r *chassis.Request) (chassis.Effect, error) {
	key := r.Header.Get("PayPal-Request-Id")
	if key == "" {
		return nil, invalid("PAYPAL_REQUEST_ID_REQUIRED")
	}
	var body orderRequest
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if err := body.check(); err != nil {
		return nil, err
	}
	return func(tx *chassis.Tx) (chassis.Answer, error) {
		known, err := chassis.Docs[order](tx, chassis.Listing{
			Account: tx.Account, Kind: chassis.KindPayment, Ref: "request:" + key, After: tx.Now().Add(-requestLife), Limit: 1,
		})
		if err != nil {
			return chassis.Answer{}, err
		}
		if len(known) == 1 {
			return chassis.JSON(http.StatusOK, known[0].view()), nil
		}
		o := body.order(tx)
		o.PageURL, err = tx.OpenPage(o.ID, chassis.Page{
			Title: "Pay with PayPal?", Text: "This is a test of PayPal's checkout. Approve to agree to the payment.",
			Amount: minor(o.Amount, o.Currency), Currency: o.Currency, LeaveURL: with(o.CancelURL, url.Values{"token": {o.ID}}),
		})
		return chassis.JSON(http.StatusCreated, o.view()), errors.Join(err, tx.Save(chassis.KindPayment, o.ID, o, "request:"+key))
	}, nil
}

func (b orderRequest) order(tx *chassis.Tx) *order {
	u, context := b.PurchaseUnits[0], b.PaymentSource.PayPal.ExperienceContext
	units, _ := u.Amount.units()
	return &order{
		ID: newID(), Intent: b.Intent, Status: orderWaiting, ReferenceID: u.ReferenceID, CustomID: u.CustomID, InvoiceID: u.InvoiceID,
		Description: u.Description, SoftDescriptor: u.SoftDescriptor, Amount: units, Currency: u.Amount.Currency,
		ReturnURL: context.ReturnURL, CancelURL: context.CancelURL, Base: tx.BaseURL, CreatedAt: tx.Now(),
	}
}

// with adds to an address, as PayPal does to where it sends shoppers back.
func with(address string, added url.Values) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += added.Encode()
	return u.String()
}

// getOrder is GET /v2/checkout/orders/{id}.
func (s *Simulator) getOrder(q chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	o, err := find(q, r.Account, r.PathValue("id"), s.Now())
	if err != nil {
		return chassis.Answer{}, err
	}
	return chassis.JSON(http.StatusOK, o.view()), nil
}

// answered goes on with an order after the shopper's answer: nothing is taken yet.
func answered(tx *chassis.Tx, id string, approved bool) (back string, err error) {
	o, err := load(tx, id)
	if err != nil {
		return "", err
	}
	if !approved {
		return with(o.CancelURL, url.Values{"token": {o.ID}}), nil
	}
	o.Status = orderApproved
	err = errors.Join(o.save(tx), tell(tx, "CHECKOUT.ORDER.APPROVED", "checkout-order", "An order has been approved by buyer", o.view()))
	return with(o.ReturnURL, url.Values{"token": {o.ID}, "PayerID": {chassis.Derive(chassis.Base36, 13, "payer", o.ID)}}), err
}

// complete is POST /v2/checkout/orders/{id}/capture and …/authorize.
func complete(intent string) chassis.Write {
	return func(r *chassis.Request) (chassis.Effect, error) {
		return func(tx *chassis.Tx) (chassis.Answer, error) {
			o, err := find(tx, tx.Account, r.PathValue("id"), tx.Now())
			if err != nil {
				return chassis.Answer{}, err
			}
			if err := o.completable(intent); err != nil {
				return chassis.Answer{}, err
			}
			o.Status, o.Key = orderCompleted, tx.Key
			if intent == intentAuthorize {
				o.Authorization = &hold{ID: newID(), Status: statusCreated, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
				err = errors.Join(o.kept(tx), o.tellHold(tx, "PAYMENT.AUTHORIZATION.CREATED", "A payment authorization was created"))
			} else {
				err = o.take(tx, capture{
					ID: newID(), Amount: o.Amount, InvoiceID: o.InvoiceID, Final: true, Pending: o.Completion == statusPending, CreatedAt: tx.Now(),
				})
			}
			return chassis.JSON(http.StatusCreated, o.view()), err
		}, nil
	}
}

// completable says why the order cannot be taken.
func (o *order) completable(intent string) error {
	switch {
	case o.Intent != intent:
		return unprocessable("ACTION_DOES_NOT_MATCH_INTENT")
	case o.Authorization != nil:
		return unprocessable("ORDER_ALREADY_AUTHORIZED")
	case len(o.Captures) > 0:
		return unprocessable("ORDER_ALREADY_CAPTURED")
	case o.Status != orderApproved:
		return unprocessable("ORDER_NOT_APPROVED")
	case o.Completion != "" && o.Completion != statusPending:
		return unprocessable(o.Completion)
	default:
		return nil
	}
}

// taskClear clears a pending capture.
const taskClear = "clear"

// take adds a capture, which is pending for some seconds when that was asked for.
func (o *order) take(tx *chassis.Tx, c capture) error {
	o.Captures = append(o.Captures, c)
	if c.Pending {
		return errors.Join(o.kept(tx), o.tellCapture(tx, c.ID, "PAYMENT.CAPTURE.PENDING"),
			tx.Later(chassis.Task{Kind: taskClear, Object: o.ID}, tx.SettleAfter()))
	}
	return errors.Join(o.kept(tx), o.tellCapture(tx, c.ID, "PAYMENT.CAPTURE.COMPLETED"))
}

// perform clears what is pending of an order.
func perform(tx *chassis.Tx, t chassis.Task) error {
	o, err := load(tx, t.Object)
	if err != nil {
		return err
	}
	for i := range o.Captures {
		if c := &o.Captures[i]; c.Pending {
			c.Pending = false
			err = errors.Join(err, o.tellCapture(tx, c.ID, "PAYMENT.CAPTURE.COMPLETED"))
		}
	}
	return errors.Join(err, o.kept(tx))
}
