package paypal

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"paymenthub/internal/fault"
)

const (
	// certificatePath is where PayPal's signing certificates are.
	// Source: developer.paypal.com/api/rest/webhooks/rest, PAYPAL-CERT-URL.
	certificatePath = "/v1/notifications/certs/"
	// certificateName begins the name that they are issued to, under paypal.com.
	// Source: github.com/paypal/PayPal-Java-SDK, SSLUtil.validateCertificateChain.
	certificateName = "messageverificationcerts."

	maxCertificates    = 8
	fetchEvery         = 10 * time.Second
	fetchBurst         = 5
	maxCertificate     = 64 << 10 // bytes
	certificateTimeout = 5 * time.Second
	// issuerHost is where the issuer of PayPal's certificates has its own: the file at
	// PayPal may hold the first certificate of the chain alone.
	issuerHost = "cacerts.digicert.com"
	// maxIssuers bounds how many certificates are fetched there for one chain.
	maxIssuers = 2
)

// The hosts of PayPal's certificates. Any name below paypal.com is not enough: others may
// have put files there.
var (
	liveHosts    = []string{"api.paypal.com", "api-m.paypal.com"}
	sandboxHosts = []string{"api.sandbox.paypal.com", "api-m.sandbox.paypal.com"}
)

// certificates keeps the keys that PayPal signs with. Who does not know one can make
// the hub ask PayPal for it, some times a minute and no more.
type certificates struct {
	client *http.Client
	base   string // of a simulator, which is believed; "" means PayPal
	hosts  []string
	roots  *x509.CertPool // nil: the system's
	pace   *rate.Limiter

	mu    sync.Mutex
	known map[string]*x509.Certificate // by path
}

func newCertificates(client *http.Client, base string, live bool) *certificates {
	hosts := sandboxHosts
	if live {
		hosts = liveHosts
	}
	return &certificates{
		client: client, base: strings.TrimSuffix(base, "/"), hosts: hosts,
		pace: rate.NewLimiter(rate.Every(fetchEvery), fetchBurst), known: map[string]*x509.Certificate{},
	}
}

// key is the public key of the certificate at an address.
// Errors: fault.Unauthenticated, fault.Unavailable.
func (c *certificates) key(address string, now time.Time) (*rsa.PublicKey, error) {
	at, ok := c.location(address)
	if !ok {
		return nil, fault.New(fault.Unauthenticated, "The webhook names a certificate that is not PayPal's.")
	}
	c.mu.Lock()
	known := c.known[at]
	c.mu.Unlock()
	if known == nil || now.After(known.NotAfter) {
		found, err := c.fetch(at, now)
		if err != nil {
			return nil, err
		}
		c.keep(at, found)
		known = found
	}
	key, ok := known.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fault.New(fault.Unauthenticated, "The webhook's certificate has another kind of key than PayPal's.")
	}
	return key, nil
}

// location is where the certificate is read: at PayPal, or at the simulator in its
// place. The address comes from whoever sent the webhook.
func (c *certificates) location(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", false
	}
	name, ok := strings.CutPrefix(u.Path, certificatePath)
	if !ok || !isWord(name) {
		return "", false
	}
	if c.base != "" {
		return c.base + certificatePath + name, true
	}
	return "https://" + u.Host + certificatePath + name, u.Scheme == "https" && slices.Contains(c.hosts, u.Host)
}

func (c *certificates) keep(at string, found *x509.Certificate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxCertificates {
		clear(c.known) // PayPal has one or two: what is more has changed over the years
	}
	c.known[at] = found
}

// fetch reads a certificate and checks who issued it.
func (c *certificates) fetch(at string, now time.Time) (*x509.Certificate, error) {
	unavailable := fault.New(fault.Unavailable, "PayPal's certificate could not be read. Send the event again.").After(time.Minute)
	if !c.pace.Allow() {
		return nil, unavailable
	}
	ctx, cancel := context.WithTimeout(context.Background(), certificateTimeout)
	defer cancel()
	body, found, err := c.get(ctx, at)
	if err != nil {
		return nil, unavailable.Because(err)
	}
	chain := readChain(body)
	if !found || len(chain) == 0 {
		return nil, fault.New(fault.Unauthenticated, "The webhook names a certificate that PayPal does not have.")
	}
	if c.base != "" {
		return chain[0], nil
	}
	if err := c.trust(ctx, chain, now); err != nil {
		return nil, fault.New(fault.Unauthenticated, "The webhook's certificate is not issued to PayPal by an authority that this system trusts.").Because(err)
	}
	return chain[0], nil
}

// trust checks that the first certificate is PayPal's, and that a root of the system
// vouches for it. Certificates in between that are missing are read from their issuer.
func (c *certificates) trust(ctx context.Context, chain []*x509.Certificate, now time.Time) error {
	name := chain[0].Subject.CommonName
	if !strings.HasPrefix(name, certificateName) || !strings.HasSuffix(name, ".paypal.com") {
		return errors.New("it is issued to another name")
	}
	between := x509.NewCertPool()
	for _, issuer := range chain[1:] {
		between.AddCert(issuer)
	}
	options := x509.VerifyOptions{Roots: c.roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	last := chain[len(chain)-1]
	_, err := chain[0].Verify(options)
	for range maxIssuers {
		if !errors.As(err, new(x509.UnknownAuthorityError)) {
			return err
		}
		issuer := c.issuer(ctx, last)
		if issuer == nil {
			return err
		}
		between.AddCert(issuer)
		last = issuer
		_, err = chain[0].Verify(options)
	}
	return err
}

// issuer reads the certificate of the issuer of one, nil when it cannot be had. What
// comes is worth as much as the signatures in it.
func (c *certificates) issuer(ctx context.Context, of *x509.Certificate) *x509.Certificate {
	for _, address := range of.IssuingCertificateURL {
		u, err := url.Parse(address)
		if err != nil || u.Host != issuerHost || u.Scheme != "http" && u.Scheme != "https" {
			continue
		}
		body, found, err := c.get(ctx, address)
		if err != nil || !found {
			return nil
		}
		if issuer, err := x509.ParseCertificate(body); err == nil {
			return issuer
		}
		if chain := readChain(body); len(chain) > 0 {
			return chain[0]
		}
	}
	return nil
}

// get reads a file; found is false when there is none such.
func (c *certificates) get(ctx context.Context, address string) (body []byte, found bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, false, err
	}
	response, err := c.client.Do(r)
	if err != nil {
		return nil, false, err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusInternalServerError || response.StatusCode == http.StatusTooManyRequests {
		return nil, false, errors.New("it answered " + response.Status)
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, maxCertificate))
	return body, response.StatusCode == http.StatusOK, err
}

// readChain reads the certificates of a PEM file, in their order.
func readChain(file []byte) (chain []*x509.Certificate) {
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil && block.Type == "CERTIFICATE" {
			chain = append(chain, certificate)
		}
	}
	return chain
}
