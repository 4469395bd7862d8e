package conform

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const refund = `{"id":"rf_1","object":"refund","status":"pending","intent_id":"pi_1","amount":5,"currency":"AED","reason":null,` +
	`"failure":null,"environment":"sandbox","created_at":"2026-04-21T09:31:00.123456Z"}`

func TestCheckFindsWhatTheDocumentDoesNotAllow(t *testing.T) {
	header := func(contentType string) http.Header {
		return http.Header{"Content-Type": {contentType}, "Request-Id": {"req_01HZY3K8V4N5T6W7X8Y9Z0A1B2"}}
	}
	plain := header("application/json; charset=utf-8")
	get := httptest.NewRequestWithContext(t.Context(), "GET", "http://hub.example:8080/v3/payments/refunds/rf_1", nil)
	require.NoError(t, check(get, 200, plain, []byte(refund)))

	envelope := `{"error":{"code":"not_found","message":"x","request_id":"req_1"}}`
	for name, c := range map[string]struct {
		status int
		header http.Header
		body   string
	}{
		"extra member":     {200, plain, strings.Replace(refund, `{`, `{"extra":1,`, 1)},
		"missing member":   {200, plain, strings.Replace(refund, `"failure":null,`, ``, 1)},
		"null":             {200, plain, strings.Replace(refund, `"AED"`, `null`, 1)},
		"unknown word":     {200, plain, strings.Replace(refund, `pending`, `lost`, 1)},
		"fraction":         {200, plain, strings.Replace(refund, `5`, `5.5`, 1)},
		"status":           {418, plain, refund},
		"redirect":         {307, plain, ""},
		"content type":     {200, header("text/html"), refund},
		"no request id":    {200, http.Header{"Content-Type": {"application/json"}}, refund},
		"error code":       {404, plain, strings.Replace(envelope, `not_found`, `nowhere`, 1)},
		"no JSON":          {200, plain, `<html>`},
		"list for an item": {200, plain, `[` + refund + `]`},
	} {
		require.Error(t, check(get, c.status, c.header, []byte(c.body)), name)
	}
	unknown := httptest.NewRequestWithContext(t.Context(), "GET", "/v3/payments/payouts", nil)
	require.NoError(t, check(unknown, 404, plain, []byte(envelope)))
	require.Error(t, check(unknown, 200, plain, []byte(envelope)))
	require.Error(t, check(unknown, 404, plain, []byte(`{}`)))

	payouts := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/payouts", nil)
	require.NoError(t, check(payouts, 404, plain, []byte(`{"success":false,"error":{"code":"NOT_FOUND","message":"x","details":{},"request_id":"req_1"}}`)))
	require.Error(t, check(payouts, 404, plain, []byte(envelope)), "each façade has its own envelope")

	slash := httptest.NewRequestWithContext(t.Context(), "GET", "/return/a%2Fb", nil)
	require.NoError(t, check(slash, 404, header("text/html; charset=utf-8"), []byte("<html>")), "an escaped slash stays in its segment")
}
