package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

// choose sends the page's form as a browser does: with the page's cookie alone.
func (s *stage) choose(p payment.Intent, form string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/checkout/"+p.ID+"/pay", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Cookie", "checkout="+s.secrets.For(p.ID))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return serve(s, r)
}

func TestTheShopperChoosesAnotherMethod(t *testing.T) {
	s := newStage(t)
	s.core.offered = []payment.MethodType{payment.MethodCard, payment.MethodPayPal, payment.MethodIDEAL}
	p := s.offered(nil)
	opened := "/checkout/" + p.ID + "?client_secret=" + s.secrets.For(p.ID)
	page := s.browse(opened)
	require.Contains(t, page.Body.String(), `name="method" value="paypal"`)
	require.Contains(t, page.Body.String(), `name="method" value="ideal"`)
	require.NotContains(t, page.Body.String(), "bancontact")
	require.Contains(t, page.Body.String(), `id="number"`)
	require.Contains(t, page.Header().Get("Content-Security-Policy"), "form-action 'self'")

	s.core.outcome = payment.RequiresAction
	w := s.choose(p, "method=paypal")
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
	require.Equal(t, "/checkout/"+p.ID+"?forward=1", w.Header().Get("Location"), "a form leads to its own origin alone")
	require.Equal(t, payment.MethodPayPal, s.core.methods[0].Type)
	require.NotEmpty(t, s.core.methods[0].Shopper.IP)

	s.core.attempts = []payment.Attempt{{Method: payment.MethodPayPal}}
	cookie := []string{"Cookie", "checkout=" + s.secrets.For(p.ID)}
	away := s.browse(w.Header().Get("Location"), cookie...)
	require.Equal(t, "0; url=https://issuer.example/3ds?x=1&y=2", away.Header().Get("Refresh"))
	require.Contains(t, away.Body.String(), "Continue to PayPal")
	back := s.browse("/checkout/"+p.ID, cookie...)
	require.Empty(t, back.Header().Get("Refresh"), "who comes back is not sent away again")
	require.Contains(t, back.Body.String(), "Continue to PayPal")
}

func TestAFormThatBeginsNothing(t *testing.T) {
	s := newStage(t)
	s.core.offered = []payment.MethodType{payment.MethodCard, payment.MethodPayPal}
	p := s.offered(nil)
	for _, form := range []string{"method=ideal", "method=card", "method=", "", "method=paypal%00", "other=paypal"} {
		w := s.choose(p, form)
		require.Equal(t, http.StatusSeeOther, w.Code, form)
		require.Equal(t, "/checkout/"+p.ID, w.Header().Get("Location"), form)
	}
	require.Equal(t, http.StatusBadRequest, s.choose(p, "method=%zz").Code)
	require.Equal(t, http.StatusUnsupportedMediaType, s.choose(p, `{"method":"paypal"}`, "Content-Type", "application/json").Code)
	for _, stranger := range []string{"", "checkout=" + s.secrets.For(id.New(id.Payment))} {
		require.Equal(t, http.StatusNotFound, s.choose(p, "method=paypal", "Cookie", stranger).Code)
	}
	require.Empty(t, s.core.methods)

	// Pressed twice, or in two windows: the second finds the payment under way.
	s.core.fail = fault.New(fault.InvalidState, "It is under way.")
	p.Status, p.RedirectURL = payment.RequiresAction, "javascript:alert(1)"
	s.core.payments[p.ID] = p
	w := s.choose(p, "method=paypal")
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/checkout/"+p.ID+"?forward=1", w.Header().Get("Location"))
	away := s.browse(w.Header().Get("Location"), "Cookie", "checkout="+s.secrets.For(p.ID))
	require.Empty(t, away.Header().Get("Refresh"), "only to another page")
	require.NotContains(t, away.Body.String(), `href="javascript:`)

	s.core.fail = fault.New(fault.Unavailable, "Not now.")
	require.Equal(t, http.StatusServiceUnavailable, s.choose(p, "method=paypal").Code)
}
