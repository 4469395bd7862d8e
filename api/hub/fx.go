package hub

import (
	"context"
	"strings"

	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/fault"
	"paymenthub/internal/fx"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// FX quotes exchange rates; fx.Service is it.
type FX interface {
	Quote(ctx context.Context, a fx.Asked) (fx.Quote, error)
	GetQuote(ctx context.Context, scope merchant.Scope, quoteID string) (fx.Quote, error)
}

// CreateQuote is POST /v3/fx/quotes.
func (a *API) CreateQuote(c *gin.Context) (any, error) {
	var body openapi.FxQuoteRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	asked, err := newQuote(body)
	if err != nil {
		return nil, err
	}
	asked.ID, asked.Scope = id.Join(id.FXQuote, middleware.OperationID(c)), middleware.Scope(c)
	made, err := a.fx.Quote(c.Request.Context(), asked)
	return quoteView(made), err
}

// GetQuote is GET /v3/fx/quotes/{id}.
func (a *API) GetQuote(c *gin.Context) (any, error) {
	quoteID, err := middleware.PathID(c, id.FXQuote, "FX quote")
	if err != nil {
		return nil, err
	}
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	found, err := a.fx.GetQuote(c.Request.Context(), middleware.Scope(c), quoteID)
	return quoteView(found), err
}

// newQuote checks what a merchant asks a quote for.
func newQuote(body openapi.FxQuoteRequest) (fx.Asked, error) {
	asked := fx.Asked{Side: fx.SideFrom}
	var err error
	if asked.From, err = currencyField("from", body.From); err != nil {
		return asked, err
	}
	if asked.To, err = currencyField("to", body.To); err != nil {
		return asked, err
	}
	if body.Side != nil {
		asked.Side = fx.Side(*body.Side)
	}
	if asked.Side != fx.SideFrom && asked.Side != fx.SideTo {
		return asked, fault.Field("side", "Field 'side' must be 'from' or 'to'.")
	}
	if body.Amount == nil {
		return asked, nil
	}
	asked.Amount = *body.Amount
	return asked, decode.Amount(asked.Amount)
}

func currencyField(name, code string) (money.Currency, error) {
	currency, err := money.ParseCurrency(code)
	if err != nil {
		return "", fault.Field(name, "Field '%s' must be an ISO 4217 currency code.", name)
	}
	return currency, nil
}

// newConversion checks what an intent is to be settled in.
func newConversion(body openapi.CreateIntentRequest) (to money.Currency, quoteID string, err error) {
	if body.SettlementCurrency != nil {
		if to, err = currencyField("settlement_currency", *body.SettlementCurrency); err != nil {
			return "", "", err
		}
	}
	if body.FxQuoteID == nil {
		return to, "", nil
	}
	quoteID = *body.FxQuoteID
	if !id.Valid(id.FXQuote, quoteID) {
		return to, "", fault.Field("fx_quote_id", "Field 'fx_quote_id' must be the id of an FX quote.")
	}
	if strings.EqualFold(string(to), body.Currency) {
		return to, "", fault.Field("fx_quote_id", "Field 'fx_quote_id' belongs to another 'settlement_currency' than the intent's own.")
	}
	return to, quoteID, nil
}

func quoteView(q fx.Quote) openapi.FxQuote {
	v := openapi.FxQuote{
		ID: q.ID, Object: openapi.FxQuoteObjectFxQuote, From: string(q.From), To: string(q.To), Rate: q.Rate.String(), MidRate: q.Mid.String(),
		MarginBps: q.MarginBPS, Source: q.Source, RatesAsOf: utc(q.AsOf), IntentID: optional(q.PaymentID),
		Environment: openapi.Environment(q.Scope.Environment), CreatedAt: utc(q.CreatedAt), ExpiresAt: utc(q.ExpiresAt),
	}
	if q.FromAmount != 0 {
		v.FromAmount, v.ToAmount = &q.FromAmount, &q.ToAmount
	}
	return v
}

// conversion renders what an intent was promised; nil where nothing is converted.
func conversion(v *fx.Conversion) *openapi.Conversion {
	if v == nil {
		return nil
	}
	return &openapi.Conversion{
		QuoteID: v.QuoteID, SettlementCurrency: string(v.To), Rate: v.Rate.String(), MidRate: v.Mid.String(),
		MarginBps: v.MarginBPS, Source: v.Source, RatesAsOf: utc(v.AsOf),
	}
}

// exchange renders what a refund takes back; settled says that its amounts are final.
func exchange(e *fx.Exchange, settled bool) *openapi.RefundExchange {
	if e == nil {
		return nil
	}
	v := &openapi.RefundExchange{Currency: string(e.Currency), Rate: e.Rate.String(), Source: e.Source, RatesAsOf: utc(e.AsOf)}
	if settled {
		v.Share, v.Value = &e.Share, &e.Value
	}
	return v
}
