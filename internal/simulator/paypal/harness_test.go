package paypal

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// desk is a caller of the simulator, with the account "sandbox".
type desk struct {
	t      *testing.T
	url    string
	file   string
	sim    *Simulator
	server *httptest.Server
	token  string
	mail   *mail

	mu    sync.Mutex
	ahead time.Duration // of the clock
}

// mail keeps the webhooks of the account.
type mail struct {
	mu  sync.Mutex
	got []letter
}

type letter struct {
	header http.Header
	body   []byte
}

func (m *mail) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got = append(m.got, letter{r.Header.Clone(), body})
}

// hears waits for the first event of a type.
func (d *desk) hears(kind string) (header http.Header, body []byte, event map[string]any) {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		d.mail.mu.Lock()
		defer d.mail.mu.Unlock()
		for _, l := range d.mail.got {
			var e map[string]any
			if json.Unmarshal(l.body, &e) == nil && e["event_type"] == kind {
				header, body, event = l.header, l.body, e
				return true
			}
		}
		return false
	}, 30*time.Second, 5*time.Millisecond, kind)
	return header, body, event
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, file: filepath.Join(t.TempDir(), "paypal.db"), mail: &mail{}}
	d.open()
	d.token = d.signIn("sandbox")
	return d
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Now().Add(d.ahead)
}

func (d *desk) advance(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ahead += by
}

// settles lets everything settle that is due within an hour.
func (d *desk) settles() {
	d.t.Helper()
	d.close()
	d.advance(time.Hour)
	d.open()
}

// open starts the simulator on its file.
func (d *desk) open() {
	d.t.Helper()
	listener := httptest.NewServer(d.mail)
	d.t.Cleanup(listener.Close)
	sim, err := open(chassis.Options{
		DataFile: d.file, SettleAfter: time.Hour, Webhooks: []chassis.Webhook{{Credentials: Credentials("sandbox"), URL: listener.URL}},
	}, d.clock)
	require.NoError(d.t, err)
	d.sim, d.server = sim, httptest.NewServer(sim.Handler())
	d.url = d.server.URL
	d.t.Cleanup(d.close)
}

func (d *desk) close() {
	if d.sim != nil {
		d.server.Close()
		require.NoError(d.t, d.sim.Close())
		d.sim = nil
	}
}

func (d *desk) signIn(account string) string {
	d.t.Helper()
	c := Credentials(account)
	status, answer := d.askToken(c[credentialID], c[credentialSecret], "grant_type=client_credentials")
	require.Equal(d.t, http.StatusOK, status)
	return answer["access_token"].(string)
}

func (d *desk) askToken(id, secret, form string) (int, map[string]any) {
	d.t.Helper()
	r, err := http.NewRequest(http.MethodPost, d.url+signInPath, strings.NewReader(form))
	require.NoError(d.t, err)
	r.SetBasicAuth(id, secret)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return d.do(r)
}

func (d *desk) do(r *http.Request) (int, map[string]any) {
	d.t.Helper()
	response, err := http.DefaultClient.Do(r)
	require.NoError(d.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(d.t, err)
	var answer map[string]any
	if len(text) > 0 {
		require.NoError(d.t, json.Unmarshal(text, &answer), "%s", text)
	}
	return response.StatusCode, answer
}

// call calls the API.
func (d *desk) call(method, path, key string, body any) (int, map[string]any) {
	d.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(d.t, err)
	r, err := http.NewRequest(method, d.url+path, bytes.NewReader(text))
	require.NoError(d.t, err)
	r.Header.Set("Authorization", "Bearer "+d.token)
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("PayPal-Request-Id", key)
	}
	return d.do(r)
}

func (d *desk) must(method, path, key string, body any) map[string]any {
	d.t.Helper()
	status, answer := d.call(method, path, key, body)
	require.Less(d.t, status, 300, "%s %s: %v", method, path, answer)
	return answer
}

// refused makes a call that fails, and returns the issue.
func (d *desk) refused(want int, method, path, key string, body any) string {
	d.t.Helper()
	status, answer := d.call(method, path, key, body)
	require.Equal(d.t, want, status, "%s %s: %v", method, path, answer)
	require.NotEmpty(d.t, answer["name"])
	require.NotEmpty(d.t, answer["debug_id"])
	return answer["details"].([]any)[0].(map[string]any)["issue"].(string)
}

const custom = "pi_1.att_2.txn_3.12000EUR"

func orderBody(intent, value, code string) object {
	return object{
		"intent": intent,
		"purchase_units": []object{{
			"reference_id": "mch_9.sandbox", "custom_id": custom, "invoice_id": "txn_3", "amount": object{"currency_code": code, "value": value},
		}},
		"payment_source": object{"paypal": object{"experience_context": object{
			"return_url": "https://shop.example/return?a=b", "cancel_url": "https://shop.example/return?a=b&canceled=true",
		}}},
	}
}

// order makes an order.
func (d *desk) order(intent, key string) string {
	d.t.Helper()
	return d.must(http.MethodPost, "/v2/checkout/orders", key, orderBody(intent, "120.00", "EUR"))["id"].(string)
}

// answer is what the shopper does, and where they are sent back to.
func (d *desk) answer(order, outcome string) *url.URL {
	d.t.Helper()
	back, err := url.Parse(d.must(http.MethodPost, "/_sim/3ds/"+order, "", object{"outcome": outcome})["return_url"].(string))
	require.NoError(d.t, err)
	return back
}

// sold takes an order, and returns its capture too.
func (d *desk) sold(key string) (order, capture string) {
	d.t.Helper()
	order = d.order(intentCapture, key)
	d.answer(order, "approve")
	done := d.must(http.MethodPost, "/v2/checkout/orders/"+order+"/capture", key+"-capture", object{})
	return order, moved(d.t, done, "captures")["id"].(string)
}

// held authorizes an order, and returns its authorization too.
func (d *desk) held(key string) (order, authorization string) {
	d.t.Helper()
	order = d.order(intentAuthorize, key)
	d.answer(order, "approve")
	done := d.must(http.MethodPost, "/v2/checkout/orders/"+order+"/authorize", key+"-authorize", object{})
	return order, moved(d.t, done, "authorizations")["id"].(string)
}

// moved is the first movement of a kind in an order.
func moved(t *testing.T, order map[string]any, kind string) map[string]any {
	t.Helper()
	unit := order["purchase_units"].([]any)[0].(map[string]any)
	require.Contains(t, unit, "payments", "%v", order)
	return unit["payments"].(map[string]any)[kind].([]any)[0].(map[string]any)
}

// witness is the simulator's own record.
func (d *desk) witness() (record struct {
	Charges  []simulator.Charge
	Refunds  []simulator.Refund
	Disputes []simulator.Dispute
}) {
	d.t.Helper()
	for part, into := range map[string]any{"charges": &record, "refunds": &record, "disputes": &record} {
		response, err := http.Get(d.url + "/_sim/" + part)
		require.NoError(d.t, err)
		require.NoError(d.t, json.NewDecoder(response.Body).Decode(into))
		require.NoError(d.t, response.Body.Close())
	}
	return record
}
