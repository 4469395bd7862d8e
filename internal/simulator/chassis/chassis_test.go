package chassis_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

func TestACallUnderAKeyHappensOnce(t *testing.T) {
	t.Parallel()
	a := openAcme(t, chassis.Options{})
	status, header, first := a.call(http.MethodPost, "/payments", order, keyed("k"))
	require.Equal(t, http.StatusCreated, status)
	require.Empty(t, header.Get("Acme-Replayed"))
	status, header, again := a.call(http.MethodPost, "/payments", order, keyed("k"))
	require.Equal(t, http.StatusCreated, status)
	require.Equal(t, "true", header.Get("Acme-Replayed"))
	require.Equal(t, first, again)
	require.Len(t, a.charges(), 1)
	require.Equal(t, "k", a.charges()[0].IdempotencyKey)

	status, _, _ = a.call(http.MethodPost, "/payments", strings.Replace(order, "1250", "1251", 1), keyed("k"))
	require.Equal(t, http.StatusUnprocessableEntity, status, "other parameters")
	_, _, other := a.call(http.MethodPost, "/payments", order, http.Header{"Acme-Key": {"k"}, "Acme-Account": {"two"}})
	require.NotEqual(t, first, other, "another account's keys are other keys")
	require.Len(t, a.charges(), 2)

	_, first2, _ := a.call(http.MethodPost, "/payments/pay_1/refunds", "", keyed("r"))
	status, again2, body := a.call(http.MethodPost, "/payments/pay_1/refunds", "", keyed("r"))
	require.Equal(t, http.StatusAccepted, status)
	require.Equal(t, first2.Get("Location"), again2.Get("Location"), "headers are kept as well")
	require.Empty(t, body)
}

func TestRefusalsAreNotKept(t *testing.T) {
	t.Parallel()
	a := openAcme(t, chassis.Options{})
	status, _, _ := a.call(http.MethodPost, "/payments", `{"number":"4242424242424241"}`, keyed("k"))
	require.Equal(t, http.StatusBadRequest, status)
	status, _, _ = a.call(http.MethodPost, "/payments", order, keyed("k"))
	require.Equal(t, http.StatusCreated, status)

	declined := strings.Replace(order, "4242 4242 4242 4242", "4000000000000002", 1)
	_, _, first := a.call(http.MethodPost, "/payments", declined, keyed("d"))
	_, header, again := a.call(http.MethodPost, "/payments", declined, keyed("d"))
	require.Equal(t, first, again)
	require.Equal(t, "true", header.Get("Acme-Replayed"), "a decline is kept")
	require.Len(t, a.charges(), 1, "and no charge")
}

func TestAKeyInUseIsRefused(t *testing.T) {
	t.Parallel()
	a := openAcme(t, chassis.Options{})
	var all sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for range 16 {
		all.Go(func() {
			status, _, _ := a.call(http.MethodPost, "/payments", order, keyed("k"))
			mu.Lock()
			statuses[status]++
			mu.Unlock()
		})
	}
	all.Wait()
	require.Equal(t, 16, statuses[http.StatusCreated]+statuses[http.StatusConflict], statuses)
	require.Len(t, a.charges(), 1)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for kind, charges := range map[string]int{"timeout_before": 0, "timeout_after": 1, "reset_before": 0, "reset_after": 1, "http_500": 0, "http_429": 0, "slow": 1} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a := openAcme(t, chassis.Options{})
			status, _, text := a.call(http.MethodPost, "/_sim/faults", `{"operation":"pay","fault":"`+kind+`","delay_ms":50}`, nothing)
			require.Equal(t, http.StatusCreated, status, text)
			status, _, _ = a.call(http.MethodPost, "/payments", order, keyed("k"))
			require.Equal(t, map[string]int{"http_500": 500, "http_429": 429, "slow": 201}[kind], status)
			require.Len(t, a.charges(), charges)
			status, header, _ := a.call(http.MethodPost, "/payments", order, keyed("k"))
			require.Equal(t, http.StatusCreated, status)
			require.Equal(t, charges == 1, header.Get("Acme-Replayed") == "true")
			require.Len(t, a.charges(), 1)
		})
	}
}

func TestAccountsDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	a := openAcme(t, chassis.Options{})
	first, second := a.pays(order), a.pays(order)
	a.pays(strings.Replace(order, "order-1", "order-2", 1))
	var found []payment
	a.get("/payments?reference=order-1", &found)
	require.Len(t, found, 2)
	require.Equal(t, []string{second.ID, first.ID}, []string{found[0].ID, found[1].ID}, "newest first")
	status, _, text := a.call(http.MethodGet, "/payments", "", http.Header{"Acme-Account": {"two"}})
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "[]", text)
}

func TestThePageIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	a := openAcme(t, chassis.Options{})
	p := a.pays(strings.Replace(order, "4242 4242 4242 4242", "4000002760003184", 1))
	require.Equal(t, "waiting", p.Status)
	require.Empty(t, a.charges())
	path := strings.TrimPrefix(p.Page, a.server.URL)
	status, _, page := a.call(http.MethodGet, path, "", nothing)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "12.50 EUR")
	require.Contains(t, page, "Leave without answering")

	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for _, outcome := range []string{"approve", "fail"} { // the second answer changes nothing
		status, header, _ := a.call(http.MethodPost, path, "outcome="+outcome, form)
		require.Equal(t, http.StatusSeeOther, status)
		require.Equal(t, "https://shop.example/?paid="+p.ID, header.Get("Location"))
	}
	require.Len(t, a.charges(), 1)
	_, _, page = a.call(http.MethodGet, path, "", nothing)
	require.Contains(t, page, "Payment approved")
	status, _, _ = a.call(http.MethodGet, "/shopper/none", "", nothing)
	require.Equal(t, http.StatusNotFound, status)
	status, _, _ = a.call(http.MethodPost, "/_sim/3ds/"+p.ID, `{"outcome":"approve"}`, nothing)
	require.Equal(t, http.StatusConflict, status)

	p = a.pays(strings.Replace(order, "4242 4242 4242 4242", "4000002760003184", 1))
	status, _, text := a.call(http.MethodPost, "/_sim/3ds/"+p.ID, `{"outcome":"fail"}`, nothing)
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"payment":"`+p.ID+`","outcome":"fail","return_url":"https://shop.example/?failed"}`, text)
}

func TestTasksArePerformedAlsoAfterARestart(t *testing.T) {
	t.Parallel()
	options := chassis.Options{DataFile: filepath.Join(t.TempDir(), "acme.db"), SettleAfter: time.Hour}
	a := openAcme(t, options)
	_, header, _ := a.call(http.MethodPost, "/payments/pay_1/refunds", "", keyed("r"))
	_, second, _ := a.call(http.MethodPost, "/payments/pay_1/refunds", "", keyed("r2"))
	status, _, text := a.call(http.MethodPost, "/_sim/refunds/"+second.Get("Location"), `{"status":"failed"}`, nothing)
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, []string{"pending", "failed"}, []string{a.refunds()[0].Status, a.refunds()[1].Status})
	a.close()

	options.SettleAfter = 0
	future := openAcme(t, options)
	future.close()
	a = openAcme(t, options)
	require.Equal(t, "pending", a.refunds()[0].Status, "it is not due")
	status, _, _ = a.call(http.MethodPost, "/_sim/refunds/"+header.Get("Location"), `{"status":"succeeded"}`, nothing)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "succeeded", a.refunds()[0].Status)
	require.Equal(t, "r", a.refunds()[0].IdempotencyKey, "what was first written stays")

	options.SettleAfter = 10 * time.Millisecond
	a.close()
	a = openAcme(t, options)
	a.call(http.MethodPost, "/payments/pay_1/refunds", "", keyed("r3"))
	require.Eventually(t, func() bool { return a.refunds()[2].Status == "succeeded" }, 30*time.Second, 10*time.Millisecond)
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	got := map[string]int{}
	listener := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got[r.Header.Get("Acme-Signature")]++
	}))
	t.Cleanup(listener.Close)
	// Another server, so that no try of the first process is counted late.
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	t.Cleanup(refuses.Close)
	options := chassis.Options{
		DataFile: filepath.Join(t.TempDir(), "acme.db"),
		Webhooks: []chassis.Webhook{{Credentials: map[string]string{"key": "one", "secret": "shh"}, URL: refuses.URL}},
	}
	a := openAcme(t, options)
	a.pays(order)
	a.call(http.MethodPost, "/payments", order, http.Header{"Acme-Account": {"two"}}) // nobody listens
	a.close()

	options.Webhooks[0].URL = listener.URL
	a = openAcme(t, options)
	settled := func() bool {
		a.call(http.MethodPost, "/_sim/webhooks/flush", "", nothing)
		var state struct{ Pending int }
		a.get("/_sim/webhooks", &state)
		return state.Pending == 0
	}
	require.Eventually(t, settled, 30*time.Second, 20*time.Millisecond)
	mu.Lock()
	require.Len(t, got, 1)
	for signature, n := range got {
		require.True(t, strings.HasPrefix(signature, "shh evt_"), signature)
		require.Equal(t, 1, n)
	}
	mu.Unlock()

	status, _, text := a.call(http.MethodPost, "/_sim/webhooks", `{"duplicate_percent":100,"drop_percent":100}`, nothing)
	require.Equal(t, http.StatusOK, status, text)
	a.pays(order)
	require.Eventually(t, settled, 30*time.Second, 20*time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, got, 2)
	total := 0
	for _, n := range got {
		total += n
	}
	require.Equal(t, 3, total, "the second event came twice")
}

func TestDisputesFromOutside(t *testing.T) {
	t.Parallel()
	a := openAcme(t, chassis.Options{})
	p := a.pays(order)
	for body, want := range map[string]int{
		`{"payment":"pay_none"}`:                      http.StatusNotFound,
		`{"payment":"` + p.ID + `","amount":-1}`:      http.StatusBadRequest,
		`{"payment":"` + p.ID + `","inquiry":true}`:   http.StatusConflict,
		`{"payment":"` + p.ID + `","something":true}`: http.StatusBadRequest,
	} {
		status, _, text := a.call(http.MethodPost, "/_sim/disputes", body, nothing)
		require.Equal(t, want, status, "%s: %s", body, text)
	}
	status, _, text := a.call(http.MethodPost, "/_sim/disputes", `{"payment":"`+p.ID+`"}`, nothing)
	require.Equal(t, http.StatusCreated, status, text)
	var record struct{ Disputes []simulator.Dispute }
	a.get("/_sim/disputes", &record)
	require.Len(t, record.Disputes, 1)
	status, _, text = a.call(http.MethodPost, "/_sim/disputes/"+record.Disputes[0].ID, `{"status":"lost"}`, nothing)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, text, `"field":"status"`)
	status, _, _ = a.call(http.MethodPost, "/_sim/disputes/"+record.Disputes[0].ID, `{"status":"won"}`, nothing)
	require.Equal(t, http.StatusOK, status)
	a.get("/_sim/disputes", &record)
	require.Equal(t, "won", record.Disputes[0].Status)
}

func TestCredentialsThatAreNoneAndUnreachableFiles(t *testing.T) {
	t.Parallel()
	a := openAcme(t, chassis.Options{})
	r := httptest.NewRequest(http.MethodGet, a.server.URL+"/payments", nil)
	r.RequestURI = ""
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusUnauthorized, response.StatusCode)

	_, err = chassis.Open(chassis.Options{}, chassis.Provider{Name: "acme"})
	require.ErrorContains(t, err, "DataFile")
	_, err = chassis.Open(chassis.Options{DataFile: "x", Webhooks: []chassis.Webhook{{URL: "nowhere"}}}, chassis.Provider{Name: "acme"})
	require.ErrorContains(t, err, "URL")
}

func TestNoCardNumberIsInTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := openAcme(t, chassis.Options{DataFile: filepath.Join(dir, "acme.db")})
	a.pays(order)
	a.call(http.MethodPost, "/payments", strings.Replace(order, "4242 4242 4242 4242", "5555555555554444", 1), keyed("k"))
	a.close()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, number := range []string{"4242424242424242", "4242 4242", "5555555555554444"} {
			require.NotContains(t, string(text), number, file)
		}
	}
}

func TestReadCard(t *testing.T) {
	t.Parallel()
	a := openAcme(t, chassis.Options{})
	year := a.Now().UTC().Year() + 1
	for _, c := range []struct {
		number      string
		month, year int
		cvc, part   string
	}{
		{"4242424242424242", 12, year, "123", ""},
		{"4242-4242-4242-4242", 12, year % 100, "", ""},
		{"378282246310005", 12, year, "1234", ""},
		{"4242424242424241", 12, year, "123", chassis.PartNumber},
		{"42", 12, year, "123", chassis.PartNumber},
		{"", 12, year, "123", chassis.PartNumber},
		{"4242424242424242", 13, year, "123", chassis.PartExpiry},
		{"4242424242424242", 12, year - 2, "123", chassis.PartExpiry},
		{"4242424242424242", 12, year, "12", chassis.PartCVC},
		{"4242424242424242", 12, year, "12a", chassis.PartCVC},
	} {
		card, err := a.ReadCard(c.number, c.month, c.year, c.cvc)
		if c.part == "" {
			require.NoError(t, err, c)
			require.Equal(t, year, card.ExpYear)
			continue
		}
		var wrong *chassis.CardError
		require.ErrorAs(t, err, &wrong, fmt.Sprint(c))
		require.Equal(t, c.part, wrong.Part)
	}
	one, err := a.ReadCard("4000000000009987", 12, year, "123")
	require.NoError(t, err)
	require.Equal(t, chassis.TestCard{Meaning: chassis.LostCard, ResponseCode: "41", AdviceCode: "03", Message: "Lost card, pick up"}, one.Issuer)
	require.Equal(t, "visa 400000 9987", one.Brand+" "+one.BIN+" "+one.Last4)
	other, err := a.ReadCard("5555555555554444", 12, year, "123")
	require.NoError(t, err)
	require.NotEqual(t, one.Fingerprint, other.Fingerprint)
	require.False(t, other.Issuer.Declined())
}

func TestDerivedCredentialsStayTheSame(t *testing.T) {
	t.Parallel()
	require.Equal(t, chassis.Derive(chassis.Base62, 32, "acme", "sandbox"), chassis.Derive(chassis.Base62, 32, "acme", "sandbox"))
	require.NotEqual(t, chassis.AccountOf("a", "b"), chassis.AccountOf("ab"))
	require.Len(t, chassis.NewID("pay_", chassis.Base32, 26), 30)
}

func TestTheWitnessKeepsWhatCanBe(t *testing.T) {
	t.Parallel()
	a := openAcme(t, chassis.Options{})
	p := a.pays(order)
	act := func(f func(*chassis.Tx) error) error { return a.Act(chassis.KindPayment, p.ID, f) }
	require.NoError(t, act(func(tx *chassis.Tx) error {
		return errors.Join(
			tx.WitnessMethod(simulator.PaymentMethod{ID: "src_1", Customer: "cus_1", Last4: "4242"}),
			tx.WitnessMethod(simulator.PaymentMethod{ID: "src_1", Last4: "4242"}), // not kept any more
			tx.WitnessCustomer(simulator.Customer{ID: "cus_1", Metadata: []byte(`{"customer_id":"cus_9"}`)}))
	}))
	var record struct {
		PaymentMethods []simulator.PaymentMethod `json:"payment_methods"`
		Customers      []simulator.Customer
	}
	a.get("/_sim/payment_methods", &record)
	a.get("/_sim/customers", &record)
	require.Len(t, record.PaymentMethods, 1)
	require.Empty(t, record.PaymentMethods[0].Customer)
	require.JSONEq(t, `{"customer_id":"cus_9"}`, string(record.Customers[0].Metadata))

	for _, charge := range []simulator.Charge{
		{Amount: 0}, {Amount: 5, AmountCaptured: 6}, {Amount: 5, AmountCaptured: 4, AmountRefunded: 5}, {Amount: 5, AmountCaptured: -1},
	} {
		charge.ID = p.ID
		require.Error(t, act(func(tx *chassis.Tx) error { return tx.WitnessCharge(charge, false) }), "%+v", charge)
	}
	require.Error(t, act(func(tx *chassis.Tx) error {
		return tx.WitnessCharge(simulator.Charge{ID: p.ID, Amount: 5, AmountCaptured: 5}, true)
	}), "what was taken is not voided")
	require.EqualValues(t, 1250, a.charges()[0].AmountCaptured, "and the record is as before")
}
