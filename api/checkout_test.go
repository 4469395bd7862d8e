package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/api"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

// offered puts a payment with a hosted page into the core.
func (s *stage) offered(change func(*payment.Intent)) payment.Intent {
	p := payment.Intent{
		ID: id.New(id.Payment), Scope: s.scope, Status: payment.RequiresConfirmation, Amount: 9999, Currency: "USD", AttemptLimit: 3,
		ExpiresAt: s.clock.Now().Add(time.Hour), Customer: payment.Customer{Email: "jane@example.com"},
		Checkout: &payment.Checkout{SuccessURL: "https://shop.example/thanks?order=1&payment_intent=old", CancelURL: "https://shop.example/cart", OrderID: "ord_998"},
	}
	if change != nil {
		change(&p)
	}
	s.core.payments[p.ID] = p
	return p
}

// browse asks for a page as a browser does: without a key.
func (s *stage) browse(path string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.call(http.MethodGet, path, "", append([]string{"Authorization", ""}, headers...)...)
}

func TestCheckoutShowsWhereThePaymentStands(t *testing.T) {
	s := newStage(t)
	for _, test := range []struct {
		status payment.Status
		late   bool
		face   string
	}{
		{payment.RequiresConfirmation, false, "form"}, {payment.RequiresPaymentMethod, false, "form"}, {payment.RequiresAction, false, "action"},
		{payment.RequiresConfirmation, true, "expired"}, {payment.RequiresPaymentMethod, true, "expired"}, {payment.RequiresAction, true, "expired"},
		{payment.Processing, false, "processing"}, {payment.Processing, true, "processing"},
		{payment.Succeeded, true, "paid"}, {payment.RequiresCapture, false, "paid"},
		{payment.Failed, false, "declined"}, {payment.Canceled, false, "canceled"}, {payment.Expired, true, "expired"},
	} {
		p := s.offered(func(p *payment.Intent) {
			p.Status, p.RedirectURL = test.status, "https://issuer.example/3ds"
			if test.late {
				p.ExpiresAt = s.clock.Now()
			}
		})
		w := s.browse("/checkout/" + p.ID + "?client_secret=" + s.secrets.For(p.ID))
		require.Equal(t, http.StatusOK, w.Code)
		require.Contains(t, w.Body.String(), `<body class="`+test.face+`">`, "%s, late: %t", test.status, test.late)
		require.Contains(t, w.Body.String(), "ord_998")
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
	}
	paid := s.offered(func(p *payment.Intent) { p.Status = payment.Succeeded })
	require.Contains(t, s.browse("/checkout/"+paid.ID+"?client_secret="+s.secrets.For(paid.ID)).Body.String(),
		`href="https://shop.example/thanks?order=1&amp;payment_intent=`+paid.ID+`"`)
	again := s.offered(func(p *payment.Intent) {
		d := payment.NewDecline(payment.DeclineFraud)
		p.Status, p.LastError, p.Attempts = payment.RequiresPaymentMethod, &d, 2
	})
	body := s.browse("/checkout/" + again.ID + "?client_secret=" + s.secrets.For(again.ID)).Body.String()
	require.Contains(t, body, "Your card was declined. Try another card, or ask your bank. You have not been charged.")
	require.Contains(t, body, "You can try once more.")
	require.NotContains(t, strings.ToLower(body), "fraud")
}

func TestCheckoutIsOpenedByItsSecretAlone(t *testing.T) {
	s := newStage(t)
	p, other := s.offered(nil), s.offered(nil)
	secret, path := s.secrets.For(p.ID), "/checkout/"+p.ID
	first := s.browse(path + "?client_secret=" + secret)
	require.Equal(t, http.StatusOK, first.Code)
	cookies := first.Result().Cookies()
	require.Len(t, cookies, 1)
	require.Equal(t, http.Cookie{
		Name: "checkout", Value: secret, Path: path, MaxAge: 25 * 60 * 60, HttpOnly: true, SameSite: http.SameSiteLaxMode, Raw: cookies[0].Raw,
	}, *cookies[0])
	anew := regexp.MustCompile(`nonce="\w+"`)
	require.Equal(t, anew.ReplaceAllString(first.Body.String(), ""), anew.ReplaceAllString(s.browse(path, "Cookie", "checkout="+secret).Body.String(), ""))

	nobody := s.browse(path).Body.String()
	require.Contains(t, nobody, "open the payment from there again")
	for _, headers := range [][]string{{"Cookie", "checkout=" + s.secrets.For(other.ID)}, {"Cookie", "checkout="}, {"Cookie", "locale=fr; checkout=\x00"}} {
		w := s.browse(path, append(headers, "Accept-Language", "en")...)
		require.Equal(t, http.StatusNotFound, w.Code)
		require.NotContains(t, w.Body.String(), "9.99")
	}
	for _, refused := range []string{
		path + "?client_secret=" + s.secrets.For(other.ID), path + "?client_secret=" + secret + "x", path + "?client_secret=",
		"/checkout/" + id.New(id.Payment) + "?client_secret=" + secret, "/checkout/nothing",
	} {
		w := s.browse(refused)
		require.Equal(t, http.StatusNotFound, w.Code, refused)
		require.Equal(t, nobody, w.Body.String(), "%s tells nothing", refused)
		require.Empty(t, w.Result().Cookies())
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
	}
	for _, refused := range []string{path + "/logo", path + "/logo?client_secret=" + s.secrets.For(other.ID), path + "/logo?client_secret=" + secret} {
		require.Equal(t, nobody, serve(s, s.request(http.MethodGet, refused, "")).Body.String(), "there is no logo")
	}
	gone := id.New(id.Payment)
	require.Equal(t, nobody, s.browse("/checkout/"+gone+"?client_secret="+s.secrets.For(gone)).Body.String())
	for _, entry := range s.logs.All() {
		require.NotContains(t, fmt.Sprint(entry.Message, entry.ContextMap()), "_secret_")
	}
}

