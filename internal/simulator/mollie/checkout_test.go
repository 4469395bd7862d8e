package mollie

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// browse makes a request as a browser does, without following where it is sent.
func (w *world) browse(method, address string, form url.Values) (status int, location, page string) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(w, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	require.NoError(w, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(w, err)
	return response.StatusCode, response.Header.Get("Location"), string(text)
}

func TestTheShopperChoosesHowItEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, end := range choices {
		o := order("ideal", "12.50", "EUR")
		o["description"] = "Order <998>"
		made := w.ok(http.MethodPost, "/v2/payments", o)
		id, address := made["id"].(string), made["_links"].(m)["checkout"].(m)["href"].(string)
		status, _, page := w.browse(http.MethodGet, address, nil)
		require.Equal(t, http.StatusOK, status)
		for _, shown := range []string{"iDEAL", "12.50", "Order &lt;998&gt;", "prefers-color-scheme: dark", `href="https://shop.example/back"`} {
			require.Contains(t, page, shown)
		}
		for _, choice := range choices {
			require.Contains(t, page, `value="`+choice+`"`)
		}

		status, _, _ = w.browse(http.MethodPost, address, url.Values{"status": {"pending"}})
		require.Equal(t, http.StatusBadRequest, status)
		status, _, _ = w.browse(http.MethodPost, address+"x", url.Values{"status": {end}})
		require.Equal(t, http.StatusNotFound, status)
		require.Equal(t, "open", w.payment(id)["status"])

		status, location, _ := w.browse(http.MethodPost, address, url.Values{"status": {end}})
		require.Equal(t, []any{http.StatusSeeOther, "https://shop.example/back"}, []any{status, location})
		require.Equal(t, end, w.payment(id)["status"])
		_, _, page = w.browse(http.MethodGet, address, nil)
		require.Contains(t, page, "This payment is "+end)
		require.NotContains(t, page, "<form")

		// Choosing again only leads back.
		status, _, _ = w.browse(http.MethodPost, address, url.Values{"status": {statusPaid}})
		require.Equal(t, http.StatusSeeOther, status)
		require.Equal(t, end, w.payment(id)["status"])
	}
	status, _, _ := w.browse(http.MethodGet, w.server.URL+"/checkout/tr_none/x", nil)
	require.Equal(t, http.StatusNotFound, status)
	require.Len(t, w.charges(), 1)
}

func TestTheShopperWithoutABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.opened("paypal", "5.00", "EUR")
	for path, want := range map[string]int{"/_sim/3ds/tr_none": http.StatusNotFound, "/_sim/3ds/" + id: http.StatusBadRequest} {
		outcome := map[int]string{http.StatusNotFound: "approve", http.StatusBadRequest: "perhaps"}[want]
		status, _, _ := w.call("sandbox", http.MethodPost, path, "", m{"outcome": outcome})
		require.Equal(t, want, status)
	}
	back := w.ok(http.MethodPost, "/_sim/3ds/"+id, m{"outcome": "cancel"})
	require.Equal(t, "https://shop.example/back", back["return_url"])
	require.Equal(t, "canceled", w.payment(id)["status"])
}
