package payment

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// ClientSecrets makes and checks the secrets that let a browser act on one
// payment. They are derived from the payment's id and never stored.
type ClientSecrets struct{ key []byte }

// NewClientSecrets takes a key of at least 32 bytes.
func NewClientSecrets(key []byte) ClientSecrets { return ClientSecrets{key: key} }

// For returns the payment's client secret, "pi_…_secret_…".
func (s ClientSecrets) For(paymentID string) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte("client_secret:" + paymentID))
	return paymentID + "_secret_" + hex.EncodeToString(mac.Sum(nil))
}

// Check reports, in constant time, whether secret is the payment's.
func (s ClientSecrets) Check(paymentID, secret string) bool {
	return strings.HasPrefix(secret, paymentID) && hmac.Equal([]byte(secret), []byte(s.For(paymentID)))
}

// ReturnToken names the parameter of ForReturn in the address that gateways send
// shoppers back to. Providers add parameters of their own there: PayPal a "token".
const ReturnToken = "return_token"

// ForReturn returns what lets whoever comes from the issuer's page learn where the
// payment's shopper goes on to: less than the client secret, since providers keep it.
func (s ClientSecrets) ForReturn(paymentID string) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte("return:" + paymentID))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// CheckReturn reports, in constant time, whether token is the payment's.
func (s ClientSecrets) CheckReturn(paymentID, token string) bool {
	return hmac.Equal([]byte(token), []byte(s.ForReturn(paymentID)))
}
