package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/fx"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

const quotes = "/v3/fx/quotes"

// bureau is a repository of quotes and a source of one rate, AED in USD.
type bureau struct {
	clock  clock.Clock
	asOf   time.Time
	quotes map[string]fx.Quote
}

func (b *bureau) Name() string { return "bureau" }

func (b *bureau) Mid(_ context.Context, from, to money.Currency) (fx.Mid, error) {
	if from != "AED" || to != "USD" {
		return fx.Mid{}, fx.ErrNoRate
	}
	return fx.Mid{Ratio: fx.NewRatio(fx.MustRate("0.272294"), fx.One()), Source: b.Name(), AsOf: b.asOf}, nil
}

func (b *bureau) PutQuote(_ context.Context, q fx.Quote) (fx.Quote, error) {
	if known, ok := b.quotes[q.ID]; ok {
		return known, nil
	}
	b.quotes[q.ID] = q
	return q, nil
}

func (b *bureau) Quote(_ context.Context, scope merchant.Scope, quoteID string) (fx.Quote, error) {
	q, ok := b.quotes[quoteID]
	if !ok || q.Scope != scope {
		return fx.Quote{}, fault.New(fault.NotFound, "No such FX quote: '%s'.", quoteID)
	}
	return q, nil
}

// newBureau opens a bureau with a margin of half a percent.
func newBureau(c clock.Clock, settings fx.Settings) (*bureau, *fx.Service) {
	b := &bureau{clock: c, asOf: c.Now().Add(-time.Hour), quotes: map[string]fx.Quote{}}
	return b, fx.NewService(fx.Options{
		Rates: fx.NewRates([]fx.Source{b}, 4*24*time.Hour, c), Quotes: b, Settings: settings, MarginBPS: 50, QuoteFor: 15 * time.Minute, Clock: c,
	})
}

func TestAQuoteIsMadeAndRead(t *testing.T) {
	s := newStage(t)
	w := s.call(http.MethodPost, quotes, `{"from":"aed","to":"USD","amount":12000}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var q map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &q))
	require.Regexp(t, "^fxq_", q["id"])
	require.Equal(t, "0.27093253", q["rate"])
	require.Equal(t, "0.272294", q["mid_rate"])
	require.EqualValues(t, 50, q["margin_bps"])
	require.EqualValues(t, 12_000, q["from_amount"])
	require.EqualValues(t, 3251, q["to_amount"])
	require.Nil(t, q["intent_id"])
	read := s.call(http.MethodGet, quotes+"/"+q["id"].(string), "")
	require.JSONEq(t, w.Body.String(), read.Body.String())

	other := s.key(merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox}, merchant.SecretKey)
	require.Equal(t, http.StatusNotFound, s.call(http.MethodGet, quotes+"/"+q["id"].(string), "", "Authorization", "Bearer "+other).Code)
	require.Equal(t, http.StatusNotFound, s.call(http.MethodGet, quotes+"/"+id.New(id.FXQuote), "").Code)
}

func TestAQuoteForWhatIsToComeOfIt(t *testing.T) {
	s := newStage(t)
	w := s.call(http.MethodPost, quotes, `{"from":"AED","to":"USD","amount":1000,"side":"to"}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Contains(t, w.Body.String(), `"from_amount":3690,"to_amount":1000`)
	w = s.call(http.MethodPost, quotes, `{"from":"AED","to":"USD"}`)
	require.Contains(t, w.Body.String(), `"from_amount":null,"to_amount":null`)
}

func TestQuotesThatCannotBeMade(t *testing.T) {
	s := newStage(t)
	for body, param := range map[string]string{
		`{"to":"USD"}`: "from", `{"from":"AED"}`: "to", `{"from":"XXQ","to":"USD"}`: "from", `{"from":"AED","to":"AED"}`: "to",
		`{"from":"AED","to":"EUR"}`: "to", `{"from":"AED","to":"USD","amount":0}`: "amount", `{"from":"AED","to":"USD","amount":1}`: "amount",
		`{"from":"AED","to":"USD","side":"both"}`: "side", `{"from":"AED","to":"USD","amount":9007199254740991,"side":"to"}`: "amount",
		`{"from":"AED","to":"USD","rate":"1"}`: "rate",
	} {
		w := s.call(http.MethodPost, quotes, body)
		require.Equal(t, http.StatusBadRequest, w.Code, "%s\n%s", body, w.Body)
		require.Equal(t, param, failure(t, w)["param"], body)
	}
	s.bureau.asOf = s.clock.Now().Add(-4*24*time.Hour - time.Second)
	w := s.call(http.MethodPost, quotes, `{"from":"AED","to":"USD","amount":12000}`)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, w.Body.String(), "The exchange rate of AED in USD is out of date")
	require.NotEmpty(t, w.Header().Get("Retry-After"))
}

