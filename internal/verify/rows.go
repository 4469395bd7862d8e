package verify

import (
	"database/sql"

	"paymenthub/internal/fx"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
)

const intentColumns = `id, merchant_id, environment, status, amount, currency, capture_method, amount_capturable, amount_captured,
	amount_refunded, amount_refund_pending, gateway, attempts, failovers, attempt_limit, current_attempt_id, pending_transaction, operations, last_error,
	canceled_by, attention, settled_amount, settled_currency, conversion, expires_at, authorized_until, due_at, version, created_at`

func scanIntent(scan scan, p *payment.Intent) error {
	return scan(&p.ID, &p.Scope.MerchantID, &p.Scope.Environment, &p.Status, &p.Amount, &p.Currency, &p.CaptureMethod,
		&p.AmountCapturable, &p.AmountCaptured, &p.AmountRefunded, &p.AmountRefundPending, &p.Gateway, &p.Attempts, &p.Failovers, &p.AttemptLimit,
		&p.CurrentAttemptID, &p.PendingTransaction, &p.Operations, object[payment.Decline]{&p.LastError}, &p.CanceledBy, &p.Attention,
		&p.SettledAmount, &p.SettledCurrency, object[fx.Conversion]{&p.Conversion},
		instant{&p.ExpiresAt}, instant{&p.AuthorizedUntil}, instant{&p.DueAt}, &p.Version, instant{&p.CreatedAt})
}

const attemptColumns = "id, payment_id, number, gateway, status, card_token, card_brand, follows, gateway_reference, decline, risk"

func scanAttempt(scan scan, a *payment.Attempt) error {
	return scan(&a.ID, &a.PaymentID, &a.Number, &a.Gateway, &a.Status, &a.CardToken, &a.Card.Brand, &a.After, &a.GatewayReference,
		object[payment.Decline]{&a.Decline}, object[risk.Assessment]{&a.Risk})
}

const transactionColumns = `id, payment_id, attempt_id, refund_id, kind, status, amount, currency, gateway, gateway_reference,
	idempotency_key, reason, decline, absent_at, merchant_id, environment`

func scanTransaction(scan scan, t *payment.Transaction) error {
	var refundID sql.NullString
	err := scan(&t.ID, &t.PaymentID, &t.AttemptID, &refundID, &t.Kind, &t.Status, &t.Amount, &t.Currency, &t.Gateway,
		&t.GatewayReference, &t.IdempotencyKey, &t.Reason, object[payment.Decline]{&t.Decline}, instant{&t.AbsentAt},
		&t.Scope.MerchantID, &t.Scope.Environment)
	t.RefundID = refundID.String
	return err
}

const refundColumns = `id, merchant_id, environment, payment_id, transaction_id, amount, currency, status, failure,
	exchange, reversed_at, attention, due_at, created_at`

func scanRefund(scan scan, r *payment.Refund) error {
	return scan(&r.ID, &r.Scope.MerchantID, &r.Scope.Environment, &r.PaymentID, &r.TransactionID, &r.Amount, &r.Currency,
		&r.Status, object[payment.Decline]{&r.Failure}, object[fx.Exchange]{&r.Exchange}, instant{&r.ReversedAt}, &r.Attention, instant{&r.DueAt}, instant{&r.CreatedAt})
}

const disputeColumns = `id, merchant_id, environment, payment_id, gateway, gateway_reference, amount, currency, status,
	withdrawn, reinstated, due_at, version, created_at`

func scanDispute(scan scan, d *payment.Dispute) error {
	return scan(&d.ID, &d.Scope.MerchantID, &d.Scope.Environment, &d.PaymentID, &d.Gateway, &d.GatewayReference, &d.Amount, &d.Currency,
		&d.Status, &d.Withdrawn, &d.Reinstated, instant{&d.DueAt}, &d.Version, instant{&d.CreatedAt})
}
