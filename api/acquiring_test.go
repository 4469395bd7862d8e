package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/api"
	"paymenthub/internal/customer"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
)

const (
	acquired  = "/api/v1/payments"
	movements = "/api/v1/transactions"
	plastic   = `"card":{"number":"4242424242424242","exp_month":12,"exp_year":2030,"cvv":"123"}`
	purchase  = `{"amount":9999,"currency":"USD",` + plastic + `}`
)

// told is an answer of the acquiring façade.
type told struct {
	Success bool
	Data    map[string]any
	Error   struct {
		Code    string
		Message string
		Details map[string]any
	}
}

func tell(t *testing.T, w *httptest.ResponseRecorder) told {
	t.Helper()
	var v told
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &v), w.Body.String())
	require.Equal(t, w.Code < 400, v.Success)
	return v
}

// kept puts a payment of the stage's merchant into the core.
func (s *stage) kept(change func(*payment.Intent)) payment.Intent {
	p := payment.Intent{
		ID: id.New(id.Payment), Scope: s.scope, Status: payment.RequiresConfirmation, Amount: 1000, Currency: "USD", Gateway: "stripe",
		CaptureMethod: payment.CaptureAutomatic, AttemptLimit: 3, CreatedAt: s.clock.Now(), ExpiresAt: s.clock.Now().Add(time.Hour),
	}
	change(&p)
	s.core.payments[p.ID] = p
	return p
}

func (s *stage) until() time.Time { return s.clock.Now().Add(7 * 24 * time.Hour) }

func TestStatesAreToldInTheContractsWords(t *testing.T) {
	s := newStage(t)
	held := func(p *payment.Intent) { p.AuthorizedUntil = s.until() }
	captured := func(refunded, pending int64) func(*payment.Intent) {
		return func(p *payment.Intent) {
			p.AmountCaptured, p.AmountRefunded, p.AmountRefundPending = 1000, refunded, pending
		}
	}
	nothing := func(*payment.Intent) {}
	for _, test := range []struct {
		status payment.Status
		with   func(*payment.Intent)
		want   string
	}{
		{payment.RequiresConfirmation, nothing, "created"},
		{payment.RequiresPaymentMethod, nothing, "created"},
		{payment.RequiresAction, nothing, "processing"},
		{payment.Processing, nothing, "processing"},
		{payment.Processing, held, "processing"},
		{payment.RequiresCapture, held, "authorized"},
		{payment.Succeeded, captured(0, 0), "captured"},
		{payment.Succeeded, captured(0, 1), "processing"},
		{payment.Succeeded, captured(999, 0), "partially_refunded"},
		{payment.Succeeded, captured(999, 1), "processing"},
		{payment.Succeeded, captured(1000, 0), "refunded"},
		{payment.Canceled, nothing, "canceled"},
		{payment.Canceled, held, "voided"},
		{payment.Failed, nothing, "failed"},
		{payment.Expired, nothing, "expired"},
		{payment.Expired, held, "expired"},
	} {
		p := s.kept(func(p *payment.Intent) { p.Status = test.status; test.with(p) })
		w := s.call(http.MethodGet, acquired+"/"+p.ID, "")
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, test.want, tell(t, w).Data["status"], "%+v", p)
	}
}

func TestLatestAttemptIsShown(t *testing.T) {
	s := newStage(t)
	p := s.kept(func(p *payment.Intent) { p.Status = payment.RequiresCapture; p.AuthorizedUntil = s.until() })
	get := func() map[string]any { return tell(t, s.call(http.MethodGet, acquired+"/"+p.ID, "")).Data }
	shown := get()
	for _, name := range []string{"card", "auth_code", "response_code", "response_message", "fraud_score", "description", "order_id", "next_action"} {
		value, printed := shown[name]
		require.True(t, printed, name)
		require.Nil(t, value, name)
	}
	require.Equal(t, s.until().Format(time.RFC3339Nano), shown["expires_at"])

	refusal := payment.NewDecline(payment.DeclineInsufficientFunds)
	refusal.IssuerCode = "51"
	card := payment.CardSummary{Brand: "visa", Last4: "4242", ExpMonth: 1, ExpYear: 2030}
	for _, test := range []struct {
		last          payment.Attempt
		code, message any
	}{
		{payment.Attempt{Status: payment.AttemptPending}, nil, nil},
		{payment.Attempt{Status: payment.AttemptRequiresAction}, nil, nil},
		{payment.Attempt{Status: payment.AttemptAuthorized, AuthCode: "A1"}, "00", "Approved"},
		{payment.Attempt{Status: payment.AttemptCaptured, AuthCode: "A1", ResponseCode: "10"}, "10", "Approved"},
		{payment.Attempt{Status: payment.AttemptVoided, AuthCode: "A1"}, "00", "Approved"},
		{payment.Attempt{Status: payment.AttemptVoided}, nil, nil}, // the shopper never came back
		{payment.Attempt{Status: payment.AttemptDeclined, Decline: &refusal}, "51", refusal.Message},
	} {
		test.last.Card, test.last.Risk = card, &risk.Assessment{Score: 12}
		s.core.attempts = []payment.Attempt{{Status: payment.AttemptDeclined, Decline: &refusal}, test.last}
		shown := get()
		require.Equal(t, []any{test.code, test.message, 12.0}, []any{shown["response_code"], shown["response_message"], shown["fraud_score"]}, "%+v", test.last)
		require.Equal(t, map[string]any{"brand": "visa", "last4": "4242", "exp_month": 1.0, "exp_year": 2030.0}, shown["card"])
	}
}

