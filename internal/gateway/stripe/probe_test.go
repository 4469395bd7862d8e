package stripe_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
)

// An account whose id is not known could not be told from others when its key changes.
func TestProbeSaysWhoseTheKeyIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status  int
		body    string
		account string
		code    fault.Code
	}{
		{http.StatusOK, `{"id":"acct_1","object":"account"}`, "acct_1", ""},
		{http.StatusOK, `{"object":"account"}`, "", fault.Unavailable},
		{http.StatusUnauthorized, `{"error":{"type":"invalid_request_error","message":"Invalid API Key provided"}}`, "", fault.Invalid},
		{http.StatusForbidden, `{"error":{"type":"invalid_request_error","message":"The key does not have the required permissions"}}`, "", fault.Invalid},
		{http.StatusInternalServerError, `{"error":{"type":"api_error"}}`, "", fault.Unavailable},
	} {
		t.Run(fmt.Sprint(c.status, c.account), func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.URL.String() != "/v1/account" {
					t.Errorf("%s %s", r.Method, r.URL)
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			t.Cleanup(server.Close)
			account, err := newAdapter(t, server.URL, nil).Probe(t.Context())
			require.Equal(t, c.account, account)
			if c.code == "" {
				require.NoError(t, err)
				return
			}
			require.True(t, fault.Is(err, c.code), "%v", err)
			if c.code == fault.Invalid {
				require.Equal(t, "credentials.secret_key", fault.From(err).Param)
			}
		})
	}
}
