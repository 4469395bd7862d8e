package store

import (
	"context"

	"gorm.io/gorm"

	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/internal/routing"
)

// attemptRow is a row of payment_attempts.
type attemptRow struct {
	ID                string
	PaymentID         string
	Number            int
	Gateway           string
	Status            string
	Method            string
	CardToken         string
	CardBrand         string
	CardBIN           string `gorm:"column:card_bin"`
	CardLast4         string `gorm:"column:card_last4"`
	CardExpMonth      int
	CardExpYear       int
	CardFingerprint   string
	ReturnURL         string
	Risk              *string
	Routing           *string
	Follows           string
	Returned          string
	CompletionSentAt  instant
	SavedMethod       string
	SaveMethod        bool
	MerchantInitiated bool
	GatewayReference  string
	AuthCode          string
	ResponseCode      string
	Decline           *string
	CreatedAt         instant
	UpdatedAt         instant
}

// TableName implements schema.Tabler.
func (attemptRow) TableName() string { return "payment_attempts" }

func (r attemptRow) columns() []column {
	return append([]column{
		{"id", r.ID}, {"payment_id", r.PaymentID}, {"number", r.Number}, {"gateway", r.Gateway}, {"card_token", r.CardToken},
		{"card_brand", r.CardBrand}, {"card_bin", r.CardBIN}, {"card_last4", r.CardLast4}, {"card_exp_month", r.CardExpMonth},
		{"card_exp_year", r.CardExpYear}, {"card_fingerprint", r.CardFingerprint}, {"return_url", r.ReturnURL},
		{"risk", r.Risk}, {"saved_method", r.SavedMethod}, {"save_method", r.SaveMethod}, {"merchant_initiated", r.MerchantInitiated},
		{"method", r.Method}, {"routing", r.Routing}, {"follows", r.Follows},
		{"created_at", r.CreatedAt},
	}, r.changes()...)
}

// changes lists the columns that a change may write.
func (r attemptRow) changes() []column {
	return []column{
		{"status", r.Status}, {"returned", r.Returned}, {"completion_sent_at", r.CompletionSentAt}, {"gateway_reference", r.GatewayReference}, {"auth_code", r.AuthCode},
		{"response_code", r.ResponseCode}, {"decline", r.Decline}, {"updated_at", r.UpdatedAt},
	}
}

func newAttemptRow(a payment.Attempt) (attemptRow, error) {
	decline, err := toJSON(a.Decline)
	if err != nil {
		return attemptRow{}, err
	}
	judged, err := toJSON(a.Risk)
	if err != nil {
		return attemptRow{}, err
	}
	chosen, err := toJSON(a.Routing)
	return attemptRow{
		ID: a.ID, PaymentID: a.PaymentID, Number: a.Number, Gateway: a.Gateway, Status: string(a.Status),
		CardToken: a.CardToken, CardBrand: a.Card.Brand, CardBIN: a.Card.BIN, CardLast4: a.Card.Last4,
		CardExpMonth: a.Card.ExpMonth, CardExpYear: a.Card.ExpYear, CardFingerprint: a.Card.Fingerprint,
		Method: string(a.Method), Routing: chosen, Follows: a.After, Returned: a.Returned, CompletionSentAt: at(a.CompletionSentAt),
		ReturnURL: a.ReturnURL, Risk: judged, SavedMethod: a.SavedMethod, SaveMethod: a.Save, MerchantInitiated: a.MerchantInitiated, GatewayReference: a.GatewayReference, AuthCode: a.AuthCode,
		ResponseCode: a.ResponseCode, Decline: decline, CreatedAt: at(a.CreatedAt), UpdatedAt: at(a.UpdatedAt),
	}, err
}

func (r attemptRow) attempt() (payment.Attempt, error) {
	decline, err := fromJSON[payment.Decline](r.Decline)
	if err != nil {
		return payment.Attempt{}, err
	}
	judged, err := fromJSON[risk.Assessment](r.Risk)
	if err != nil {
		return payment.Attempt{}, err
	}
	chosen, err := fromJSON[routing.Decision](r.Routing)
	return payment.Attempt{
		ID: r.ID, PaymentID: r.PaymentID, Number: r.Number, Gateway: r.Gateway, Status: payment.AttemptStatus(r.Status),
		CardToken: r.CardToken, Card: payment.CardSummary{
			Brand: r.CardBrand, BIN: r.CardBIN, Last4: r.CardLast4, ExpMonth: r.CardExpMonth, ExpYear: r.CardExpYear, Fingerprint: r.CardFingerprint,
		},
		Method: payment.MethodType(r.Method), Routing: chosen, After: r.Follows, Returned: r.Returned, CompletionSentAt: r.CompletionSentAt.Time,
		ReturnURL: r.ReturnURL, Risk: judged, SavedMethod: r.SavedMethod, Save: r.SaveMethod, MerchantInitiated: r.MerchantInitiated, GatewayReference: r.GatewayReference, AuthCode: r.AuthCode,
		ResponseCode: r.ResponseCode, Decline: decline, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}, err
}

// overAttempt writes over the same attempt only.
var overAttempt = onConflict("id", attemptRow{}.changes(),
	"payment_attempts.payment_id = excluded.payment_id AND payment_attempts.number = excluded.number")

// storeAttempt inserts or updates. An id that is stored with another payment or
// number is another attempt: ErrExists.
func storeAttempt(tx *gorm.DB, a payment.Attempt) error {
	row, err := newAttemptRow(a)
	if err != nil {
		return err
	}
	written, err := insert(tx, overAttempt, row)
	return atLeastOne(written, err, payment.ErrExists)
}

// Returned keeps the query with which the provider sent an attempt's shopper back.
func (r Payments) Returned(ctx context.Context, attemptID, query string) error {
	return r.store.write(ctx, "shopper returned", func(tx *gorm.DB) error {
		return tx.Model(&attemptRow{}).Where("id = ?", attemptID).Update("returned", query).Error
	})
}

// FindByReference returns the id of the payment that one of its attempts knows
// under the provider's reference, the newest of several. Errors: fault.NotFound.
func (r Payments) FindByReference(ctx context.Context, env merchant.Environment, gateway, reference string) (paymentID string, err error) {
	err = r.store.view(ctx, "find payment by reference", func(db *gorm.DB) error {
		query := db.Select("payment_attempts.payment_id").
			Joins("JOIN payment_intents ON payment_intents.id = payment_attempts.payment_id AND payment_intents.environment = ?", string(env)).
			Where("payment_attempts.gateway = ? AND payment_attempts.gateway_reference = ? AND payment_attempts.gateway_reference <> ''", gateway, reference).
			Order("payment_attempts.payment_id DESC")
		paymentID, err = one(query, "payment", reference, func(row attemptRow) (string, error) { return row.PaymentID, nil })
		return err
	})
	return paymentID, err
}

// Attempts lists the attempts of a payment of the scope, oldest first. Errors:
// fault.NotFound when the scope has no such payment.
func (r Payments) Attempts(ctx context.Context, scope merchant.Scope, paymentID string) (found []payment.Attempt, err error) {
	err = r.store.view(ctx, "list attempts", func(db *gorm.DB) error {
		var rows []attemptRow
		if _, err := one(within(db, scope).Where("id = ?", paymentID), "payment", paymentID, paymentRow.intent); err != nil {
			return err
		}
		if err := db.Where("payment_id = ?", paymentID).Order("number").Find(&rows).Error; err != nil {
			return err
		}
		found, err = convert(rows, attemptRow.attempt)
		return err
	})
	return found, err
}
