package paypal

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
)

const signing = "https://api.paypal.com/v1/notifications/certs/CERT-1"

// internet answers addresses with files, and notes what was asked.
type internet struct {
	mu    sync.Mutex
	files map[string][]byte
	down  bool
	asked []string
}

func (i *internet) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked = append(i.asked, r.URL.String())
	if i.down {
		return nil, io.ErrUnexpectedEOF
	}
	file, ok := i.files[r.URL.String()]
	status := http.StatusOK
	if !ok {
		status = http.StatusNotFound
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(strings.NewReader(string(file))), Request: r}, nil
}

// authority is a certificate with its key.
type authority struct {
	*x509.Certificate
	key *rsa.PrivateKey
}

var testKeys = sync.OnceValue(func() (keys [3]*rsa.PrivateKey) {
	for i := range keys {
		keys[i], _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	return keys
})

func issue(t *testing.T, name string, key *rsa.PrivateKey, by *authority, change func(*x509.Certificate)) *authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	if change != nil {
		change(template)
	}
	if by == nil {
		by = &authority{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.Certificate, &key.PublicKey, by.key)
	require.NoError(t, err)
	made, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{made, key}
}

func ca(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
}

func asPEM(chain ...*authority) (file []byte) {
	for _, c := range chain {
		file = append(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return file
}

// world is PayPal's chain and what answers for its addresses.
type world struct {
	*internet
	root, between, leaf *authority
}

const issuerAddress = "http://cacerts.digicert.com/between.crt"

func newWorld(t *testing.T) world {
	t.Helper()
	keys := testKeys()
	w := world{internet: &internet{files: map[string][]byte{}}}
	w.root = issue(t, "Root", keys[0], nil, ca)
	w.between = issue(t, "Between", keys[1], w.root, ca)
	w.leaf = issue(t, "messageverificationcerts.paypal.com", keys[2], w.between, func(c *x509.Certificate) { c.IssuingCertificateURL = []string{issuerAddress} })
	return w
}

func (w world) certificates() *certificates {
	c := newCertificates(&http.Client{Transport: w.internet}, "", true)
	c.roots = x509.NewCertPool()
	c.roots.AddCert(w.root.Certificate)
	return c
}

func TestTheChainIsCheckedAndKept(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]func(world) map[string][]byte{
		"whole": func(w world) map[string][]byte { return map[string][]byte{signing: asPEM(w.leaf, w.between)} },
		"read at its issuer": func(w world) map[string][]byte {
			return map[string][]byte{signing: asPEM(w.leaf), issuerAddress: w.between.Raw}
		},
		"in PEM": func(w world) map[string][]byte {
			return map[string][]byte{signing: asPEM(w.leaf), issuerAddress: asPEM(w.between)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.files = files(w)
			c := w.certificates()
			for range 3 {
				key, err := c.key(signing, time.Now())
				require.NoError(t, err)
				require.True(t, key.Equal(&w.leaf.key.PublicKey))
			}
			require.Len(t, w.asked, len(w.files), "it is kept")
		})
	}
}

func TestCertificatesThatAreNotPayPals(t *testing.T) {
	t.Parallel()
	keys := testKeys()
	for name, file := range map[string]func(*testing.T, world) []byte{
		"made by itself": func(t *testing.T, _ world) []byte {
			return asPEM(issue(t, "messageverificationcerts.paypal.com", keys[2], nil, nil))
		},
		"of another authority": func(t *testing.T, _ world) []byte {
			other := issue(t, "Root", keys[1], nil, ca)
			return asPEM(issue(t, "messageverificationcerts.paypal.com", keys[2], other, nil), other)
		},
		"issued to another": func(t *testing.T, w world) []byte {
			return asPEM(issue(t, "messageverificationcerts.paypal.com.example", keys[2], w.between, nil), w.between)
		},
		"issued to a part of PayPal": func(t *testing.T, w world) []byte {
			return asPEM(issue(t, "www.paypal.com", keys[2], w.between, nil), w.between)
		},
		"expired": func(t *testing.T, w world) []byte {
			return asPEM(issue(t, "messageverificationcerts.paypal.com", keys[2], w.between, func(c *x509.Certificate) {
				c.NotBefore, c.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
			}), w.between)
		},
		"none":  func(*testing.T, world) []byte { return []byte("<html>") },
		"empty": func(*testing.T, world) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.files[signing] = file(t, w)
			_, err := w.certificates().key(signing, time.Now())
			require.True(t, fault.Is(err, fault.Unauthenticated), "%v", err)
		})
	}
}

func TestOnlyPayPalsAddressesAreRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, address := range []string{
		"", "http://api.paypal.com/v1/notifications/certs/CERT-1", "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
		"https://api.paypal.com.example/v1/notifications/certs/CERT-1", "https://www.paypal.com/v1/notifications/certs/CERT-1",
		"https://api.paypal.com:8443/v1/notifications/certs/CERT-1", "https://api.paypal.com@example/v1/notifications/certs/CERT-1",
		"https://api.paypal.com/v1/notifications/certs/../../x", "https://api.paypal.com/v1/notifications/certs/", "https://api.paypal.com/CERT-1",
		"https://api.paypal.com/v1/notifications/certs/CERT-1?x=1", "https://api.paypal.com/v1/notifications/certs/CERT-1#x", "://",
		"https://169.254.169.254/v1/notifications/certs/CERT-1",
	} {
		_, err := w.certificates().key(address, time.Now())
		require.True(t, fault.Is(err, fault.Unauthenticated), "%s: %v", address, err)
	}
	require.Empty(t, w.asked)

	simulated := newCertificates(&http.Client{Transport: w.internet}, "http://127.0.0.1:1/", false)
	at, ok := simulated.location("https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1")
	require.True(t, ok)
	require.Equal(t, "http://127.0.0.1:1/v1/notifications/certs/CERT-1", at, "the simulator's own, whoever asks")
}

// The issuer's address is read only where PayPal's issuer is.
func TestAnIssuerElsewhereIsNotAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	leaf := issue(t, "messageverificationcerts.paypal.com", testKeys()[2], w.between, func(c *x509.Certificate) {
		c.IssuingCertificateURL = []string{"http://169.254.169.254/between.crt", "file:///etc/passwd"}
	})
	w.files[signing] = asPEM(leaf)
	_, err := w.certificates().key(signing, time.Now())
	require.True(t, fault.Is(err, fault.Unauthenticated), "%v", err)
	require.Equal(t, []string{signing}, w.asked)
}

func TestNobodyMakesTheHubAskPayPalForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.certificates()
	var unavailable int
	began := time.Now()
	for range 50 {
		if _, err := c.key(signing, time.Now()); fault.Is(err, fault.Unavailable) {
			unavailable++
		}
	}
	most := fetchBurst + 1 + int(time.Since(began)/fetchEvery)
	require.LessOrEqual(t, len(w.asked), most)
	require.GreaterOrEqual(t, unavailable, 50-most)

	w = newWorld(t)
	w.down = true
	_, err := w.certificates().key(signing, time.Now())
	require.True(t, fault.Is(err, fault.Unavailable), "the event is to be sent again: %v", err)
}
