package hub

import (
	"cmp"
	"regexp"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/customer"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/routing"
)

var (
	simulatedBIN   = regexp.MustCompile(`^[0-9]{6,8}$`)
	simulatedBrand = regexp.MustCompile(`^[a-z_]{0,20}$`)
	countryCode    = regexp.MustCompile(`^[A-Z]{2}$`)
)

// SimulateRouting is POST /v3/routing/simulate.
func (a *API) SimulateRouting(c *gin.Context) (any, error) {
	var body openapi.SimulateRoutingRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	h, err := a.newHypothesis(middleware.Scope(c), body)
	if err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	if body.Version != nil {
		if *body.Version < 1 || *body.Version > maxVersion || !id.Valid(id.RoutingProfile, h.Routing) || h.Rules != nil {
			return nil, fault.Field("version", "Field 'version' must be a version of the profile that 'routing' names, without 'rules'.")
		}
		v, err := a.routing.Version(ctx, h.Scope, h.Routing, *body.Version)
		if err != nil {
			return nil, err
		}
		h.Rules = &v.Rules
	}
	if body.Rules != nil {
		if err := a.routing.Check(ctx, h.Scope, *h.Rules); err != nil {
			return nil, ofRules(err)
		}
	}
	d, err := a.routing.Simulate(ctx, h)
	if err != nil {
		return nil, err
	}
	return decisionView(&d), nil
}

// ofRules names the field of a fault in rules as it stands in the body of a simulation.
func ofRules(err error) error {
	f := fault.From(err)
	if f.Param == "" {
		return err
	}
	return fault.Field("rules."+f.Param, "%s", strings.Replace(f.Message, "'"+f.Param, "'rules."+f.Param, 1))
}

func (a *API) newHypothesis(scope merchant.Scope, body openapi.SimulateRoutingRequest) (routing.Hypothesis, error) {
	h := routing.Hypothesis{
		Question: routing.Question{Scope: scope, CustomerID: text(body.CustomerID), PaymentID: text(body.IntentID), BillingCountry: text(body.BillingCountry), At: a.clock.Now()},
		Routing:  payment.RoutingAuto,
	}
	if err := decode.Amount(body.Amount); err != nil {
		return h, err
	}
	currency, err := money.ParseCurrency(body.Currency)
	if err != nil {
		return h, fault.Field("currency", "Field 'currency' must be an ISO 4217 currency code.")
	}
	h.Amount = money.New(body.Amount, currency)
	if body.Routing != nil {
		if h.Routing = *body.Routing; !routingName.MatchString(h.Routing) || decode.HoldsCardNumber(h.Routing) {
			return h, noRouting()
		}
	}
	switch {
	case body.CustomerID != nil && !id.Valid(id.Customer, h.CustomerID):
		return h, customer.Unknown()
	case body.IntentID != nil && !id.Valid(id.Payment, h.PaymentID):
		return h, fault.Field("intent_id", "Field 'intent_id' must be an id, 'pi_…'.")
	case body.BillingCountry != nil && !countryCode.MatchString(h.BillingCountry):
		return h, fault.Field("billing_country", "Field 'billing_country' must be an ISO 3166-1 code of two letters.")
	}
	if body.At != nil {
		h.At = body.At.UTC()
	}
	if body.Metadata != nil {
		h.Metadata = *body.Metadata
	}
	if err := simulateMethod(&h, body); err != nil {
		return h, err
	}
	if body.Rules != nil {
		rules, err := newRuleSet("rules.", *body.Rules)
		h.Rules = &rules
		return h, err
	}
	return h, nil
}

// simulateMethod takes over what the payment would be made with.
func simulateMethod(h *routing.Hypothesis, body openapi.SimulateRoutingRequest) error {
	if body.CaptureMethod != nil {
		switch payment.CaptureMethod(*body.CaptureMethod) {
		case payment.CaptureManual:
			h.Manual = true
		case payment.CaptureAutomatic:
		default:
			return fault.Field("capture_method", "Field 'capture_method' must be 'automatic' or 'manual'.")
		}
	}
	if body.Method != nil {
		h.Method = string(*body.Method)
		if !knownMethod(h.Method) {
			return fault.Field("method", "Field 'method' must be 'card', 'paypal', 'ideal' or 'bancontact'.")
		}
	}
	if body.Card == nil {
		return nil
	}
	if h.Method = cmp.Or(h.Method, string(payment.MethodCard)); h.Method != string(payment.MethodCard) {
		return fault.Field("card", "Field 'card' belongs to the method 'card'.")
	}
	h.Brand, h.BIN, h.CardCountry = text(body.Card.Brand), text(body.Card.BIN), text(body.Card.Country)
	switch {
	case !simulatedBrand.MatchString(h.Brand):
		return fault.Field("card.brand", "Field 'card.brand' must be a brand, such as 'visa'.")
	case body.Card.BIN != nil && !simulatedBIN.MatchString(h.BIN):
		return fault.Field("card.bin", "Field 'card.bin' must be the card's leading 6 to 8 digits.")
	case body.Card.Country != nil && !countryCode.MatchString(h.CardCountry):
		return fault.Field("card.country", "Field 'card.country' must be an ISO 3166-1 code of two letters.")
	}
	return nil
}

func knownMethod(name string) bool {
	for _, m := range payment.MethodTypes {
		if string(m) == name {
			return true
		}
	}
	return false
}

func noRouting() error {
	return fault.Field("routing", "Field 'routing' must be 'auto', the name of a gateway or the id of a routing profile.")
}

// defaultStatsMinutes is how far statistics reach back unless they are asked otherwise.
const defaultStatsMinutes = int(routing.MaxStatsWindow / time.Minute)

// GetRoutingStats is GET /v3/routing/stats.
func (a *API) GetRoutingStats(c *gin.Context) (any, error) {
	values, err := decode.Query(c.Request, "minutes")
	if err != nil {
		return nil, err
	}
	minutes, err := decode.Integer(values, "minutes", 1, defaultStatsMinutes, defaultStatsMinutes)
	if err != nil {
		return nil, err
	}
	stats, err := a.routing.Stats(c.Request.Context(), middleware.Scope(c), time.Duration(minutes)*time.Minute)
	if err != nil {
		return nil, err
	}
	return openapi.RoutingStats{
		Object: openapi.RoutingStatsObjectRoutingStats, From: utc(stats.From), To: utc(stats.To),
		Rates: views(stats.Rates, rateView), Health: views(stats.Health, healthView),
	}, nil
}
