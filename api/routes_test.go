package api_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/api"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi/conform"
)

var placeholder = regexp.MustCompile(`:(\w+)`)

// viewer are the routes of the docs page, and the form and files of the checkout page,
// which are no part of the API.
var viewer = map[string]bool{
	"/": true, "/docs": true, "/docs/assets/:file": true, "/checkout/:id/pay": true, "/checkout/:id/logo": true, "/checkout/assets/:file": true,
}

func TestEveryRouteIsInADocumentAndViceVersa(t *testing.T) {
	served := map[string]api.Route{}
	for _, r := range api.Routes() {
		if !viewer[r.Path] {
			served[r.Method+" "+placeholder.ReplaceAllString(r.Path, "{$1}")] = r
		}
	}
	documented := 0
	for _, doc := range conform.Documents(t) {
		for path, item := range doc.Paths.Map() {
			require.Same(t, doc, conform.Document(t, path), "%s is in another façade's document", path)
			for method, op := range item.Operations() {
				documented++
				r, ok := served[method+" "+path]
				require.True(t, ok, "%s %s is documented and not served", method, path)
				takesKey := op.Parameters.GetByInAndName("header", "Idempotency-Key") != nil
				require.Equal(t, r.Idempotent, takesKey, "%s %s: Idempotency-Key", method, path)
				open := op.Security != nil && len((*op.Security)[0]) == 0
				require.Equal(t, r.Access == middleware.Public || r.Access == middleware.Optional, open, "%s %s: security", method, path)
			}
		}
	}
	require.Len(t, served, documented, "a route is served and not documented")
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	_, err := api.New(api.Options{})
	require.ErrorContains(t, err, "Options.Payments is missing")
}

func TestUnknownPathsAndMethods(t *testing.T) {
	s := newStage(t)
	for _, path := range []string{"/nothing", "/v3/payments/payouts", "/v3/payments/intents/", "/v3/payments/intents/pi_x%2Fconfirm/capture/more"} {
		w := s.call(http.MethodPost, path, `{}`)
		require.Equal(t, http.StatusNotFound, w.Code, path)
		require.Contains(t, w.Body.String(), `"code":"not_found"`)
	}
	w := s.call(http.MethodDelete, "/v3/payments/refunds", "")
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	require.ElementsMatch(t, []string{"GET", "POST"}, strings.Split(w.Header().Get("Allow"), ", "))
	require.Contains(t, w.Body.String(), `"request_id":"req_`)
}

func TestEveryKeyedRouteRefusesStrangers(t *testing.T) {
	s := newStage(t)
	for _, r := range api.Routes() {
		if r.Permission == "" {
			continue
		}
		path := placeholder.ReplaceAllString(r.Path, "pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2")
		for _, key := range []string{"", "Bearer", "Bearer sk_sandbox_wrong", "Basic " + s.sk, "Bearer " + strings.Repeat("k", 10_000)} {
			w := s.call(r.Method, path, "", "Authorization", key)
			require.Equal(t, http.StatusUnauthorized, w.Code, "%s %s", r.Method, r.Path)
			require.NotEmpty(t, w.Header().Get("WWW-Authenticate"))
		}
		if r.Access == middleware.Secret {
			require.Equal(t, http.StatusForbidden, s.call(r.Method, path, "", "Authorization", "Bearer "+s.pk).Code, r.Path)
		}
		other := s.key(s.scope, "secret", "nothing:at_all")
		require.Equal(t, http.StatusForbidden, s.call(r.Method, path, "", "Authorization", "Bearer "+other).Code, r.Path)
	}
}

func TestDocsNeedNoOtherServer(t *testing.T) {
	s := newStage(t)
	get := func(path string) (int, http.Header, string) {
		w := serve(s, s.request(http.MethodGet, path, ""))
		return w.Code, w.Header(), w.Body.String()
	}
	status, header, body := get("/docs")
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, body, "//", "nothing is loaded from elsewhere")
	require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
	scripts := regexp.MustCompile(`"(/docs/assets/[^"]+)" integrity="sha384-`).FindAllStringSubmatch(body, -1)
	require.Len(t, scripts, 2, "the viewer, and what holds it at the linked operation")
	for _, script := range scripts {
		status, header, body = get(script[1])
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, header.Get("Cache-Control"), "immutable")
		require.NotEmpty(t, body)
	}
	status, _, _ = get("/docs/assets/scalar.js")
	require.Equal(t, http.StatusNotFound, status)
	status, header, _ = get("/")
	require.Equal(t, http.StatusFound, status)
	require.Equal(t, "/docs", header.Get("Location"))
	status, _, body = get("/openapi.yaml")
	require.Equal(t, http.StatusOK, status)
	require.True(t, strings.HasPrefix(body, "openapi: 3.1.0"))
}