// The core says that the state forbids an action; the façade says why, by the
// state that it reads then.
func TestForbiddenActionsSayWhy(t *testing.T) {
	s := newStage(t)
	held := func(p *payment.Intent) { p.AuthorizedUntil = s.until() }
	nothing := func(*payment.Intent) {}
	for _, test := range []struct {
		action string
		status payment.Status
		with   func(*payment.Intent)
		code   int
		word   string
	}{
		{"capture", payment.Succeeded, nothing, 400, "ALREADY_CAPTURED"},
		{"capture", payment.Expired, held, 400, "AUTHORIZATION_EXPIRED"},
		{"capture", payment.Expired, nothing, 409, "INVALID_STATE"},
		{"capture", payment.Canceled, held, 409, "INVALID_STATE"},
		{"capture", payment.Failed, nothing, 409, "INVALID_STATE"},
		{"capture", payment.RequiresConfirmation, nothing, 409, "INVALID_STATE"},
		{"capture", payment.RequiresCapture, held, 409, "INVALID_STATE"}, // another request came between
		{"void", payment.Succeeded, nothing, 400, "ALREADY_CAPTURED"},
		{"void", payment.Canceled, held, 400, "ALREADY_VOIDED"},
		{"void", payment.Expired, held, 400, "ALREADY_VOIDED"},
		{"void", payment.Canceled, nothing, 409, "INVALID_STATE"},
		{"void", payment.Failed, nothing, 409, "INVALID_STATE"},
		{"void", payment.Processing, held, 409, "INVALID_STATE"},
		{"void", payment.RequiresAction, nothing, 409, "INVALID_STATE"},
		{"refund", payment.Succeeded, nothing, 400, "ALREADY_REFUNDED"},
		{"refund", payment.RequiresCapture, held, 400, "NOT_CAPTURED"},
		{"refund", payment.Canceled, held, 400, "NOT_CAPTURED"},
		{"refund", payment.Processing, held, 400, "NOT_CAPTURED"},
		{"cancel", payment.Succeeded, nothing, 400, "ALREADY_COMPLETED"},
		{"cancel", payment.RequiresCapture, held, 400, "ALREADY_COMPLETED"},
		{"cancel", payment.Canceled, held, 400, "ALREADY_COMPLETED"},
		{"cancel", payment.Processing, nothing, 409, "INVALID_STATE"},
		{"cancel", payment.Failed, nothing, 409, "INVALID_STATE"},
		{"cancel", payment.Expired, nothing, 409, "INVALID_STATE"},
		{"confirm", payment.Expired, nothing, 410, "INTENT_EXPIRED"},
		{"confirm", payment.Expired, held, 410, "AUTHORIZATION_EXPIRED"},
		{"confirm", payment.Failed, nothing, 410, "MAX_ATTEMPTS"},
		{"confirm", payment.Succeeded, nothing, 409, "INVALID_STATE"},
		{"confirm", payment.Canceled, nothing, 409, "INVALID_STATE"},
		{"confirm", payment.RequiresAction, nothing, 409, "INVALID_STATE"},
	} {
		s.clock.Advance(time.Second) // 20 requests a second
		p := s.kept(func(p *payment.Intent) { p.Status = test.status; test.with(p) })
		s.core.fail = payment.WrongState(p, "changed")
		path, body := acquired+"/"+p.ID+"/"+test.action, ""
		switch test.action {
		case "cancel":
			path = "/api/v1/payment-intents/" + p.ID + "/cancel"
		case "confirm":
			path, body = "/api/public/payment-intents/"+p.ID+"/confirm?client_secret="+s.secrets.For(p.ID), `{`+plastic+`}`
		}
		w := s.call(http.MethodPost, path, body)
		require.Equal(t, test.code, w.Code, "%s of %s: %s", test.action, test.status, w.Body)
		require.Equal(t, test.word, tell(t, w).Error.Code, "%s of %s", test.action, test.status)
		require.NotContains(t, tell(t, w).Error.Message, "requires_confirmation", "the Hub's words are not this façade's")
	}
	p := s.kept(func(p *payment.Intent) { p.Status = payment.Canceled })
	s.core.fail = payment.WrongState(p, "canceled")
	require.Equal(t, "canceled", tell(t, s.call(http.MethodPost, "/api/v1/payment-intents/"+p.ID+"/cancel", "")).Data["status"])
}

