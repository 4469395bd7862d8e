package stripe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v76"
)

func decode(t testing.TB, text string, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), into), text)
}

func TestIdempotentReplay(t *testing.T) {
	h := start(t, Options{})
	first, err := h.PaymentIntents.New(payment(visa, keyed("k")))
	require.NoError(t, err)
	again, err := h.PaymentIntents.New(payment(visa, keyed("k")))
	require.NoError(t, err)
	require.Equal(t, first.LastResponse.RawJSON, again.LastResponse.RawJSON)
	require.Equal(t, "true", again.LastResponse.Header.Get("Idempotent-Replayed"))
	require.Empty(t, first.LastResponse.Header.Get("Idempotent-Replayed"))
	require.Equal(t, first.LastResponse.RequestID, again.LastResponse.RequestID)
	require.Equal(t, apiVersion, again.LastResponse.Header.Get("Stripe-Version"))
	require.Len(t, h.charges(), 1)

	other := payment(visa, keyed("k"))
	other.Amount = stripego.Int64(1)
	_, err = h.PaymentIntents.New(other)
	e := stripeError(t, err)
	require.Equal(t, stripego.ErrorTypeIdempotency, e.Type)
	require.Equal(t, http.StatusBadRequest, e.HTTPStatusCode)

	_, err = h.PaymentIntents.New(payment("4000000000000002", keyed("declined")))
	declined := stripeError(t, err)
	_, err = h.PaymentIntents.New(payment("4000000000000002", keyed("declined")))
	require.Equal(t, declined.ChargeID, stripeError(t, err).ChargeID, "card errors are replayed")

	_, err = h.as("sk_test_two").PaymentIntents.New(payment(visa, keyed("k")))
	require.NoError(t, err)
	require.Len(t, h.charges(), 2, "keys of different accounts are different keys")
}

func TestSimultaneousRequestsWithOneKeyMakeOneCharge(t *testing.T) {
	h := start(t, Options{})
	var all sync.WaitGroup
	var succeeded, busy atomic.Int64
	for range 50 {
		all.Go(func() {
			_, err := h.PaymentIntents.New(payment(visa, keyed("one")))
			if err == nil {
				succeeded.Add(1)
				return
			}
			if e := stripeError(t, err); e.HTTPStatusCode == http.StatusConflict && e.Code == stripego.ErrorCodeIdempotencyKeyInUse {
				busy.Add(1)
			}
		})
	}
	all.Wait()
	require.Equal(t, int64(50), succeeded.Load()+busy.Load())
	require.Positive(t, succeeded.Load())
	require.Len(t, h.charges(), 1)
}

func TestSimultaneousRefundsMoveMoneyOnce(t *testing.T) {
	h := start(t, Options{})
	pi, err := h.PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	var all sync.WaitGroup
	var succeeded atomic.Int64
	for range 10 {
		all.Go(func() {
			if _, err := h.Refunds.New(&stripego.RefundParams{PaymentIntent: &pi.ID, Amount: stripego.Int64(6000)}); err == nil {
				succeeded.Add(1)
			}
		})
	}
	all.Wait()
	require.Equal(t, int64(1), succeeded.Load())
	require.Equal(t, int64(6000), h.charges()[0].AmountRefunded)
}

func TestAccountsDoNotSeeEachOther(t *testing.T) {
	h := start(t, Options{})
	pi, err := h.PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	other := h.as("sk_test_two")
	_, err = other.PaymentIntents.Get(pi.ID, nil)
	e := stripeError(t, err)
	require.Equal(t, http.StatusNotFound, e.HTTPStatusCode)
	require.Equal(t, stripego.ErrorCodeResourceMissing, e.Code)
	require.False(t, other.PaymentIntents.List(nil).Next())
	_, err = other.Refunds.New(&stripego.RefundParams{PaymentIntent: &pi.ID})
	require.Equal(t, stripego.ErrorCodeResourceMissing, stripeError(t, err).Code)

	response, text := h.raw(http.MethodGet, "/v1/balance", "", map[string]string{"Authorization": ""})
	require.Equal(t, http.StatusUnauthorized, response.StatusCode)
	require.Contains(t, text, `"type":"invalid_request_error"`)
	mine, err := h.Accounts.Get()
	require.NoError(t, err)
	theirs, err := other.Accounts.Get()
	require.NoError(t, err)
	require.NotEqual(t, mine.ID, theirs.ID)
}

