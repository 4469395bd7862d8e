package interleave

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// signatureHeader carries the HMAC of a webhook's body under signingKey.
const signatureHeader = "Signature"

var signingKey = []byte("between the provider and the hub")

// Webhook is something that the provider tells, as it is sent.
type Webhook struct {
	ID     string // of the event
	Header http.Header
	Body   []byte
}

// message is the content of a webhook: the objects as they were right then.
type message struct {
	ID      string
	Charge  Charge
	Refund  *Refund  // it is about this refund of the charge
	Dispute *Dispute // it is about this dispute of the charge
}

// tell has a webhook wait for whoever delivers it.
func (p *Provider) tell(m message) {
	p.told[m.Charge.PaymentID] = append(p.told[m.Charge.PaymentID], p.write(m))
}

func (p *Provider) write(m message) Webhook {
	p.events++
	m.ID = fmt.Sprintf("evt_%d", p.events)
	body, err := json.Marshal(m)
	if err != nil {
		panic(err) // structs of strings and numbers
	}
	return Webhook{ID: m.ID, Header: http.Header{signatureHeader: {sign(body)}}, Body: body}
}

func sign(body []byte) string {
	mac := hmac.New(sha256.New, signingKey)
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// Webhooks lists all that the provider has told of a payment, oldest first.
func (p *Provider) Webhooks(paymentID string) []Webhook {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.told[paymentID])
}

// Concluded counts the outcomes that were concluded from webhooks.
func (p *Provider) Concluded() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settled
}

// Mistake tells, duly signed, of the first charge of a payment as garble makes
// it, of a refund or of a dispute that garble returns. It reports false when the
// payment has no charge.
func (p *Provider) Mistake(paymentID string, garble func(*Charge) (*Refund, *Dispute)) (Webhook, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	charges := p.byID[paymentID]
	if len(charges) == 0 {
		return Webhook{}, false
	}
	m := message{Charge: charges[0].now()}
	m.Refund, m.Dispute = garble(&m.Charge)
	return p.write(m), true
}

// ReadNotification implements notification.Reader.
func (*Provider) ReadNotification(header http.Header, body []byte, _ time.Time) (payment.Notice, error) {
	if !hmac.Equal([]byte(header.Get(signatureHeader)), []byte(sign(body))) {
		return payment.Notice{}, fault.New(fault.Unauthenticated, "wrong signature")
	}
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return payment.Notice{}, fault.New(fault.Invalid, "no webhook")
	}
	return m.notice(), nil
}

func (m message) notice() payment.Notice {
	c := m.Charge
	n := payment.Notice{ID: m.ID, PaymentID: c.PaymentID, GatewayReference: c.Reference}
	switch {
	case m.Refund != nil:
		n.Subject, n.Type = payment.NoticeOfRefund, "refund."+string(m.Refund.Status)
		n.State = map[RefundStatus]payment.NoticeState{
			RefundPending: payment.NoticeOpen, RefundSucceeded: payment.NoticeRefunded, RefundFailed: payment.NoticeFailed,
		}[m.Refund.Status]
		n.RefundID, n.TransactionID, n.Amount = m.Refund.ID, m.Refund.TransactionID, money.New(m.Refund.Amount, c.Currency)
	case m.Dispute != nil:
		n.Subject, n.Type = payment.NoticeOfDispute, "dispute."+string(m.Dispute.Status)
		n.PaymentID, n.DisputeReference, n.Amount = "", m.Dispute.Reference, money.New(m.Dispute.Amount, c.Currency)
	default:
		n.Subject, n.Type = payment.NoticeOfPayment, "charge."+string(c.Status)
		n.State = map[ChargeStatus]payment.NoticeState{
			Acting: payment.NoticeOpen, Refusal: payment.NoticeDeclined, Held: payment.NoticeAuthorized,
			Captured: payment.NoticeCaptured, Voided: payment.NoticeReleased,
		}[c.Status]
		n.TransactionID, n.Amount, n.Captured = c.TransactionID, money.New(c.Amount, c.Currency), c.Captured
	}
	return n
}

// Conclude implements gateway.Gateway. What a look-up would have said right then
// counts where the charge's state is one that settles it for good.
func (p *Provider) Conclude(body []byte, l gateway.Lookup) payment.Outcome {
	o := conclude(body, l)
	if !o.Decided() {
		return payment.Unknown("the webhook does not say how it ended")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settled++
	return o
}

func conclude(body []byte, l gateway.Lookup) payment.Outcome {
	var m message
	if json.Unmarshal(body, &m) != nil || m.Refund != nil || m.Dispute != nil {
		return payment.Outcome{}
	}
	c := &m.Charge
	switch {
	case c.PaymentID != l.PaymentID || l.GatewayReference != "" && l.GatewayReference != c.Reference:
		return payment.Outcome{}
	case l.Kind == payment.Authorization || l.Kind == payment.Sale:
		if c.TransactionID == l.TransactionID {
			return c.authorization()
		}
	case l.GatewayReference == "":
	case l.Kind == payment.Capture && (c.Status == Captured || c.Status == Voided):
		return c.ofCapture()
	case l.Kind == payment.Void:
		return c.ofVoid()
	}
	return payment.Outcome{}
}