func TestRefusalsOfStepsAreDeclines(t *testing.T) {
	s := newStage(t)
	p := s.kept(func(p *payment.Intent) { p.Status, p.AmountCaptured = payment.Succeeded, 1000 })
	refusal := payment.NewDecline(payment.DeclineLostOrStolen)
	refusal.IssuerCode = "41"
	s.core.decline = &refusal
	for _, action := range []string{"refund", "capture"} {
		w := s.call(http.MethodPost, acquired+"/"+p.ID+"/"+action, "")
		require.Equal(t, http.StatusPaymentRequired, w.Code)
		e := tell(t, w).Error
		require.Equal(t, "CARD_DECLINED", e.Code)
		require.Equal(t, map[string]any{
			"decline_code": "lost_or_stolen_card", "response_code": "41", "advice": "do_not_try_again", "payment_id": p.ID,
		}, e.Details, "a step has no attempts")
	}
	s.core.decline = nil
	tooMuch := fault.Field("amount", "Field 'amount' must be at most what is left to refund, 5.")
	for _, action := range []string{"refund", "capture"} {
		s.core.fail = tooMuch
		e := tell(t, s.call(http.MethodPost, acquired+"/"+p.ID+"/"+action, `{"amount":6}`)).Error
		require.Equal(t, []any{"AMOUNT_TOO_HIGH", "amount"}, []any{e.Code, e.Details["field"]})
	}
	for _, test := range []struct {
		err  error
		code int
		word string
	}{
		{fault.New(fault.Unavailable, "Away."), 503, "UNAVAILABLE"},
		{http.ErrServerClosed, 500, "INTERNAL_ERROR"},
		{fault.Field("currency", "No gateway takes it."), 400, "UNSUPPORTED_CURRENCY"},
	} {
		s.core.fail = test.err
		w := s.call(http.MethodPost, acquired+"/sale", purchase)
		require.Equal(t, []any{test.code, test.word}, []any{w.Code, tell(t, w).Error.Code})
		require.NotContains(t, w.Body.String(), "Server closed")
	}
}

// What the core is asked for: one attempt, no gateway named, the shopper for risk.
func TestPurchasesAskTheCoreForWhatTheySay(t *testing.T) {
	s := newStage(t)
	body := strings.Replace(purchase, `{`, `{"customer":{"id":"c1","email":"A@example.com","name":"A B","ip_address":"::ffff:203.0.113.7","country":"ma","x":{"y":[1]}},"return_url":"https://shop.example/back",`, 1)
	require.Equal(t, http.StatusCreated, s.call(http.MethodPost, acquired+"/authorize", body).Code)
	n, m := s.core.created[0], s.core.methods[0]
	require.Equal(t, []any{payment.CaptureManual, 1, "auto", "https://shop.example/back"}, []any{n.CaptureMethod, n.AttemptLimit, n.Routing, n.ReturnURL})
	require.Equal(t, payment.Customer{Reference: "c1", Email: "A@example.com", Name: "A B"}, n.Customer)
	require.Equal(t, payment.Shopper{IP: "203.0.113.7", Email: "A@example.com", Name: "A B", BillingCountry: "MA"}, m.Shopper)
	require.Equal(t, http.StatusCreated, s.call(http.MethodPost, acquired+"/sale", purchase).Code)
	require.Equal(t, payment.CaptureAutomatic, s.core.created[1].CaptureMethod)

	someone := customer.Customer{ID: id.New(id.Customer), Scope: s.scope}
	s.people.customers[someone.ID] = someone
	for i, reference := range []string{someone.ID, id.New(id.Customer)} {
		require.Equal(t, http.StatusCreated, s.call(http.MethodPost, acquired+"/sale", strings.Replace(purchase, `{`, `{"customer":{"id":"`+reference+`"},`, 1)).Code)
		require.Equal(t, []string{reference, []string{someone.ID, ""}[i]}, []string{s.core.created[2+i].Customer.Reference, s.core.created[2+i].CustomerID})
	}

	made := tell(t, s.call(http.MethodPost, "/api/v1/payment-intents", `{"amount":1,"currency":"EUR","success_url":"https://shop.example/{CHECKOUT_SESSION_ID}"}`)).Data
	paymentID := made["id"].(string)
	require.Equal(t, "https://pay.example/checkout/"+paymentID+"?client_secret="+s.secrets.For(paymentID), made["checkout_url"])
	n = s.core.created[4]
	require.Equal(t, payment.Checkout{SuccessURL: "https://shop.example/" + paymentID, CancelURL: "https://shop.example/" + paymentID}, *n.Checkout)
	require.Empty(t, n.ReturnURL, "the hub decides where the shopper goes")
	confirm := "/api/public/payment-intents/" + paymentID + "/confirm"
	secret := `{"client_secret":"` + s.secrets.For(paymentID) + `","customer_email":"b@example.com",` + plastic + `}`
	w := s.call(http.MethodPost, confirm, secret)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Equal(t, payment.Shopper{IP: "192.0.2.1", Email: "b@example.com"}, s.core.methods[4].Shopper, "the address that asked")
	require.NotContains(t, w.Body.String(), "secret")

	e := tell(t, s.call(http.MethodPost, confirm, strings.Replace(secret, `{`, `{"save_card":true,`, 1))).Error
	require.Equal(t, "save_card", e.Details["field"], "there is nobody to keep it for")
	p := s.core.payments[paymentID]
	p.CustomerID = someone.ID
	s.core.payments[paymentID] = p
	s.call(http.MethodPost, confirm, strings.Replace(secret, `{`, `{"save_card":true,`, 1))
	require.True(t, s.core.methods[5].Save)
}

