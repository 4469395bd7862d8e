package api_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/api"
	"paymenthub/internal/account"
	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
)

const gatewayAccounts = "/v3/gateway_accounts"

// drawer keeps gateway accounts in memory, and is the provider that is asked about
// credentials: it takes those that begin with "good".
type drawer struct {
	mu     sync.Mutex
	kept   map[string]account.Account
	probed []account.Credentials
	fail   error // of every probe
}

func newAccounts(at clock.Clock, sealer account.Sealer) (*account.Service, *drawer) {
	d := &drawer{kept: map[string]account.Account{}}
	return account.NewService(account.Options{Repository: d, Sealer: sealer, Connector: d, Clock: at, Changed: func(account.Account) {}}), d
}

func (d *drawer) Providers() []account.Provider {
	return []account.Provider{
		{Name: "stripe", Title: "Stripe", Credentials: []account.Credential{
			{Name: "secret_key", Title: "Secret key", Required: true}, {Name: "webhook_secret", Title: "Signing secret"},
		}, Methods: []string{"card"}, Currencies: 133},
		{Name: "adyen", Title: "Adyen", Credentials: []account.Credential{
			{Name: "api_key", Title: "API key", Required: true}, {Name: "merchant_account", Title: "Merchant account", Required: true, Public: true},
		}, Methods: []string{"card", "ideal"}},
	}
}

// Probe says that credentials which differ in what follows a space alone are of one
// account.
func (d *drawer) Probe(_ context.Context, provider string, _ merchant.Environment, c account.Credentials) (string, error) {
	d.probed = append(d.probed, c)
	for name, value := range c {
		if name != "merchant_account" && !strings.HasPrefix(value.Reveal(), "good") {
			return "", fault.Field("credentials."+name, "%s does not take this '%s'.", provider, name)
		}
	}
	key, _, _ := strings.Cut(cmp.Or(c["api_key"], c["secret_key"]).Reveal(), " ")
	return fmt.Sprintf("acct_%x", sha256.Sum256([]byte(key))), d.fail
}

func (d *drawer) Insert(_ context.Context, a account.Account) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, there := d.kept[a.Name]; !there {
		d.kept[a.Name] = a
	}
	return nil
}

func (d *drawer) Account(ctx context.Context, scope merchant.Scope, name string) (account.Account, error) {
	a, err := d.Find(ctx, name)
	if err != nil || a.Scope != scope {
		return account.Account{}, fault.New(fault.NotFound, "No such gateway account: '%s'.", name)
	}
	return a, nil
}

func (d *drawer) Find(_ context.Context, name string) (account.Account, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, there := d.kept[name]
	if !there {
		return a, fault.New(fault.NotFound, "No such gateway account: '%s'.", name)
	}
	return a, nil
}

func (d *drawer) Accounts(_ context.Context, scope merchant.Scope, _ account.Page) ([]account.Account, bool, error) {
	var found []account.Account
	for _, a := range d.kept {
		if a.Scope == scope {
			found = append(found, a)
		}
	}
	slices.SortFunc(found, func(a, b account.Account) int { return cmp.Compare(id.Suffix(b.Name), id.Suffix(a.Name)) })
	return found, false, nil
}

func (d *drawer) Preferred(ctx context.Context, scope merchant.Scope) ([]account.Account, error) {
	found, _, err := d.Accounts(ctx, scope, account.Page{})
	return found, err
}

func (d *drawer) Update(_ context.Context, a account.Account) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	mine := d.kept[a.Name].Version == a.Version-1
	if mine {
		d.kept[a.Name] = a
	}
	return mine, nil
}

func (d *drawer) Count(_ context.Context, scope merchant.Scope) (int, error) { return len(d.kept), nil }

func (s *stage) connect(t *testing.T, body string) string {
	t.Helper()
	w := s.call(http.MethodPost, gatewayAccounts, body)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	return fields(t, w)["id"].(string)
}

