package paypal

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"paymenthub/internal/fault"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// ReadNotification implements gateway.Gateway. The state is read from the resource
// inside the event, which is as it was right then, and not from the event's type.
// PayPal's disputes do not tell their order: a call reads it from the disputed capture.
//
// Besides the port's errors: fault.NotFound when the account takes no webhooks,
// fault.Unavailable when PayPal must be asked first, and does not answer.
func (a *Adapter) ReadNotification(header http.Header, body []byte, now time.Time) (payment.Notice, error) {
	if err := a.verify(header, body, now); err != nil {
		return payment.Notice{}, err
	}
	e, err := readEvent(body)
	if err != nil {
		return payment.Notice{}, err
	}
	n, disputed, err := e.notice()
	if err != nil || disputed == "" {
		return n, err
	}
	if n.GatewayReference, err = a.orderOf(disputed); err != nil {
		return payment.Notice{}, err
	}
	return n, nil
}

// event is the envelope of every webhook.
// Source: developer.paypal.com/docs/api/webhooks/v1, "event".
type event struct {
	ID         string          `json:"id"`
	Type       string          `json:"event_type"`
	CreateTime time.Time       `json:"create_time"`
	Resource   json.RawMessage `json:"resource"`
}

// readEvent reads a body whose signature was checked. Errors of the JSON reader quote
// what they cannot read, so that none is passed on.
// Errors: fault.Invalid.
func readEvent(body []byte) (event, error) {
	var e event
	if json.Unmarshal(body, &e) != nil || !isWord(e.ID) || !isWord(strings.ReplaceAll(e.Type, ".", "_")) {
		return event{}, fault.New(fault.Invalid, "The body must be one event of PayPal's, as JSON.")
	}
	return e, nil
}

// kind is what the event's resource is, by the event's type.
type kind string

const (
	kindOrder         kind = "order"
	kindAuthorization kind = "authorization"
	kindCapture       kind = "capture"
	kindRefund        kind = "refund"
	kindDispute       kind = "dispute"
	kindOther         kind = ""
)

// kindOf names the resource of an event.
// Source: developer.paypal.com/api/rest/webhooks/event-names.
func kindOf(eventType string) kind {
	switch family := eventType[:strings.LastIndex(eventType, ".")+1]; {
	case family == "CHECKOUT.ORDER.":
		return kindOrder
	case family == "PAYMENT.AUTHORIZATION.":
		return kindAuthorization
	case eventType == "PAYMENT.CAPTURE.REFUNDED" || family == "PAYMENT.REFUND.":
		return kindRefund
	case eventType == "PAYMENT.CAPTURE.REVERSED":
		return kindOther // a dispute tells of it
	case family == "PAYMENT.CAPTURE.":
		return kindCapture
	case family == "CUSTOMER.DISPUTE.":
		return kindDispute
	default:
		return kindOther
	}
}

// notice says what the event tells. disputed is the capture whose order must be read.
// Errors: fault.Invalid.
func (e event) notice() (n payment.Notice, disputed string, err error) {
	n = payment.Notice{ID: e.ID, Type: e.Type, Subject: payment.NoticeOfOther, At: e.CreateTime.UTC()}
	unreadable := fault.New(fault.Invalid, "The resource inside the event cannot be read.")
	switch kind := kindOf(e.Type); kind {
	case kindOther:
		return n, "", nil
	case kindOrder:
		var o order
		if json.Unmarshal(e.Resource, &o) != nil || !isReference(o.ID) {
			return payment.Notice{}, "", unreadable
		}
		return ofOrderNotice(n, &o), "", nil
	case kindDispute:
		var d dispute
		if json.Unmarshal(e.Resource, &d) != nil || !isWord(d.ID) {
			return payment.Notice{}, "", unreadable
		}
		n, disputed = d.notice(n)
		return n, disputed, nil
	default:
		var m movement
		if json.Unmarshal(e.Resource, &m) != nil || !isReference(m.ID) {
			return payment.Notice{}, "", unreadable
		}
		return ofMovement(n, kind, m), "", nil
	}
}

// ofOrderNotice tells of an order. Nothing is taken of an approved one before the hub
// completes it.
func ofOrderNotice(n payment.Notice, o *order) payment.Notice {
	if len(o.PurchaseUnits) != 1 || !o.untaken() {
		return n // its authorization or capture is told by itself
	}
	names, ok := readOurs(o.unit().CustomID)
	if !ok {
		return n
	}
	n.Subject, n.State = payment.NoticeOfPayment, payment.NoticeOpen
	if o.Status == orderApproved {
		n.State = payment.NoticeReady
	}
	n.PaymentID, n.TransactionID, n.GatewayReference = names.payment, names.transaction, o.ID
	n.Amount, _ = o.unit().Amount.money()
	return n
}

// ofMovement tells of an authorization, capture or refund. One that the hub did not
// ask for concerns it in no way.
func ofMovement(n payment.Notice, kind kind, m movement) payment.Notice {
	names, ok := readOurs(m.CustomID)
	sum, err := m.Amount.money()
	if !ok || err != nil {
		return n
	}
	n.PaymentID, n.TransactionID, n.Amount = names.payment, names.transaction, sum
	n.GatewayReference = m.SupplementaryData.RelatedIDs.OrderID
	switch kind {
	case kindRefund:
		// A refund that was made elsewhere has the names of its capture, and no refund of ours.
		n.Subject, n.State = payment.NoticeOfRefund, refundState(m.Status)
		n.RefundID, n.GatewayReference = names.refund, names.order
	case kindAuthorization:
		n.Subject, n.State = payment.NoticeOfPayment, holdState(m.Status)
	default:
		n.Subject, n.State = payment.NoticeOfPayment, captureState(m.Status)
		if n.State == payment.NoticeCaptured {
			n.Captured = sum.Minor
		}
		if m.SupplementaryData.RelatedIDs.AuthorizationID != "" {
			n.Amount = wholeOf(names, sum)
			if n.State == payment.NoticeDeclined {
				n.State = payment.NoticeOpen // the hold stands
			}
		}
	}
	return n
}

// wholeOf is the amount of the payment of which a part was captured.
func wholeOf(names ours, part money.Money) money.Money {
	if names.amount.Currency != part.Currency {
		return part
	}
	return names.amount
}

func holdState(status string) payment.NoticeState {
	switch status {
	case statusCreated:
		return payment.NoticeAuthorized
	case statusVoided:
		return payment.NoticeReleased
	case statusDenied:
		return payment.NoticeDeclined
	default: // PENDING; CAPTURED is told by the capture, with its amount
		return payment.NoticeOpen
	}
}

func captureState(status string) payment.NoticeState {
	switch status {
	case statusCompleted, statusPartiallyRefunded, statusRefunded:
		return payment.NoticeCaptured
	case statusDeclined, statusFailed:
		return payment.NoticeDeclined
	default:
		return payment.NoticeOpen
	}
}

func refundState(status string) payment.NoticeState {
	switch status {
	case statusCompleted:
		return payment.NoticeRefunded
	case statusFailed, statusCanceled:
		return payment.NoticeFailed
	default:
		return payment.NoticeOpen
	}
}