func TestSettingsSayWhichCurrenciesAreTaken(t *testing.T) {
	s := newStage(t)
	dirhams := strings.Replace(purchase, "USD", "AED", 1)
	e := tell(t, s.call(http.MethodPost, acquired+"/sale", dirhams)).Error
	require.Equal(t, []any{"UNSUPPORTED_CURRENCY", "currency"}, []any{e.Code, e.Details["field"]})
	s.shop.settings.Currencies = []money.Currency{"AED", "JPY"}
	s.clock.Advance(3 * time.Second) // settings are believed so long
	require.Equal(t, http.StatusCreated, s.call(http.MethodPost, acquired+"/sale", dirhams).Code)
	e = tell(t, s.call(http.MethodPost, acquired+"/sale", purchase)).Error
	require.Contains(t, e.Message, "AED, JPY")
}

func TestTransactionsAreToldInTheContractsWords(t *testing.T) {
	s := newStage(t)
	for _, test := range []struct {
		kind         payment.TransactionKind
		status       payment.TransactionStatus
		word, result string
	}{
		{payment.Authorization, payment.TransactionPending, "authorization", "processing"},
		{payment.Authorization, payment.TransactionSucceeded, "authorization", "authorized"},
		{payment.Authorization, payment.TransactionDeclined, "authorization", "failed"},
		{payment.Sale, payment.TransactionPending, "authorization", "processing"},
		{payment.Sale, payment.TransactionSucceeded, "capture", "captured"},
		{payment.Sale, payment.TransactionDeclined, "authorization", "failed"},
		{payment.Capture, payment.TransactionSucceeded, "capture", "captured"},
		{payment.Capture, payment.TransactionDeclined, "capture", "failed"},
		{payment.Void, payment.TransactionSucceeded, "void", "voided"},
		{payment.RefundOfSale, payment.TransactionSucceeded, "refund", "refunded"},
		{payment.RefundOfSale, payment.TransactionPending, "refund", "processing"},
	} {
		made := payment.Transaction{
			ID: id.New(id.Transaction), Scope: s.scope, PaymentID: id.New(id.Payment), Kind: test.kind, Status: test.status,
			Amount: 5, Currency: "USD", Gateway: "stripe", CreatedAt: s.clock.Now(),
		}
		s.core.transactions = []payment.Transaction{made}
		shown := tell(t, s.call(http.MethodGet, movements+"/"+made.ID, "")).Data
		require.Equal(t, []any{test.word, test.result, nil}, []any{shown["type"], shown["status"], shown["gateway_reference"]}, "%+v", test)
	}
	for word, result := range map[string]payment.TransactionResult{
		"authorized": payment.ResultAuthorized, "captured": payment.ResultCaptured, "voided": payment.ResultVoided,
		"refunded": payment.ResultRefunded, "failed": payment.ResultDeclined,
	} {
		require.Equal(t, http.StatusOK, s.call(http.MethodGet, movements+"?limit=7&offset=9&status="+word, "").Code)
		require.Equal(t, payment.TransactionFilter{Result: result, Limit: 7, Offset: 9}, s.core.listed)
	}
	require.Equal(t, http.StatusOK, s.call(http.MethodGet, movements, "").Code)
	require.Equal(t, payment.TransactionFilter{Limit: 10}, s.core.listed)
}

