package e2e

import (
	"database/sql"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // "pgx", to put an end into the past
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // "sqlite", likewise
)

const settings = "/v3/settings"

// logo is a picture in Base64: a PNG of 64 by 64 pixels.
const logo = "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAYAAACqaXHeAAAA/UlEQVR42u3bwRHCMAxEUdeQcqCztJAKqUbcGZjBya5kTf5BV5x9MRDbyoiIcecaAAAAAAAAAACAvfbnFrPVHuBM6GyM5YO7IdoEd0G0DK9EaBlcCdE+/FWEkvAVnysFyLq4jHHsANk/sHaAygcXx9htwruuQT74KusKOcAq4dXXIxuwYimbBuC4+6/jEZ9VMQtS7/630L8qaxakAcyEn0GwA1SFz0KwA1wJ/y8CAFUA7umv+hqUASjCK2YBAAAAAAD/AjwHAMBagNUg+wHsCLEnyK4w5wKcDHE2yOkw/QF0iNAjRJcYfYJ0itIrTLc47wvwxggAAAAAAAC3rjdC/LJ3QUFEeAAAAABJRU5ErkJggg=="

// purchaseOf is a payment intent as a shop makes one for its checkout.
func purchaseOf(fields ...object) object {
	o := object{
		"success_url": "https://shop.example/thanks?order=998", "cancel_url": "https://shop.example/cart",
		"order_id": "ord_998", "description": "Espresso beans, 1 kg", "customer_email": "jane@example.com",
	}
	for _, f := range fields {
		maps.Copy(o, f)
	}
	return o
}

// update changes one row of the hub's database, for what no command does.
func (h *hub) update(t testing.TB, statement string, args ...any) {
	t.Helper()
	driver, source := "pgx", h.databaseURL
	if source == "" {
		driver, source = "sqlite", "file:"+(&url.URL{Path: h.dir.HubDatabase()}).EscapedPath()+"?_pragma=busy_timeout(30000)"
	}
	db, err := sql.Open(driver, source)
	require.NoError(t, err)
	defer db.Close()
	done, err := db.ExecContext(t.Context(), statement, args...)
	require.NoError(t, err)
	rows, err := done.RowsAffected()
	require.NoError(t, err)
	require.EqualValues(t, 1, rows, statement)
}

// expire ends the hour in which a payment can be confirmed.
func (h *hub) expire(t testing.TB, paymentID string) {
	t.Helper()
	h.update(t, "UPDATE payment_intents SET expires_at = created_at, due_at = created_at WHERE id = $1", paymentID)
}

// file fetches what is no part of the API.
func (h *hub) file(t testing.TB, path string) (contentType string, raw []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.API+path, nil)
	require.NoError(t, err)
	res, err := web.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err = io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.Header.Get("Content-Type"), raw
}

func TestCheckoutPageIsForWhoHoldsTheSecret(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		p, other := s.host(t, purchaseOf()), s.host(t, purchaseOf())
		with := func(path, secret string) answer {
			return s.browser().do(t, http.MethodGet, path, nil, header{"Cookie", "checkout=" + secret})
		}
		page := s.browser().get(t, strings.TrimPrefix(*p.CheckoutURL, h.API))
		require.Equal(t, http.StatusOK, page.status, "%s", page.raw)
		require.Contains(t, string(page.raw), "Espresso beans")
		cookie := page.header.Get("Set-Cookie")
		require.Contains(t, cookie, "checkout="+p.ClientSecret+"; Path=/checkout/"+p.ID+"; Max-Age=")
		require.Contains(t, cookie, "HttpOnly; SameSite=Lax")
		require.Contains(t, string(with("/checkout/"+p.ID, p.ClientSecret).raw), "Espresso beans")

		stranger := s.browser().get(t, "/checkout/"+p.ID)
		for _, refused := range []answer{
			stranger, with("/checkout/"+p.ID, other.ClientSecret), with("/checkout/"+p.ID+"?client_secret=x", p.ClientSecret),
			s.browser().get(t, "/checkout/"+p.ID+"?client_secret="+other.ClientSecret), s.browser().get(t, "/checkout/"+strangerTo(p.ID)),
		} {
			require.Equal(t, http.StatusNotFound, refused.status)
			require.Equal(t, string(stranger.raw), string(refused.raw), "nobody can tell what is there from what is not")
		}
	})
}

func TestSettingsAreTheMerchants(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		type view struct {
			DisplayName string   `json:"display_name"`
			BrandColor  *string  `json:"brand_color"`
			Currencies  []string `json:"currencies"`
			Logo        *struct {
				MediaType string `json:"media_type"`
				Data      string `json:"data"`
			} `json:"logo"`
			Environment string  `json:"environment"`
			UpdatedAt   *string `json:"updated_at"`
		}
		put := func(body object) answer { return s.do(t, http.MethodPut, settings, body) }
		before := read[view](t, s.get(t, settings), http.StatusOK)
		require.NotEmpty(t, before.DisplayName, "the merchant's name")
		require.Equal(t, []string{"USD", "EUR", "MAD"}, before.Currencies)
		require.Nil(t, before.UpdatedAt)

		chosen := object{"display_name": "Café Atlas", "brand_color": "#7A3B12", "currencies": []string{"jpy", "MAD"}, "logo": object{"media_type": "image/png", "data": logo}}
		after := read[view](t, put(chosen), http.StatusOK)
		require.Equal(t, []any{"Café Atlas", "#7a3b12", []string{"JPY", "MAD"}, logo}, []any{after.DisplayName, *after.BrandColor, after.Currencies, after.Logo.Data})
		require.Equal(t, after, read[view](t, s.get(t, settings), http.StatusOK))
		live := s.newKey(t, "--environment", "live")
		require.Equal(t, before.DisplayName, read[view](t, live.get(t, settings), http.StatusOK).DisplayName, "each environment has its own")

		p := s.host(t, purchaseOf(object{"currency": "JPY"}))
		contentType, picture := h.file(t, "/checkout/"+p.ID+"/logo?client_secret="+p.ClientSecret)
		require.Equal(t, "image/png", contentType)
		require.Equal(t, logo, base64.StdEncoding.EncodeToString(picture))
		require.Contains(t, string(s.browser().get(t, strings.TrimPrefix(*p.CheckoutURL, h.API)).raw), "Café Atlas")

		for field, wrong := range map[string]object{
			"display_name": {"display_name": " "}, "brand_color": {"brand_color": "red"}, "currencies[1]": {"currencies": []string{"USD", "ZZZ"}}, "currencies": {"currencies": []string{}},
			"logo.data":       {"logo": object{"media_type": "image/jpeg", "data": logo}},
			"logo.media_type": {"logo": object{"media_type": "image/svg+xml", "data": "PHN2Zy8+"}},
		} {
			body := object{"display_name": "Café Atlas"}
			maps.Copy(body, wrong)
			require.Equal(t, field, put(body).failure(t, http.StatusBadRequest, "validation_failed").Param)
		}
		require.Equal(t, "display_name", put(object{}).failure(t, http.StatusBadRequest, "validation_failed").Param)
		require.Equal(t, after, read[view](t, s.get(t, settings), http.StatusOK), "what was refused changed nothing")
		reset := read[view](t, put(object{"display_name": "Café Atlas"}), http.StatusOK)
		require.Equal(t, before.Currencies, reset.Currencies)
		require.Nil(t, reset.BrandColor)
		require.Nil(t, reset.Logo)
	})
}
