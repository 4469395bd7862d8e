package acquiring

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	openapi "paymenthub/api/openapi/acquiring"
	"paymenthub/internal/fault"
	"paymenthub/internal/payment"
)

// secretParameter carries the client secret in a query.
const secretParameter = "client_secret"

// GetPublicIntent is GET /api/public/payment-intents/{id}.
func (a *API) GetPublicIntent(c *gin.Context) (answer, error) {
	if _, err := decode.Query(c.Request, secretParameter); err != nil {
		return answer{}, err
	}
	return a.toShopper(c, middleware.Shopping(c))
}

// ConfirmPublicIntent is POST /api/public/payment-intents/{id}/confirm.
func (a *API) ConfirmPublicIntent(c *gin.Context) (answer, error) {
	var body openapi.ConfirmRequest
	if err := readRequest(c, &body, secretParameter); err != nil {
		return answer{}, err
	}
	if err := email("customer_email", body.CustomerEmail); err != nil {
		return answer{}, err
	}
	p, save := middleware.Shopping(c), body.SaveCard != nil && *body.SaveCard
	if save && p.CustomerID == "" {
		return answer{}, fault.Field("save_card", "Field 'save_card' must be false: this payment names no customer to keep the card for.")
	}
	card, err := a.card(body.Card)
	if err != nil {
		return answer{}, err
	}
	method := payment.Method{
		Type: payment.MethodCard, Card: card, Save: save, Shopper: payment.Shopper{IP: middleware.ClientIP(c), Email: text(body.CustomerEmail)},
	}
	if p, err = a.payments.Confirm(c.Request.Context(), p.Scope, p.ID, middleware.OperationID(c), method); err != nil {
		return answer{}, a.explain(c, middleware.Shopping(c).ID, err, confirm)
	}
	if err := attempted(p); err != nil {
		return answer{}, a.explain(c, p.ID, err, confirm)
	}
	return a.toShopper(c, p)
}

// toShopper answers with what the shopper may see of a payment.
func (a *API) toShopper(c *gin.Context, p payment.Intent) (answer, error) {
	settings, err := a.settings.Settings(c.Request.Context(), p.Scope)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, openapi.PublicIntentAnswer{Success: true, Data: renderPublic(p, settings)}}, nil
}
