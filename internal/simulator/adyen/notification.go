package adyen

import (
	"maps"
	"time"

	"paymenthub/internal/simulator/chassis"
)

// notification is the one item of a webhook.
type notification struct {
	AdditionalData      map[string]string `json:"additionalData"`
	Amount              amount            `json:"amount"`
	EventCode           string            `json:"eventCode"`
	EventDate           string            `json:"eventDate"`
	MerchantAccountCode string            `json:"merchantAccountCode"`
	MerchantReference   string            `json:"merchantReference"`
	OriginalReference   string            `json:"originalReference,omitempty"`
	PaymentMethod       string            `json:"paymentMethod"`
	PSPReference        string            `json:"pspReference"`
	Reason              string            `json:"reason"`
	Success             success           `json:"success"`
}

// success is Adyen's word for how an event ended.
type success string

const (
	done    success = "true"
	notDone success = "false"
)

// tell sends a webhook of the payment, or of what was done to it: n says what happened,
// the payment adds what it is.
func (p *payment) tell(tx *chassis.Tx, n notification) error {
	if !tx.Listening() {
		return nil
	}
	more := n.AdditionalData
	n.AdditionalData = map[string]string{}
	if n.EventCode == "AUTHORISATION" {
		maps.Copy(n.AdditionalData, p.additional())
	}
	maps.Copy(n.AdditionalData, more)
	for name, value := range p.Metadata {
		n.AdditionalData["metadata."+name] = value
	}
	n.EventDate, n.MerchantAccountCode, n.PaymentMethod = tx.Now().Format(time.RFC3339), p.MerchantAccount, p.Card.Brand
	e := envelope{Live: "false"}
	e.Items = append(e.Items, struct {
		Item notification `json:"NotificationRequestItem"`
	}{n})
	return tx.Emit(chassis.Event{ID: n.PSPReference + "." + n.EventCode + "." + string(n.Success), Type: n.EventCode, Body: chassis.Marshal(e)})
}

// tellAuthorisation sends the webhook of an authorisation.
func (p *payment) tellAuthorisation(tx *chassis.Tx, success success, reason string) error {
	return p.tell(tx, notification{
		EventCode: "AUTHORISATION", PSPReference: p.PSP, MerchantReference: p.Reference, Amount: p.Amount, Success: success, Reason: reason,
	})
}
