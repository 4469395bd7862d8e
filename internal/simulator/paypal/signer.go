package paypal

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math/big"
	"net/http"
	"os"
	"strings"
	"time"

	"paymenthub/internal/simulator/chassis"
)

const (
	certificatePath = "/v1/notifications/certs/"
	certificateLife = 10 * 365 * 24 * time.Hour
	keyBits         = 2048
)

// signer signs webhooks as PayPal does, with a certificate of its own.
type signer struct {
	key         *rsa.PrivateKey
	certificate []byte // PEM
	name        string // in its address
	base        string // of that address
}

// loadSigner reads the certificate and its key, or makes them.
func loadSigner(o chassis.Options) (*signer, error) {
	if o.DataFile == "" {
		return nil, errors.New("paypal simulator: DataFile is empty")
	}
	path := o.DataFile + ".pem"
	file, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if file, err = makeCertificate(); err == nil {
			err = os.WriteFile(path, file, 0o600)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("paypal simulator: %w", err)
	}
	private, rest := pem.Decode(file)
	public, _ := pem.Decode(rest)
	if private == nil || public == nil {
		return nil, fmt.Errorf("paypal simulator: %s holds no key and certificate", path)
	}
	key, err := x509.ParsePKCS1PrivateKey(private.Bytes)
	if err != nil {
		return nil, fmt.Errorf("paypal simulator: %s: %w", path, err)
	}
	sum := sha256.Sum256(public.Bytes)
	base := strings.TrimSuffix(o.BaseURL, "/")
	if base == "" {
		base = "https://api.sandbox.paypal.com" // only the path of the address is ever used then
	}
	return &signer{key: key, certificate: pem.EncodeToMemory(public), name: "CERT-" + hex.EncodeToString(sum[:8]), base: base}, nil
}

// makeCertificate makes a key and a certificate that nobody else vouches for.
func makeCertificate() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "messageverificationcerts.sandbox.paypal.simulator"},
		NotBefore:    time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return append(
		pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...), nil
}

// sign signs a delivery: its id and time, the webhook's id and the body's CRC-32.
func (s *signer) sign(r *http.Request, d chassis.Delivery) {
	id, at := chassis.NewID("", "0123456789abcdef", 32), d.At.UTC().Format(time.RFC3339)
	digest := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", id, at, d.Credentials[credentialWebhook], crc32.ChecksumIEEE(d.Body)))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, digest[:])
	if err != nil {
		return // never, with a key of this size; an unsigned webhook is refused
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "PAYPAL-TRANSMISSION-ID": id, "PAYPAL-TRANSMISSION-TIME": at,
		"PAYPAL-TRANSMISSION-SIG": base64.StdEncoding.EncodeToString(signature), "PAYPAL-AUTH-ALGO": "SHA256withRSA",
		"PAYPAL-CERT-URL": s.base + certificatePath + s.name, "PAYPAL-AUTH-VERSION": "v2",
	} {
		r.Header.Set(name, value)
	}
}

// serve is GET /v1/notifications/certs/{name}.
func (s *signer) serve(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("name") != s.name {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	_, _ = w.Write(s.certificate) // a client that left gets nothing
}

// mark is a keyed hash of texts.
func (s *signer) mark(texts ...string) string {
	mac := hmac.New(sha256.New, s.key.D.Bytes())
	mac.Write([]byte(strings.Join(texts, "\x00")))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
