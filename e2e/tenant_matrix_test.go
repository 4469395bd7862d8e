package e2e

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/api"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi/conform"
	"paymenthub/internal/id"
)

// standing is what a caller is to the objects that it asks for.
type standing string

const (
	stranger    standing = "stranger"    // no valid key
	publishable standing = "publishable" // a publishable key without the payment's client secret
	lacking     standing = "lacking"     // the owner's key without the route's permission
	foreign     standing = "foreign"     // a valid key of another merchant or environment
	shopper     standing = "shopper"     // a foreign publishable key with the right client secret
)

type caller struct {
	name          string
	authorization string // "": no header
	apiKey        string // of X-API-Key, likewise
	standing      standing
	clientSecret  string // what a route of publishable keys or shoppers is sent
}

// matrix holds every route of the table against every caller.
type matrix struct {
	owner     shop
	elsewhere intent // another merchant's
	belongings
	keyring
}

func newMatrix(t *testing.T, h *hub) *matrix {
	t.Helper()
	m := &matrix{owner: newShop(t, h), elsewhere: newShop(t, h).create(t, nil)}
	m.belongings, m.keyring = newBelongings(t, m.owner), newKeyring(t, h, m.owner, newShop(t, h))
	return m
}

// callers are all that come to a route.
func (m *matrix) callers(r api.Route) []caller {
	good := m.owner.key
	all := []caller{
		{name: "no key", standing: stranger},
		{name: "a wrong key", authorization: "Bearer sk_sandbox_" + strings.Repeat("x", 32), standing: stranger},
		{name: "a revoked key", authorization: "Bearer " + m.revoked, standing: stranger},
		{name: "a key past its rotation", authorization: "Bearer " + m.expired, standing: stranger},
		{name: "a publishable key", authorization: "Bearer " + m.publishable, standing: publishable},
		{name: "a publishable key with a wrong secret", authorization: "Bearer " + m.publishable, standing: publishable, clientSecret: m.toRefund.ClientSecret},
		{name: "the other environment", authorization: "Bearer " + m.live, standing: foreign},
		{name: "another merchant", authorization: "Bearer " + m.other, standing: foreign},
		{name: "another merchant's shopper", authorization: "Bearer " + m.publishable2, standing: shopper, clientSecret: m.toConfirm.ClientSecret},
		{name: "a shopper of the other environment", authorization: "Bearer " + m.livePublishable, standing: shopper, clientSecret: m.toConfirm.ClientSecret},
	}
	for _, malformed := range []string{"Bearer", good, "Basic " + good, "Bearer " + good + " " + good, "Bearer " + good[:len(good)-1], "Bearer " + good + "x", "Bearer sk_sandbox_", "Bearer " + strings.Repeat("k", 5000), "Bearer \xff"} {
		all = append(all, caller{name: "a malformed key", authorization: malformed, standing: stranger})
	}
	if r.Access == middleware.Shopper { // where the client secret is all that counts
		for i := range all {
			all[i].clientSecret = ""
		}
	}
	if ofAcquiring(r) {
		all = append(all, m.acquiringCallers(r)...)
	} else {
		all = append(all, caller{name: "a key in a header that is not looked at", apiKey: good, standing: stranger})
	}
	if r.Permission != "" {
		all = append(all, caller{name: "without the permission", authorization: "Bearer " + m.lacking[r.Permission], standing: lacking})
	}
	return all
}

var placeholders = regexp.MustCompile(`:\w+`)

