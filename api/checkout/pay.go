package checkout

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"paymenthub/api/middleware"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

// Payments is what the page asks of the payment core; payment.Service is it.
type Payments interface {
	middleware.Finder
	Methods(ctx context.Context, p payment.Intent) ([]payment.MethodType, error)
	Attempts(ctx context.Context, p payment.Intent) ([]payment.Attempt, error)
	Confirm(ctx context.Context, scope merchant.Scope, paymentID, operationID string, m payment.Method) (payment.Intent, error)
}

// forward in the page's query sends a shopper who has just chosen a method on to its
// provider at once.
const forward = "forward"

// Pay is POST /checkout/{id}/pay: the shopper has chosen a method that is paid at its
// provider's page. They are sent back to the page, which forwards them, since a form
// may lead to its own origin alone (form-action). What is sent twice finds the payment
// confirmed already.
func (h *Checkout) Pay(c *gin.Context) {
	p, _, err := h.find(c)
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	to := "/checkout/" + p.ID
	if p, err = h.confirm(c, p); err != nil {
		middleware.Fail(c, err)
		return
	}
	if p.Status == payment.RequiresAction {
		to += "?" + forward + "=1"
	}
	c.Redirect(http.StatusSeeOther, to)
}

// confirm begins to take the payment with the method that the form names. A payment
// that cannot be confirmed (any more) so is returned as it is.
func (h *Checkout) confirm(c *gin.Context, p payment.Intent) (payment.Intent, error) {
	ctx := c.Request.Context()
	form, err := url.ParseQuery(string(middleware.Body(c)))
	if err != nil {
		return p, fault.New(fault.Invalid, "The form cannot be read.")
	}
	offered, err := h.Payments.Methods(ctx, p)
	if err != nil {
		return p, err
	}
	method := payment.MethodType(form.Get("method"))
	if method == payment.MethodCard || !slices.Contains(offered, method) {
		return p, nil
	}
	confirmed, err := h.Payments.Confirm(ctx, p.Scope, p.ID, id.NewSuffix(), payment.Method{
		Type: method, Shopper: payment.Shopper{IP: middleware.ClientIP(c)},
	})
	if fault.Is(err, fault.InvalidState) || fault.Is(err, fault.Invalid) {
		return h.Payments.Find(ctx, p.ID)
	}
	return confirmed, err
}

// onward sends the shopper on to the page where the payment waits for them.
func onward(c *gin.Context, p payment.Intent) {
	if p.Status != payment.RequiresAction || c.Query(forward) == "" {
		return
	}
	if u, err := url.Parse(p.RedirectURL); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		c.Header("Refresh", "0; url="+u.String())
	}
}
