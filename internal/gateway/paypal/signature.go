package paypal

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"net/http"
	"time"

	"paymenthub/internal/fault"
)

// How far the time of a transmission may be from ours. PayPal sends an event again for
// three days while nobody takes it.
// Source: developer.paypal.com/api/rest/webhooks, "Webhook event delivery".
const (
	signatureAge   = 3*24*time.Hour + time.Hour
	signatureAhead = 5 * time.Minute
)

// signatureAlgorithm is the one that PayPal signs with.
const signatureAlgorithm = "SHA256withRSA"

// maxHeader bounds what is looked at of a header, in bytes.
const maxHeader = 1024

// transmission is what PayPal says of a webhook in its headers.
type transmission struct {
	id, time, certificateURL string
	signature                []byte
}

// verify checks the signature of a webhook, here and without asking PayPal: it is over
// the transmission's id and time, the webhook's id and the body's CRC-32. That binds the
// body no better than a CRC can, to who has seen a webhook of the account; what the hub
// does about one is to ask PayPal.
// Source: developer.paypal.com/api/rest/webhooks/rest, "Self-verification method".
//
// Errors: fault.NotFound, fault.Unauthenticated; fault.Unavailable when PayPal's
// certificate cannot be had.
func (a *Adapter) verify(header http.Header, body []byte, now time.Time) error {
	if a.webhookID == "" {
		return fault.New(fault.NotFound, "This account takes no webhooks: its webhook ID is not configured.")
	}
	t, ok := readTransmission(header)
	if !ok {
		return fault.New(fault.Unauthenticated, "The webhook must have the 'PAYPAL-…' headers that PayPal sends, with an algorithm of '%s'.", signatureAlgorithm)
	}
	at, err := time.Parse(time.RFC3339, t.time)
	if age := now.Sub(at); err != nil || age > signatureAge || age < -signatureAhead {
		return fault.New(fault.Unauthenticated, "The webhook was signed more than 73 hours ago, or ahead of time. Send the event again, and check the clocks of both sides.")
	}
	key, err := a.certificates.key(t.certificateURL, now)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", t.id, t.time, a.webhookID, crc32.ChecksumIEEE(body)))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], t.signature) != nil {
		return fault.New(fault.Unauthenticated,
			"The webhook's signature does not match. Check that the webhook ID is the one configured for this account, and send the body unchanged.")
	}
	return nil
}

func readTransmission(header http.Header) (transmission, bool) {
	for _, name := range []string{"Paypal-Transmission-Id", "Paypal-Transmission-Time", "Paypal-Transmission-Sig", "Paypal-Cert-Url", "Paypal-Auth-Algo"} {
		if values := header.Values(name); len(values) != 1 || values[0] == "" || len(values[0]) > maxHeader {
			return transmission{}, false
		}
	}
	signature, err := base64.StdEncoding.DecodeString(header.Get("Paypal-Transmission-Sig"))
	return transmission{
		id: header.Get("Paypal-Transmission-Id"), time: header.Get("Paypal-Transmission-Time"),
		certificateURL: header.Get("Paypal-Cert-Url"), signature: signature,
	}, err == nil && header.Get("Paypal-Auth-Algo") == signatureAlgorithm
}