// ask calls a route as somebody, about an object.
func (m *matrix) ask(t *testing.T, r api.Route, path string, body object, c caller) answer {
	t.Helper()
	var raw []byte
	if r.Method != http.MethodGet {
		body = maps.Clone(body)
		if c.clientSecret != "" && (r.Access == middleware.Client || r.Access == middleware.Shopper) {
			body["client_secret"] = c.clientSecret
		}
		raw = bodyOf(t, body)
	} else if r.Access == middleware.Shopper {
		path += "?" + url.Values{"client_secret": {c.clientSecret}}.Encode()
	}
	req, err := http.NewRequestWithContext(t.Context(), r.Method, m.owner.api+path, bytes.NewReader(raw))
	require.NoError(t, err)
	if c.authorization != "" {
		req.Header.Set("Authorization", c.authorization)
	}
	if c.apiKey != "" {
		req.Header.Set("X-API-Key", c.apiKey)
	}
	if raw != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if strings.HasSuffix(r.Path, "/redeliver") { // which is refused without
		req.Header.Set("Idempotency-Key", id.NewSuffix())
	}
	res, err := web.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	if conform.Document(t, r.Path).Paths.Value(strings.NewReplacer(":", "{").Replace(placeholders.ReplaceAllString(r.Path, "$0}"))) != nil {
		conform.Check(t, req, res.StatusCode, res.Header, got)
	}
	return answer{res.StatusCode, res.Header, got}
}

// test holds one route against everybody.
func (m *matrix) test(t *testing.T, r api.Route) {
	t.Helper()
	if r.Access == middleware.Signed {
		return // no key opens it: the provider's signature does, which other tests forge
	}
	about := m.target(t, r)
	for _, c := range m.callers(r) {
		a := m.ask(t, r, about.path, about.body, c)
		for a.again() {
			a = m.ask(t, r, about.path, about.body, c)
		}
		require.Less(t, a.status, 500, "%s: %s", c.name, a.raw)
		for _, secret := range m.ids() {
			require.False(t, secret != about.names && bytes.Contains(a.raw, []byte(secret)), "%s reads %s", c.name, secret)
		}
		m.judge(t, r, c, a, about)
	}
	if r.Method == http.MethodGet && !strings.Contains(r.Path, ":") {
		m.testFilters(t, r)
	}
}

// target is how a route is asked for what the owner has.
type target struct {
	path  string
	body  object
	names string // the owner's object in either; "" where a route names none
}

// of asks for another object in the same way.
func (a target) of(other string) target {
	b := target{path: strings.ReplaceAll(a.path, a.names, other), body: maps.Clone(a.body), names: other}
	for field, v := range b.body {
		if v == a.names {
			b.body[field] = other
		}
	}
	return b
}

func (m *matrix) target(t *testing.T, r api.Route) target {
	t.Helper()
	about := target{path: r.Path}
	if r.Method != http.MethodGet {
		var ok bool
		about.body, about.names, ok = m.body(r.Path)
		require.True(t, ok, "the matrix knows no body for %s %s: add it to belongings.body", r.Method, r.Path)
	}
	if strings.Contains(r.Path, ":") {
		var ok bool
		about.names, ok = m.named(r.Path)
		require.True(t, ok, "the matrix has no object for %s: add it to belongings.named", r.Path)
		about.path = placeholders.ReplaceAllString(strings.Replace(r.Path, ":version", "1", 1), about.names)
	}
	return about
}

// strangerTo is a well-formed id of the same kind that nobody has.
func strangerTo(known string) string {
	kind, _, _ := strings.Cut(known, "_")
	return id.New(id.Prefix(kind))
}

