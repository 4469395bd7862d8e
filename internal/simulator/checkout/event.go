package checkout

import (
	"time"

	"paymenthub/internal/simulator/chassis"
)

// event is the envelope of every webhook.
type event struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Version   string    `json:"version"`
	CreatedOn time.Time `json:"created_on"`
	Data      any       `json:"data"`
	Links     links     `json:"_links"`
}

// paymentData is what a webhook says of a payment and one of its actions.
type paymentData struct {
	ID              string         `json:"id"`
	ActionID        string         `json:"action_id,omitempty"`
	Reference       string         `json:"reference,omitempty"`
	Amount          int64          `json:"amount"`
	Currency        string         `json:"currency"`
	AuthCode        string         `json:"auth_code,omitempty"`
	ProcessedOn     time.Time      `json:"processed_on"`
	ResponseCode    string         `json:"response_code,omitempty"`
	ResponseSummary string         `json:"response_summary,omitempty"`
	SchemeID        string         `json:"scheme_id,omitempty"`
	Source          *sourceView    `json:"source,omitempty"`
	Balances        *balances      `json:"balances,omitempty"`
	Processing      *processing    `json:"processing,omitempty"`
	Metadata        map[string]any `json:"metadata,omitempty"`
}

// tell emits an event about a payment as it is now, and one of its actions.
func (p *payment) tell(tx *chassis.Tx, kind string, a action) error {
	data := paymentData{
		ID: p.ID, ActionID: a.ID, Reference: p.Reference, Amount: a.Amount, Currency: p.Currency, AuthCode: a.AuthCode, ProcessedOn: a.At,
		ResponseCode: a.Result.Code, ResponseSummary: a.Result.Summary, Processing: a.Result.processing(p.Card), Metadata: p.metadataOf(a),
	}
	if a.Reference != "" {
		data.Reference = a.Reference
	}
	if a.Type == "" || a.Type == typeAuthorization {
		data.Source, data.SchemeID = p.source(), p.SchemeID
	}
	if p.total(typeAuthorization, false) > 0 {
		data.Balances = p.balances()
	}
	return emit(tx, kind, p.ID, data)
}

func emit(tx *chassis.Tx, kind, subject string, data any) error {
	e := event{ID: chassis.NewID("evt_", chassis.Base32, 26), Type: kind, Version: "1.0.33", CreatedOn: tx.Now(), Data: data}
	e.Links = links{"subject": {tx.BaseURL + "/workflows/events/subject/" + subject}}
	return tx.Emit(chassis.Event{ID: e.ID, Type: kind, Body: chassis.Marshal(e)})
}
