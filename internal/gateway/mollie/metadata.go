package mollie

import (
	"encoding/json"

	"paymenthub/internal/gateway"
)

// Names of the metadata that ties Mollie's objects to ours.
const (
	metaPayment     = "payment_id"
	metaAttempt     = "attempt_id"
	metaTransaction = "transaction_id"
	metaRefund      = "refund_id"
	metaMerchant    = "merchant_id"
	metaEnvironment = "environment"
	metaKey         = "idempotency_key"
)

// metadata names a call. Mollie keeps about 1 kB.
// Source: docs.mollie.com/reference/create-payment, "metadata".
func metadata(c gateway.Call) map[string]string {
	return map[string]string{
		metaPayment:     c.PaymentID,
		metaAttempt:     c.AttemptID,
		metaTransaction: c.TransactionID,
		metaMerchant:    c.Scope.MerchantID,
		metaEnvironment: string(c.Scope.Environment),
		metaKey:         c.IdempotencyKey,
	}
}

// ours is an id of ours from the metadata, which anyone with access to the account
// can write: what cannot be an id is none. Mollie keeps any JSON, and gives an object
// back as one, or as the text of one.
func ours(metadata any, name string) string {
	if text, is := metadata.(string); is {
		var object map[string]any
		if json.Unmarshal([]byte(text), &object) != nil {
			return ""
		}
		metadata = object
	}
	object, _ := metadata.(map[string]any)
	value, _ := object[name].(string)
	return identifier(value)
}

func identifier(s string) string {
	if !isWord(s) {
		return ""
	}
	return s
}

// word keeps what is an identifier and drops everything else.
func word(s string) string {
	if !isWord(s) {
		return "none"
	}
	return s
}

// isWord reports whether s is made of 1 to 64 letters, digits and underscores, as
// Mollie's ids and codes and our ids are.
func isWord(s string) bool {
	const most = 64
	for _, r := range s {
		if r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return s != "" && len(s) <= most
}
