package webhook

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the Cashier contract's signature
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"paymenthub/internal/vault"
)

// The headers that messages are signed in.
const (
	// Those of the Standard Webhooks specification, in every dialect.
	idHeader        = "webhook-id"
	timestampHeader = "webhook-timestamp"
	signatureHeader = "webhook-signature"

	hubHeader       = "X-AMICA-Signature"
	acquiringHeader = "X-Webhook-Signature"
	sha1Header      = "x-signature"
	nextSHA1Header  = "x-signature-next"
)

// Sign returns the headers that prove where a message comes from: those of Standard
// Webhooks and those of the dialect's own. at is when the message is sent, and secrets
// are Endpoint.Secrets: one, or two with the newest first while a secret is being rotated.
//
// Receivers verify before they parse: over the bytes of the body as they came, with a
// comparison that takes the same time wherever the signatures differ, for any of the
// signatures in the header. They refuse a timestamp more than 5 minutes from their clock,
// so that a recorded message is of no use later, and ignore an id that they have seen.
func Sign(d Dialect, messageID string, at time.Time, body []byte, secrets []vault.Secret) []Header {
	seconds := strconv.FormatInt(at.Unix(), 10)
	headers := standard(messageID, seconds, body, secrets)
	switch d {
	case Hub:
		return append(headers, Header{hubHeader, timed(seconds, body, secrets)})
	case Acquiring:
		return append(headers, Header{acquiringHeader, timed(seconds, body, secrets)})
	default:
		return append(headers, appended(body, secrets)...)
	}
}

// standard are the headers of the Standard Webhooks specification, version 1: signed are
// id, time and body, so that none of them can be exchanged alone.
func standard(messageID, seconds string, body []byte, secrets []vault.Secret) []Header {
	signatures := make([]string, 0, len(secrets))
	for _, secret := range secrets {
		mac := keyed(key(secret), messageID+"."+seconds+".", body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac))
	}
	return []Header{
		{idHeader, messageID},
		{timestampHeader, seconds},
		{signatureHeader, strings.Join(signatures, " ")},
	}
}

// key is what a secret stands for: the bytes whose base64 follows its prefix, or the
// text itself of a secret that is no base64.
func key(secret vault.Secret) []byte {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret.Reveal(), secretPrefix))
	if err != nil || len(raw) == 0 {
		return []byte(secret.Reveal())
	}
	return raw
}

// timed is the signature of the Hub and Acquiring façades, "t=<unix>,v1=<hex>" with one
// v1 for each secret (contracts/hub.md). The key is the text of the secret, prefix and all.
func timed(seconds string, body []byte, secrets []vault.Secret) string {
	header := "t=" + seconds
	for _, secret := range secrets {
		header += ",v1=" + hex.EncodeToString(keyed([]byte(secret.Reveal()), seconds+".", body))
	}
	return header
}

// appended are the headers of the Connect and Cashier façades: SHA-1 over body and secret
// (contracts/cashier.md). The header has room for one signature. While a secret is being
// rotated it stays the old one's until that ends, since a receiver knows no other before
// its operator has changed it; the new one's is in a header of its own, which a receiver
// that has changed already reads first.
func appended(body []byte, secrets []vault.Secret) []Header {
	oldest := secrets[len(secrets)-1]
	headers := []Header{{sha1Header, sha1Of(body, oldest)}}
	if len(secrets) > 1 {
		headers = append(headers, Header{nextSHA1Header, sha1Of(body, secrets[0])})
	}
	return headers
}

func sha1Of(body []byte, secret vault.Secret) string {
	h := sha1.New() //nolint:gosec // as published; the Standard Webhooks headers beside it are what is strong
	h.Write(body)
	h.Write([]byte(secret.Reveal()))
	return fmt.Sprintf("%X", h.Sum(nil))
}

// keyed is the HMAC-SHA256 of what stands before the body and the body.
func keyed(key []byte, before string, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(before))
	h.Write(body)
	return h.Sum(nil)
}