func TestGatewayAccountIsConnectedAndItsSecretsNeverShown(t *testing.T) {
	s := newStage(t)
	w := s.call(http.MethodPost, gatewayAccounts, `{"provider":"adyen","label":"Ærø","priority":7,
		"credentials":{"api_key":"good_hunter2","merchant_account":"AeroECOM"},
		"fees":[{"method":"card","currency":"EUR","brand":"amex","region":"eea","basis_points":350,"fixed":{"amount":11,"currency":"EUR"}},{"basis_points":290}]}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	v := fields(t, w)
	name := v["id"].(string)
	require.True(t, account.ValidName(name) && strings.HasPrefix(name, "adyen_"), name)
	require.Equal(t, "https://pay.example/webhooks/adyen/"+name, v["webhook_url"])
	require.Equal(t, []any{"active", "Ærø", float64(7), "sandbox"}, []any{v["status"], v["label"], v["priority"], v["environment"]})
	require.Equal(t, map[string]any{"merchant_account": "AeroECOM"}, v["credentials"])
	require.Equal(t, []any{"api_key"}, v["secrets"])
	require.Len(t, v["fees"], 2)

	kept := s.drawer.kept[name]
	require.NotContains(t, fmt.Sprintf("%+v %s", kept, kept.Sealed), "hunter2")
	opened, err := kept.Open(s.sealer)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"api_key": "good_hunter2", "merchant_account": "AeroECOM"}, opened.Reveal())
	kept.Name = account.NameOf("adyen", id.NewSuffix())
	_, err = kept.Open(s.sealer)
	require.Error(t, err, "credentials open under their own account's name alone")

	for _, path := range []string{gatewayAccounts, gatewayAccounts + "/" + name} {
		w := s.call(http.MethodGet, path, "")
		require.Equal(t, http.StatusOK, w.Code)
		require.Contains(t, w.Body.String(), name)
		require.NotContains(t, w.Body.String(), "hunter2")
	}
	for _, entry := range s.logs.All() {
		require.NotContains(t, fmt.Sprint(entry.Message, entry.ContextMap()), "hunter2")
	}
	for _, r := range s.memory.requests {
		require.NotContains(t, fmt.Sprintf("%+v", r), "hunter2")
	}
	other := "Bearer " + s.key(merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox}, merchant.SecretKey)
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		require.Equal(t, http.StatusNotFound, s.call(method, gatewayAccounts+"/"+name, "", "Authorization", other).Code)
	}
	require.JSONEq(t, `{"object":"list","data":[],"has_more":false}`, s.call(http.MethodGet, gatewayAccounts, "", "Authorization", other).Body.String())
}

// Each is a call to a provider from the hub's address.
func TestConnectingIsLimitedByMerchantAndEnvironment(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.ConnectLimit = api.RateLimit{PerMinute: 10, Burst: 3} })
	body := `{"provider":"stripe","credentials":{"secret_key":"good"}}`
	name := s.connect(t, body)
	second := "Bearer " + s.key(s.scope, merchant.SecretKey)
	require.Equal(t, http.StatusOK, s.call(http.MethodPost, gatewayAccounts+"/"+name, `{"credentials":{"secret_key":"good"}}`).Code)
	require.Equal(t, http.StatusBadRequest, s.call(http.MethodPost, gatewayAccounts, `{"provider":"stripe","credentials":{"secret_key":"bad"}}`, "Authorization", second).Code)
	for _, path := range []string{gatewayAccounts, gatewayAccounts + "/" + name} {
		w := s.call(http.MethodPost, path, `{"provider":"stripe","credentials":{"secret_key":"good"}}`, "Authorization", second)
		require.Equal(t, http.StatusTooManyRequests, w.Code)
		require.Equal(t, "rate_limited", failure(t, w)["code"])
		require.Equal(t, []string{"6", "0", "10"}, []string{w.Header().Get("Retry-After"), w.Header().Get("RateLimit-Remaining"), w.Header().Get("RateLimit-Limit")})
	}
	require.Len(t, s.drawer.probed, 3)
	require.Equal(t, http.StatusOK, s.call(http.MethodGet, gatewayAccounts, "", "Authorization", second).Code)
	require.Equal(t, http.StatusOK, s.call(http.MethodDelete, gatewayAccounts+"/"+name, "", "Authorization", second).Code)
	live := s.request(http.MethodPost, gatewayAccounts, body, "Authorization", "Bearer "+s.live)
	live.TLS = &tls.ConnectionState{}
	require.Equal(t, http.StatusOK, serve(s, live).Code, "the other environment")
	other := "Bearer " + s.key(merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox}, merchant.SecretKey)
	require.Equal(t, http.StatusOK, s.call(http.MethodPost, gatewayAccounts, body, "Authorization", other).Code, "another merchant")
	s.clock.Advance(6 * time.Second)
	require.Equal(t, http.StatusOK, s.call(http.MethodPost, gatewayAccounts, body).Code)
}

func TestConnectingCountsForTheKeyToo(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.HubLimit = api.RateLimit{PerMinute: 60, Burst: 2} })
	s.connect(t, `{"provider":"stripe","credentials":{"secret_key":"good"}}`)
	require.Equal(t, http.StatusOK, s.call(http.MethodGet, gatewayAccounts, "").Code)
	w := s.call(http.MethodPost, gatewayAccounts, `{"provider":"stripe","credentials":{"secret_key":"good"}}`)
	require.Equal(t, []any{http.StatusTooManyRequests, "60"}, []any{w.Code, w.Header().Get("RateLimit-Limit")})
}

func TestGatewayAccountIsMadeOnce(t *testing.T) {
	s := newStage(t)
	body := `{"provider":"stripe","credentials":{"secret_key":"good"}}`
	first := s.call(http.MethodPost, gatewayAccounts, body, "Idempotency-Key", "k")
	require.Equal(t, http.StatusOK, first.Code)
	require.Equal(t, first.Body.String(), s.call(http.MethodPost, gatewayAccounts, body, "Idempotency-Key", "k").Body.String())
	require.Len(t, s.drawer.probed, 1)
	// The first try stored the account and died before it could answer.
	for slot, r := range s.memory.requests {
		r.Response, r.LockedUntil = nil, s.clock.Now()
		s.memory.requests[slot] = r
	}
	again := s.call(http.MethodPost, gatewayAccounts, body, "Idempotency-Key", "k")
	require.Equal(t, fields(t, first)["id"], fields(t, again)["id"])
	require.Len(t, s.drawer.kept, 1)
	require.Len(t, s.drawer.probed, 1, "what is stored was tried already")
}

func TestGatewayAccountIsChecked(t *testing.T) {
	s := newStage(t)
	for body, param := range map[string]string{
		`{}`: "provider", `{"provider":"klarna","credentials":{"key":"good"}}`: "provider",
		`{"provider":"stripe"}`: "credentials", `{"provider":"stripe","credentials":null}`: "credentials",
		`{"provider":"stripe","credentials":"good"}`:                                                               "credentials",
		`{"provider":"stripe","credentials":{"secret_key":7}}`:                                                     "credentials.secret_key",
		`{"provider":"stripe","credentials":{"secret_key":null}}`:                                                  "credentials.secret_key",
		`{"provider":"stripe","credentials":{"secret_key":""}}`:                                                    "credentials.secret_key",
		`{"provider":"stripe","credentials":{"secret_key":"good\n"}}`:                                              "credentials.secret_key",
		`{"provider":"stripe","credentials":{"secret_key":"` + strings.Repeat("x", 4097) + `"}}`:                   "credentials.secret_key",
		`{"provider":"stripe","credentials":{"secret_key":"good","hunter2":"x"}}`:                                  "credentials",
		`{"provider":"stripe","credentials":{"secret_key":"hunter2"}}`:                                             "credentials.secret_key",
		`{"provider":"stripe","credentials":{"secret_key":"good"},"base_url":"https://x"}`:                         "base_url",
		`{"provider":"stripe","credentials":{"secret_key":"good"},"priority":1001}`:                                "priority",
		`{"provider":"stripe","credentials":{"secret_key":"good"},"label":"4242 4242 4242 4242"}`:                  "label",
		`{"provider":"stripe","credentials":{"secret_key":"good"},"fees":[{"basis_points":10001}]}`:                "fees[0].basis_points",
		`{"provider":"stripe","credentials":{"secret_key":"good"},"fees":[{"basis_points":1,"region":"mars"}]}`:    "fees[0].region",
		`{"provider":"stripe","credentials":{"secret_key":"good"},"fees":[{"basis_points":1,"currency":"XXQ"}]}`:   "fees[0].currency",
		`{"provider":"stripe","credentials":{"secret_key":"good"},"fees":[{"basis_points":1,"method":"barter"}]}`:  "fees[0].method",
		`{"provider":"adyen","credentials":{"api_key":"good","merchant_account":"4242424242424242"}}`:              "credentials.merchant_account",
		`{"provider":"stripe","credentials":{"secret_key":"good"},"fees":[{"basis_points":1,"fixed":{}}]}`:         "fees[0].fixed.currency",
		`{"provider":"stripe","credentials":{"secret_key":"good"},"fees":[{"basis_points":1,"brand":"<b>"}]}`:      "fees[0].brand",
		`{"provider":"stripe","credentials":{"secret_key":"good","secret_key":"good"}}`:                            "credentials.secret_key",
		`{"provider":"stripe","credentials":{"secret_key":"good","webhook_secret":"` + "hunter2" + `"},"label":1}`: "label",
	} {
		w := s.call(http.MethodPost, gatewayAccounts, body)
		require.Equal(t, http.StatusBadRequest, w.Code, "%s: %s", body, w.Body)
		require.Equal(t, param, failure(t, w)["param"], body)
		require.NotContains(t, w.Body.String(), "hunter2")
	}
	require.Empty(t, s.drawer.kept)
	s.drawer.fail = fault.New(fault.Unavailable, "The provider did not say.")
	w := s.call(http.MethodPost, gatewayAccounts, `{"provider":"stripe","credentials":{"secret_key":"good"}}`)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Empty(t, s.drawer.kept)
}

func TestGatewayAccountIsChanged(t *testing.T) {
	s := newStage(t)
	name := s.connect(t, `{"provider":"adyen","credentials":{"api_key":"good 1","merchant_account":"AeroECOM"}}`)
	change := func(body string) map[string]any {
		w := s.call(http.MethodPost, gatewayAccounts+"/"+name, body)
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		return fields(t, w)
	}
	credentials := func() map[string]string {
		opened, err := s.drawer.kept[name].Open(s.sealer)
		require.NoError(t, err)
		return opened.Reveal()
	}
	v := change(`{"label":"new","priority":-3,"fees":[{"basis_points":0}]}`)
	require.Equal(t, []any{"new", float64(-3)}, []any{v["label"], v["priority"]})
	require.Len(t, v["fees"], 1)
	require.Nil(t, change(`{"fees":[]}`)["fees"])
	require.Len(t, s.drawer.probed, 1, "nothing of that concerns the provider")

	change(`{"credentials":{"api_key":"good 2"}}`)
	require.Equal(t, map[string]string{"api_key": "good 2", "merchant_account": "AeroECOM"}, credentials())
	require.Equal(t, credentials(), s.drawer.probed[1].Reveal(), "all of them are tried together")
	for body, param := range map[string]string{
		`{"credentials":{"api_key":"bad"}}`: "credentials.api_key", `{"credentials":{"api_key":""}}`: "credentials.api_key",
		`{"credentials":{"merchant_account":"OtherECOM"}}`: "credentials.merchant_account", `{"credentials":{"hmac":"good"}}`: "credentials.hmac",
		`{"credentials":{"hunter2":""}}`: "credentials", `{"credentials":{"api_key":"goods of another"}}`: "credentials.api_key",
		`{"status":"gone"}`: "status",
	} {
		w := s.call(http.MethodPost, gatewayAccounts+"/"+name, body)
		require.Equal(t, http.StatusBadRequest, w.Code, body)
		require.Equal(t, param, failure(t, w)["param"], body)
	}
	require.Equal(t, "good 2", credentials()["api_key"], "what was refused changed nothing")

	w := s.call(http.MethodDelete, gatewayAccounts+"/"+name, "")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "disabled", fields(t, w)["status"])
	probes := len(s.drawer.probed)
	require.Equal(t, "active", change(`{"status":"active"}`)["status"])
	require.Len(t, s.drawer.probed, probes+1, "who takes payments again is tried first")

	second := s.connect(t, `{"provider":"stripe","credentials":{"secret_key":"good","webhook_secret":"good"}}`)
	w = s.call(http.MethodPost, gatewayAccounts+"/"+second, `{"credentials":{"webhook_secret":""}}`)
	require.Equal(t, []any{"secret_key"}, fields(t, w)["secrets"])
	for _, unknown := range []string{id.New("stripe"), "stripe", "stripe_x", id.New(id.Payment)} {
		require.Equal(t, http.StatusNotFound, s.call(http.MethodPost, gatewayAccounts+"/"+unknown, `{}`).Code, unknown)
	}
}

func TestGatewayProvidersAreListed(t *testing.T) {
	s := newStage(t)
	w := s.call(http.MethodGet, gatewayAccounts+"/providers", "")
	require.Equal(t, http.StatusOK, w.Code)
	data := fields(t, w)["data"].([]any)
	require.Len(t, data, 2)
	require.Equal(t, float64(133), data[0].(map[string]any)["currencies"])
	require.Nil(t, data[1].(map[string]any)["currencies"])
	credentials := data[1].(map[string]any)["credentials"].([]any)
	require.Equal(t, map[string]any{"name": "merchant_account", "title": "Merchant account", "required": true, "secret": false}, credentials[1])
	reader := s.key(s.scope, merchant.SecretKey, merchant.ReadGateways)
	require.Equal(t, http.StatusOK, s.call(http.MethodGet, gatewayAccounts, "", "Authorization", "Bearer "+reader).Code)
	require.Equal(t, http.StatusForbidden, s.call(http.MethodPost, gatewayAccounts, `{}`, "Authorization", "Bearer "+reader).Code)
	for _, cursor := range []string{"starting_after=stripe", "ending_before=adyen_1", "starting_after=" + id.New("adyen") + "&ending_before=" + id.New("adyen")} {
		require.Equal(t, http.StatusBadRequest, s.call(http.MethodGet, gatewayAccounts+"?"+cursor, "").Code, cursor)
	}
}

func TestThereIsAnEndToGatewayAccounts(t *testing.T) {
	s := newStage(t)
	for range account.MaxAccounts {
		name := id.New("stripe")
		s.drawer.kept[name] = account.Account{Name: name}
	}
	w := s.call(http.MethodPost, gatewayAccounts, `{"provider":"stripe","credentials":{"secret_key":"good"}}`)
	require.Equal(t, http.StatusConflict, w.Code)
	require.Len(t, s.drawer.kept, account.MaxAccounts)
}
