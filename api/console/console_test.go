package console_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"paymenthub/api/console"
	"paymenthub/api/middleware"
	"paymenthub/internal/clock"
	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
)

const (
	root   = "/console/webhooks"
	secret = vault.Secret("whsec_bm90IGEgc2VjcmV0IG9mIGFueWJvZHkncw==")
)

var (
	now     = time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)
	sandbox = merchant.Scope{MerchantID: "mch_01KA0000000000000000000001", Environment: merchant.Sandbox}
	live    = merchant.Scope{MerchantID: sandbox.MerchantID, Environment: merchant.Live}
)

// engine serves a console alone.
func engine(h *console.Console) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	facade := h.Facade()
	for _, r := range h.Routes() {
		chain := []gin.HandlerFunc{middleware.RequestID(func(*http.Request) *middleware.Facade { return facade })}
		if r.Method != http.MethodGet {
			chain = append(chain, middleware.ReadForm)
		}
		e.Handle(r.Method, r.Path, append(chain, r.Handler)...)
	}
	return e
}

// desk is a console with its webhooks.
type desk struct {
	*book
	handler http.Handler
}

func newDesk(t *testing.T) desk {
	t.Helper()
	return newBook(t).opened(clock.NewManual(now))
}

// opened is another process's console with the same webhooks.
func (b *book) opened(at clock.Clock) desk {
	return desk{b, engine(console.New(console.Options{Webhooks: b, Merchant: func() string { return sandbox.MerchantID }, Clock: at}))}
}

var operationField = regexp.MustCompile(`name="operation" value="([^"]+)"`)

// operation is what the form of a page carries.
func (d desk) operation(path string) string {
	d.Helper()
	return operationIn(d, d.get(path).Body.String())
}

func operationIn(t testing.TB, page string) string {
	t.Helper()
	found := operationField.FindStringSubmatch(page)
	require.NotNil(t, found, page)
	return found[1]
}

// fill sends the form of a page with its operation.
func (d desk) fill(page, path string, form url.Values) *httptest.ResponseRecorder {
	d.Helper()
	filled := url.Values{"operation": {d.operation(page)}}
	maps.Copy(filled, form)
	return d.post(path, filled)
}

func (d desk) get(path string, headers ...string) *httptest.ResponseRecorder {
	d.Helper()
	return d.call(http.MethodGet, path, nil, headers...)
}

func (d desk) post(path string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	d.Helper()
	return d.call(http.MethodPost, path, form, headers...)
}

func (d desk) call(method, path string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	d.Helper()
	r := httptest.NewRequestWithContext(d.Context(), method, path, strings.NewReader(form.Encode()))
	r.Host, r.RemoteAddr = "127.0.0.1:8080", "127.0.0.1:50123"
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		switch headers[i] {
		case "Host":
			r.Host = headers[i+1]
		case "Peer": // the other end of the connection
			r.RemoteAddr = headers[i+1]
		default:
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w
}