func TestOtherEnvironmentIsNamedAndOtherMerchantIsNot(t *testing.T) {
	s := newStage(t)
	p := s.kept(func(p *payment.Intent) { p.Scope.Environment = merchant.Live })
	foreign := s.kept(func(p *payment.Intent) { p.Scope.MerchantID = id.New(id.Merchant) })
	for _, action := range []string{"", "/capture", "/void", "/refund"} {
		method := map[bool]string{true: http.MethodGet, false: http.MethodPost}[action == ""]
		w := s.call(method, acquired+"/"+p.ID+action, "")
		require.Equal(t, []any{401, "WRONG_MERCHANT"}, []any{w.Code, tell(t, w).Error.Code}, action)
		w = s.call(method, acquired+"/"+foreign.ID+action, "")
		require.Equal(t, []any{404, "NOT_FOUND"}, []any{w.Code, tell(t, w).Error.Code}, action)
	}
}

// Both may carry the client secret, and they must agree.
func TestClientSecretsThatDifferAreRefused(t *testing.T) {
	s := newStage(t)
	p := s.kept(func(*payment.Intent) {})
	secret := s.secrets.For(p.ID)
	confirm := func(inQuery, inBody string) *httptest.ResponseRecorder {
		return s.call(http.MethodPost, "/api/public/payment-intents/"+p.ID+"/confirm?client_secret="+inQuery, `{"client_secret":"`+inBody+`",`+plastic+`}`, "Authorization", "")
	}
	for _, test := range [][2]string{{secret, "x"}, {"x", secret}, {secret, ""}} {
		w := confirm(test[0], test[1])
		require.Equal(t, http.StatusBadRequest, w.Code, w.Body)
		e := tell(t, w).Error
		require.Equal(t, []any{"VALIDATION_ERROR", "client_secret"}, []any{e.Code, e.Details["field"]})
		require.NotContains(t, w.Body.String(), secret)
	}
	require.Zero(t, s.core.calls)
	require.Equal(t, http.StatusOK, confirm(secret, secret).Code)
}

// The address is one that the shopper's proxy forwards, not this machine's.
func TestLivePaymentsArePaidOverTLS(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.TrustedProxies = []string{"192.0.2.0/24"} })
	// The amount is so long that no id has its digits by chance.
	live := s.kept(func(p *payment.Intent) { p.Scope.Environment, p.Amount = merchant.Live, 918273645 })
	path := "/api/public/payment-intents/" + live.ID
	query := "?client_secret=" + s.secrets.For(live.ID)
	ask := func(method, path, body string, headers ...string) *httptest.ResponseRecorder {
		return s.call(method, path, body, append([]string{"Authorization", "", "Idempotency-Key", "shopper"}, headers...)...)
	}
	for _, plain := range [][]string{nil, {"X-Forwarded-Proto", "http"}, {"X-Forwarded-Proto", "https, http"}, {"X-Forwarded-Proto", "http", "X-Forwarded-For", "203.0.113.7"}} {
		for _, w := range []*httptest.ResponseRecorder{
			ask(http.MethodGet, path+query, "", plain...), ask(http.MethodPost, path+"/confirm"+query, `{`+plastic+`}`, plain...),
		} {
			require.Equal(t, []any{403, "FORBIDDEN"}, []any{w.Code, tell(t, w).Error.Code}, "%v", plain)
			require.NotContains(t, w.Body.String(), "918273645", "nothing of it is told")
		}
	}
	require.Zero(t, s.core.calls)
	require.Empty(t, s.memory.requests)
	forwarded := []string{"X-Forwarded-Proto", "https", "X-Forwarded-For", "203.0.113.7"}
	require.Equal(t, http.StatusOK, ask(http.MethodGet, path+query, "", forwarded...).Code)
	require.Equal(t, http.StatusOK, ask(http.MethodPost, path+"/confirm"+query, `{`+plastic+`}`, forwarded...).Code)
	require.Equal(t, "203.0.113.7", s.core.methods[0].Shopper.IP)
	sandbox := s.kept(func(*payment.Intent) {})
	require.Equal(t, http.StatusOK, ask(http.MethodGet, "/api/public/payment-intents/"+sandbox.ID+"?client_secret="+s.secrets.For(sandbox.ID), "").Code)
}