func TestCheckoutSpeaksTheShoppersLanguage(t *testing.T) {
	s := newStage(t)
	p := s.offered(nil)
	path := "/checkout/" + p.ID
	open := func(query string, headers ...string) *httptest.ResponseRecorder {
		return s.browse(path+query, append([]string{"Cookie", "checkout=" + s.secrets.For(p.ID)}, headers...)...)
	}
	require.Contains(t, open("", "Accept-Language", "fr-CH, fr;q=0.9").Body.String(), `<html lang="fr" dir="ltr">`)
	chosen := open("?locale=ar", "Accept-Language", "fr")
	require.Contains(t, chosen.Body.String(), `<html lang="ar" dir="rtl">`)
	require.Equal(t, "locale", chosen.Result().Cookies()[1].Name)
	later := s.browse(path, "Cookie", "locale=ar; checkout="+s.secrets.For(p.ID), "Accept-Language", "fr")
	require.Contains(t, later.Body.String(), `<html lang="ar" dir="rtl">`, "a choice is remembered")
	require.Contains(t, s.browse(path, "Accept-Language", "de").Body.String(), "Diese Seite kann nicht gezeigt werden")
}

func TestCheckoutOverTLS(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.TrustedProxies = []string{"192.0.2.0/24"} })
	p := s.offered(nil)
	w := s.browse("/checkout/"+p.ID+"?client_secret="+s.secrets.For(p.ID), "X-Forwarded-Proto", "https")
	require.True(t, w.Result().Cookies()[0].Secure)
	live := s.offered(func(p *payment.Intent) { p.Scope.Environment = merchant.Live })
	require.Equal(t, http.StatusForbidden, s.browse("/checkout/"+live.ID+"?client_secret="+s.secrets.For(live.ID)).Code)
	w = s.browse("/checkout/"+live.ID+"?client_secret="+s.secrets.For(live.ID), "X-Forwarded-Proto", "https")
	require.Equal(t, http.StatusOK, w.Code)
	require.NotContains(t, w.Body.String(), "Test mode")
}

func TestCheckoutIsLimitedByAddress(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.PublicLimit = api.RateLimit{PerMinute: 1, Burst: 1} })
	s.browse("/checkout/x")
	w := s.browse("/checkout/x", "Accept-Language", "es")
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	require.Contains(t, w.Body.String(), "no se le cobrará dos veces")
	require.NotEmpty(t, w.Header().Get("Retry-After"))
}

func TestCheckoutFilesNeverChange(t *testing.T) {
	s := newStage(t)
	p := s.offered(nil)
	page := s.browse("/checkout/" + p.ID + "?client_secret=" + s.secrets.For(p.ID)).Body.String()
	_, rest, _ := strings.Cut(page, `src="/checkout/assets/`)
	name, _, _ := strings.Cut(rest, `"`)
	r := s.request(http.MethodGet, "/checkout/assets/"+name, "")
	w := serve(s, r)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "text/javascript; charset=utf-8", w.Header().Get("Content-Type"))
	require.Contains(t, w.Header().Get("Cache-Control"), "immutable")
	r = s.request(http.MethodGet, "/checkout/assets/"+name, "", "Accept-Encoding", "gzip")
	require.Equal(t, "gzip", serve(s, r).Header().Get("Content-Encoding"))
	require.Equal(t, http.StatusNotFound, serve(s, s.request(http.MethodGet, "/checkout/assets/checkout.js", "")).Code)
}

func TestShoppersReturnToOrPastTheHostedPage(t *testing.T) {
	s := newStage(t)
	for status, want := range map[payment.Status]string{
		payment.Succeeded: "https://shop.example/thanks?order=1&payment_intent=%s", payment.RequiresCapture: "https://shop.example/thanks?order=1&payment_intent=%s",
		payment.RequiresPaymentMethod: "/checkout/%s", payment.Failed: "/checkout/%s", payment.Processing: "/checkout/%s",
		payment.RequiresAction: "/checkout/%s", payment.Canceled: "/checkout/%s", payment.Expired: "/checkout/%s",
	} {
		p := s.offered(func(p *payment.Intent) { p.Status = status })
		w := s.browse(s.back(p.ID))
		require.Equal(t, http.StatusSeeOther, w.Code)
		require.Equal(t, fmt.Sprintf(want, p.ID), w.Header().Get("Location"), status)
	}
	s.core.attempts = []payment.Attempt{{ReturnURL: "https://shop.example/own"}}
	p := s.offered(func(p *payment.Intent) { p.Status = payment.Succeeded })
	require.Equal(t, "https://shop.example/own?payment_intent="+p.ID+"&redirect_status=succeeded", s.browse(s.back(p.ID)).Header().Get("Location"))
}

// back is where an issuer sends the payment's shopper.
func (s *stage) back(paymentID string) string {
	return "/return/" + paymentID + "?return_token=" + s.secrets.ForReturn(paymentID)
}