func TestInvalidRequests(t *testing.T) {
	h := start(t, Options{})
	for _, c := range []struct{ body, code, param string }{
		{"currency=usd", "parameter_missing", "amount"},
		{"amount=100", "parameter_missing", "currency"},
		{"amount=0&currency=usd", "parameter_invalid_integer", "amount"},
		{"amount=1.5&currency=usd", "parameter_invalid_integer", "amount"},
		{"amount=100&currency=xyz", "", "currency"},
		{"amount=100000000&currency=usd", "amount_too_large", "amount"},
		{"amount=100&currency=usd&colour=red", "parameter_unknown", "colour"},
		{"amount=100&currency=usd&capture_method=later", "", "capture_method"},
		{"amount=100&currency=usd&payment_method=pm_gone", "resource_missing", "payment_method"},
		{"amount=100&currency=usd&customer=cus_gone", "resource_missing", "customer"},
		{"amount=100&currency=usd&expand[0]=amount", "", "expand"},
	} {
		response, text := h.raw(http.MethodPost, "/v1/payment_intents", c.body, nil)
		require.Equal(t, http.StatusBadRequest, response.StatusCode, c.body)
		var answered struct{ Error apiError }
		decode(t, text, &answered)
		require.Equal(t, c.code, answered.Error.Code, c.body)
		require.Equal(t, c.param, answered.Error.Param, c.body)
	}
	require.False(t, h.PaymentIntents.List(nil).Next())
	response, _ := h.raw(http.MethodPost, "/v1/payment_intents", "a="+strings.Repeat("x", maxBody), nil)
	require.Equal(t, http.StatusBadRequest, response.StatusCode)
	response, text := h.raw(http.MethodGet, "/v1/nothing", "", nil)
	require.Equal(t, http.StatusNotFound, response.StatusCode)
	require.Contains(t, text, "Unrecognized request URL")
}

func TestListsAndSearch(t *testing.T) {
	h := start(t, Options{})
	var ids []string
	for i := range 5 {
		p := payment(visa)
		p.AddMetadata("order", fmt.Sprint(i))
		p.AddMetadata("shop", "it's")
		pi, err := h.PaymentIntents.New(p)
		require.NoError(t, err)
		ids = append([]string{pi.ID}, ids...)
	}
	p := &stripego.PaymentIntentListParams{CreatedRange: &stripego.RangeQueryParams{GreaterThanOrEqual: time.Now().Unix() - 60}}
	p.Limit = stripego.Int64(2)
	p.AddExpand("data.latest_charge")
	var listed []string
	for list := h.PaymentIntents.List(p); list.Next(); {
		listed = append(listed, list.PaymentIntent().ID)
		require.True(t, list.PaymentIntent().LatestCharge.Captured)
	}
	require.Equal(t, ids, listed, "newest first, over pages")
	before := &stripego.PaymentIntentListParams{ListParams: stripego.ListParams{EndingBefore: &ids[2], Single: true}}
	list := h.PaymentIntents.List(before)
	require.True(t, list.Next())
	require.Len(t, list.PaymentIntentList().Data, 2)
	require.Equal(t, ids[0], list.PaymentIntentList().Data[0].ID)

	find := func(query string) []string {
		var found []string
		search := h.PaymentIntents.Search(&stripego.PaymentIntentSearchParams{SearchParams: stripego.SearchParams{Query: query, Limit: stripego.Int64(2)}})
		for search.Next() {
			found = append(found, search.PaymentIntent().ID)
		}
		require.NoError(t, search.Err())
		return found
	}
	require.Equal(t, ids[1:2], find(`metadata['order']:'3'`))
	require.Equal(t, ids, find(`metadata['shop']:'it\'s'`))
	require.Equal(t, ids[4:], find(`metadata["order"]:"0" AND metadata["shop"]:"it\'s" AND status:"succeeded"`))
	require.Empty(t, find(`metadata['order']:'0' AND metadata['shop']:'other'`))

	change := &stripego.PaymentIntentParams{}
	change.AddMetadata("order", "changed")
	_, err := h.PaymentIntents.Update(ids[0], change)
	require.NoError(t, err)
	require.Equal(t, ids[:1], find(`metadata['order']:'changed'`))
	require.Empty(t, find(`metadata['order']:'4'`))
	_, text := h.raw(http.MethodGet, "/v1/payment_intents/search?query=nonsense", "", nil)
	require.Contains(t, text, `"param":"query"`)

	charges := h.Charges.List(&stripego.ChargeListParams{PaymentIntent: &ids[0]})
	require.True(t, charges.Next())
	booked := h.BalanceTransactions.List(&stripego.BalanceTransactionListParams{Source: &charges.Charge().ID})
	require.True(t, booked.Next())
	require.Equal(t, charges.Charge().BalanceTransaction.ID, booked.BalanceTransaction().ID)
	require.False(t, booked.Next())
}

func TestStateSurvivesARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "simulator.db")
	h := start(t, Options{DataFile: file})
	first, err := h.PaymentIntents.New(payment(visa, keyed("k")))
	require.NoError(t, err)
	h.stop()

	h = start(t, Options{DataFile: file})
	again, err := h.PaymentIntents.New(payment(visa, keyed("k")))
	require.NoError(t, err)
	require.Equal(t, first.ID, again.ID)
	require.Equal(t, "true", again.LastResponse.Header.Get("Idempotent-Replayed"))
	require.Len(t, h.charges(), 1)
}

// A process that is killed closes nothing: what lies on the disk at any moment
// must hold every answered payment.
func TestStateSurvivesAKill(t *testing.T) {
	directory, copied := t.TempDir(), t.TempDir()
	h := start(t, Options{DataFile: filepath.Join(directory, "simulator.db")})
	pi, err := h.PaymentIntents.New(payment(visa, keyed("k")))
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(directory, "*"))
	require.NoError(t, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(copied, filepath.Base(file)), content, 0o600))
	}
	h = start(t, Options{DataFile: filepath.Join(copied, "simulator.db")})
	again, err := h.PaymentIntents.New(payment(visa, keyed("k")))
	require.NoError(t, err)
	require.Equal(t, pi.ID, again.ID)
	require.Len(t, h.charges(), 1)
}

func TestCardNumbersAreNeverKept(t *testing.T) {
	directory := t.TempDir()
	h := start(t, Options{DataFile: filepath.Join(directory, "simulator.db")})
	endpoint := &stripego.WebhookEndpointParams{URL: stripego.String("http://127.0.0.1:1/"), EnabledEvents: stripego.StringSlice([]string{"*"})}
	_, err := h.WebhookEndpoints.New(endpoint)
	require.NoError(t, err)
	numbers := []string{"4929420573595709", "4000000000000002", threeDS}
	for i, number := range numbers {
		p := payment(number, keyed(fmt.Sprint("key ", i)), expandCharge)
		p.Extra.Set("payment_method_data[card][cvc]", "837")
		_, _ = h.PaymentIntents.New(p)
	}
	require.Len(t, h.charges(), 1)
	files, err := filepath.Glob(filepath.Join(directory, "*"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 3, "database, its log and the key")
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, secret := range append(numbers, `"837"`, "=837") {
			require.False(t, bytes.Contains(content, []byte(secret)), "%s holds %s", file, secret)
		}
	}
}

func TestExpiredAuthorizationCannotBeCaptured(t *testing.T) {
	h, later := startWithClock(t, Options{})
	pi, err := h.PaymentIntents.New(payment(visa, manual))
	require.NoError(t, err)
	later(captureWindow)
	_, err = h.PaymentIntents.Capture(pi.ID, nil)
	require.Equal(t, stripego.ErrorCodeChargeExpiredForCapture, stripeError(t, err).Code)
	_, err = h.PaymentIntents.Cancel(pi.ID, nil)
	require.NoError(t, err)
}
