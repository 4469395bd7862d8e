package paypal_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"math/big"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// signatory signs webhooks with a certificate that it makes itself.
type signatory struct {
	key         *rsa.PrivateKey
	certificate []byte // PEM
}

// makeKey is one key for all tests: they take their time.
var makeKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newSignatory(t *testing.T) *signatory {
	t.Helper()
	key, err := makeKey()
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "messageverificationcerts.sandbox.paypal.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return &signatory{key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// sign makes the headers of a webhook of the account.
func (s *signatory) sign(t *testing.T, body []byte, at time.Time) http.Header {
	t.Helper()
	const id = "d938e770-8046-11e6-8103-6b62a8a99ac4"
	stamp := at.UTC().Format(time.RFC3339)
	digest := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", id, stamp, account["webhook_id"], crc32.ChecksumIEEE(body)))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, digest[:])
	require.NoError(t, err)
	header := http.Header{}
	header.Set("PAYPAL-TRANSMISSION-ID", id)
	header.Set("PAYPAL-TRANSMISSION-TIME", stamp)
	header.Set("PAYPAL-TRANSMISSION-SIG", base64.StdEncoding.EncodeToString(signature))
	header.Set("PAYPAL-AUTH-ALGO", "SHA256withRSA")
	header.Set("PAYPAL-CERT-URL", "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-golden")
	return header
}