func TestAnIntentSaysWhatItIsToBeSettledIn(t *testing.T) {
	s := newStage(t)
	quoteID := id.New(id.FXQuote)
	w := s.call(http.MethodPost, intents, `{"amount":12000,"currency":"AED","settlement_currency":"usd","fx_quote_id":"`+quoteID+`"}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	asked := s.core.created[0]
	require.Equal(t, money.Currency("USD"), asked.SettlementCurrency)
	require.Equal(t, quoteID, asked.FXQuoteID)
	require.NotContains(t, w.Body.String(), "conversion")

	p := s.core.payments[asked.ID]
	settled := int64(3251)
	p.Conversion = &fx.Conversion{QuoteID: quoteID, To: "USD", Rate: fx.MustRate("0.27093253"), Mid: fx.MustRate("0.272294"), MarginBPS: 50, Source: "ecb", AsOf: s.clock.Now()}
	p.SettledAmount, p.SettledCurrency = &settled, "USD"
	s.core.payments[asked.ID] = p
	read := s.call(http.MethodGet, intents+"/"+asked.ID, "").Body.String()
	require.Contains(t, read, `"settled_amount":3251,"settled_currency":"USD"`)
	require.Contains(t, read, `"conversion":{"quote_id":"`+quoteID+`","settlement_currency":"USD","rate":"0.27093253","mid_rate":"0.272294","margin_bps":50,"source":"ecb",`)
}

func TestARefundSaysWhatItTakesOutOfTheSettlement(t *testing.T) {
	s := newStage(t)
	r := payment.Refund{
		ID: id.New(id.Refund), Scope: s.scope, PaymentID: id.New(id.Payment), Amount: 5000, Currency: "AED", Status: payment.RefundPending, CreatedAt: s.clock.Now(),
		Exchange: &fx.Exchange{Rate: fx.MustRate("0.28"), Source: "ecb", AsOf: s.clock.Now(), Currency: "USD"},
	}
	s.core.refunds[r.ID] = r
	read := func() string { return s.call(http.MethodGet, "/v3/payments/refunds/"+r.ID, "").Body.String() }
	require.Contains(t, read(), `"exchange":{"currency":"USD","share":null,"value":null,"rate":"0.28","source":"ecb",`)
	r.Status, r.Exchange.Share, r.Exchange.Value = payment.RefundSucceeded, 1355, 1400
	s.core.refunds[r.ID] = r
	require.Contains(t, read(), `"share":1355,"value":1400`)
}

func TestTheSettlementCurrencyIsASetting(t *testing.T) {
	s := newStage(t)
	w := s.call(http.MethodPut, "/v3/settings", `{"display_name":"Shop","settlement_currency":"usd"}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Contains(t, w.Body.String(), `"settlement_currency":"USD"`)
	require.Equal(t, money.Currency("USD"), s.shop.settings.SettlementCurrency)
	w = s.call(http.MethodPut, "/v3/settings", `{"display_name":"Shop","settlement_currency":"XXQ"}`)
	require.Equal(t, "settlement_currency", failure(t, w)["param"])
}
