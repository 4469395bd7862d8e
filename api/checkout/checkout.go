// Package checkout serves the hosted checkout page to shoppers. What it tells of
// a payment it tells to who holds the payment's client secret, and it never sees
// card data: the page sends that to the acquiring façade's public confirm.
package checkout

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"paymenthub/api/middleware"
	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/web/checkout"
)

// Settings reads what a merchant has chosen; merchant.SettingsCache is it.
type Settings interface {
	Settings(ctx context.Context, scope merchant.Scope) (merchant.Settings, error)
}

// Options are what the page stands on.
type Options struct {
	Payments Payments
	Settings Settings
	Secrets  payment.ClientSecrets
	Proxies  middleware.Proxies
	Clock    clock.Clock
}

// Checkout serves the page.
type Checkout struct{ Options }

// New makes it.
func New(o Options) *Checkout { return &Checkout{o} }

// Facade is what the shared middleware needs to know.
func (h *Checkout) Facade() *middleware.Facade {
	return &middleware.Facade{Name: "checkout", KeyOf: func(*http.Request) string { return "" }, Page: failurePage}
}

// Page is GET /checkout/{id}: the page, for who opens the payment's checkout URL
// or has the cookie that opening it left.
func (h *Checkout) Page(c *gin.Context) {
	p, secret, err := h.find(c)
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	settings, err := h.Settings.Settings(c.Request.Context(), p.Scope)
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	view := h.view(p, secret, settings, localeOf(c))
	if err := h.choose(c.Request.Context(), p, &view); err != nil {
		middleware.Fail(c, err)
		return
	}
	h.remember(c, p, secret)
	onward(c, p)
	send(c, http.StatusOK, checkout.Draw(view))
}

// choose says which methods the shopper can choose from, and which one they chose last.
func (h *Checkout) choose(ctx context.Context, p payment.Intent, v *checkout.View) error {
	if v.State != checkout.Form && v.State != checkout.Action {
		return nil
	}
	tried, err := h.Payments.Attempts(ctx, p)
	if err != nil {
		return err
	}
	if len(tried) > 0 {
		v.Payment.Method = tried[len(tried)-1].Method
	}
	if v.State == checkout.Form {
		offered, err := h.Payments.Methods(ctx, p)
		if err != nil && !fault.Is(err, fault.Unavailable) {
			return err
		}
		v.Payment.Methods, v.Payment.Cards = offered, len(offered) == 0 || slices.Contains(offered, payment.MethodCard)
	}
	return nil
}

// Logo is GET /checkout/{id}/logo: the merchant's, for who may see the page.
func (h *Checkout) Logo(c *gin.Context) {
	p, _, err := h.find(c)
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	settings, err := h.Settings.Settings(c.Request.Context(), p.Scope)
	if err == nil && settings.Logo == nil {
		err = fault.New(fault.NotFound, "The merchant has no logo.")
	}
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	c.Header("Content-Security-Policy", "default-src 'none'; sandbox")
	c.Header("Cache-Control", "private, max-age=3600") // its address changes with it
	c.Data(http.StatusOK, settings.Logo.MediaType, settings.Logo.Data)
}

// Asset is GET /checkout/assets/{file}: the page's style and script.
func (h *Checkout) Asset(c *gin.Context) {
	middleware.SendAsset(c, checkout.Assets)
}

// find returns the payment in the path for who presents its client secret.
// Nothing is looked up before the secret is known to be ours.
func (h *Checkout) find(c *gin.Context) (payment.Intent, string, error) {
	nothing := fault.New(fault.NotFound, "There is no such payment for this browser.")
	paymentID, secret := c.Param("id"), presented(c)
	if !id.Valid(id.Payment, paymentID) || !h.Secrets.Check(paymentID, secret) {
		return payment.Intent{}, "", nothing
	}
	middleware.SetPayment(c, paymentID)
	p, err := h.Payments.Find(c.Request.Context(), paymentID)
	if err != nil {
		return payment.Intent{}, "", err
	}
	if p.Scope.Environment == merchant.Live && !h.Proxies.Secure(c) {
		return payment.Intent{}, "", fault.New(fault.Forbidden, "Live payments are shown over HTTPS only.")
	}
	return p, secret, nil
}

// view says what the page shows of a payment.
func (h *Checkout) view(p payment.Intent, secret string, s merchant.Settings, l checkout.Locale) checkout.View {
	now := h.Clock.Now()
	shown := &checkout.Payment{
		ID: p.ID, Secret: secret, Test: p.Scope.Environment == merchant.Sandbox,
		Merchant: s.DisplayName, BrandColor: s.BrandColor,
		Amount: p.Money(), Description: p.Description, Statement: p.StatementDescriptor, Email: p.Customer.Email, ShopperEmail: p.Customer.ShopperEmail,
		MaySave: p.CustomerID != "", ActionURL: p.RedirectURL,
		AttemptsLeft: p.AttemptLimit - p.Confirmations(), ExpiresIn: max(0, p.ExpiresAt.Sub(now)),
	}
	if s.Logo != nil {
		shown.LogoURL = "/checkout/" + p.ID + "/logo?v=" + strconv.FormatInt(s.UpdatedAt.Unix(), 36)
	}
	if p.Checkout != nil {
		shown.OrderID = p.Checkout.OrderID
		shown.SuccessURL, shown.CancelURL = p.Checkout.PaidURL(p.ID), p.Checkout.BackURL()
	}
	if p.Status == payment.RequiresPaymentMethod && p.LastError != nil {
		shown.LastDecline = p.LastError.Code
	}
	return checkout.View{State: stateOf(p, now), Locale: l, Payment: shown}
}

// stateOf says which of its faces the page shows.
func stateOf(p payment.Intent, now time.Time) checkout.State {
	over := !now.Before(p.ExpiresAt)
	switch p.Status {
	case payment.Succeeded, payment.RequiresCapture:
		return checkout.Paid
	case payment.Processing:
		return checkout.Processing
	case payment.Failed:
		return checkout.Declined
	case payment.Canceled:
		return checkout.Canceled
	case payment.Expired:
		return checkout.Expired
	case payment.RequiresAction:
		if !over {
			return checkout.Action
		}
	case payment.RequiresConfirmation, payment.RequiresPaymentMethod:
		if !over {
			return checkout.Form
		}
	}
	return checkout.Expired
}

// failurePage shows a failure to people.
func failurePage(c *gin.Context, err error) middleware.Answer {
	code, state := fault.From(err).Code, checkout.Failed
	switch code {
	case fault.NotFound:
		state = checkout.Missing
	case fault.RateLimited:
		state = checkout.Busy
	}
	drawn := checkout.Draw(checkout.View{State: state, Locale: localeOf(c)})
	c.Header("Content-Security-Policy", drawn.Policy)
	return middleware.Answer{Status: middleware.PageStatus(code), ContentType: contentType, Body: drawn.Body}
}

const contentType = "text/html; charset=utf-8"

func send(c *gin.Context, status int, drawn checkout.Page) {
	c.Header("Content-Security-Policy", drawn.Policy)
	c.Data(status, contentType, drawn.Body)
}