// judge says what each standing gets from each kind of access.
func (m *matrix) judge(t *testing.T, r api.Route, c caller, a answer, about target) {
	t.Helper()
	switch {
	case ofAcquiring(r):
		m.judgeAcquiring(t, r, c, a, about)
	case r.Access == middleware.Public:
		anonymous := m.ask(t, r, about.path, nil, caller{})
		same := strings.ReplaceAll(string(anonymous.raw), anonymous.header.Get("Request-Id"), a.header.Get("Request-Id"))
		require.Equal(t, []any{anonymous.status, same}, []any{a.status, string(a.raw)}, "%s: a key makes no difference", c.name)
	case r.Access == middleware.Optional && (c.standing != stranger || c.authorization+c.apiKey == ""):
		require.Equal(t, http.StatusOK, a.status, c.name)
		require.Equal(t, c.authorization != "", bytes.Contains(a.raw, []byte(`"version"`)), c.name)
	case !slices.Contains([]middleware.Access{middleware.Optional, middleware.Secret, middleware.Client}, r.Access):
		require.Fail(t, "unknown access", "the matrix does not know the access %q: say in matrix.judge who gets what", r.Access)
	case c.standing == stranger:
		a.failure(t, http.StatusUnauthorized, "unauthenticated")
		require.Equal(t, `Bearer realm="paymenthub"`, a.header.Get("WWW-Authenticate"), c.name)
	case c.standing == lacking:
		require.Contains(t, a.failure(t, http.StatusForbidden, "forbidden").Message, string(r.Permission))
	case r.Access == middleware.Secret && (c.standing == publishable || c.standing == shopper):
		a.failure(t, http.StatusForbidden, "forbidden")
	case c.standing == publishable:
		require.Equal(t, "client_secret", a.failure(t, http.StatusUnauthorized, "unauthenticated").Param, c.name)
	default:
		m.judgeForeigner(t, r, c, a, about)
	}
}

// judgeForeigner holds that to somebody with a good key the owner's objects do
// not exist: not in lists, and asked for as those that nobody has.
func (m *matrix) judgeForeigner(t *testing.T, r api.Route, c caller, a answer, about target) {
	t.Helper()
	switch {
	case about.names != "":
		f := a.failure(t, http.StatusNotFound, "not_found")
		if c.standing != shopper { // whose client secret is that of the owner's payment
			nobody := strangerTo(about.names)
			b := m.ask(t, r, about.of(nobody).path, about.of(nobody).body, c)
			same := strings.NewReplacer(b.header.Get("Request-Id"), f.RequestID, nobody, about.names).Replace(string(b.raw))
			require.Equal(t, same, string(a.raw), "%s can tell what is there from what is not", c.name)
		}
	case r.Path == riskRules: // everybody has their own
		require.Equal(t, http.StatusOK, a.status, "%s: %s", c.name, a.raw)
		require.Contains(t, string(m.owner.get(t, riskRules).raw), m.blocked, c.name)
	case r.Path == settings, r.Path == gatewayAccounts+"/providers", r.Path == "/v3/routing", r.Path == "/v3/routing/stats", r.Path == simulateRouting:
		require.Equal(t, http.StatusOK, a.status, "%s: %s", c.name, a.raw)
	case r.Method == http.MethodGet:
		require.JSONEq(t, `{"object":"list","data":[],"has_more":false}`, string(a.raw), c.name)
	default: // makes something of their own, of which the owner sees nothing
		made := read[idOnly](t, a, http.StatusOK)
		m.owner.get(t, r.Path+"/"+made.ID).failure(t, http.StatusNotFound, "not_found")
	}
}

// testFilters asks lists for what belongs to the owner by its name.
func (m *matrix) testFilters(t *testing.T, r api.Route) {
	t.Helper()
	item := conform.Document(t, r.Path).Paths.Value(r.Path)
	if item == nil || r.Permission == "" {
		return
	}
	for _, p := range item.Get.Parameters {
		if p.Value.In != "query" {
			continue
		}
		value, ok := m.filter(r.Path, p.Value.Name)
		require.True(t, ok, "the matrix has no value for %s?%s: add it to belongings.filter", r.Path, p.Value.Name)
		if value == "" {
			continue
		}
		path := r.Path + "?" + p.Value.Name + "=" + value
		require.Equal(t, http.StatusOK, m.owner.get(t, path).status)
		for _, key := range []string{m.live, m.other} {
			a := client{m.owner.api, key}.get(t, path)
			require.JSONEq(t, `{"object":"list","data":[],"has_more":false}`, string(a.raw), path)
		}
	}
}
