package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/api"
	"paymenthub/api/middleware"
)

// ofAcquiring reports whether a route is one of the acquiring façade's, which has
// words of its own. Its document is public like any other.
func ofAcquiring(r api.Route) bool {
	return strings.HasPrefix(r.Facade, "acquiring") && r.Access != middleware.Public
}

// acquiringCallers are those who come to the acquiring façade beside all others.
func (m *matrix) acquiringCallers(r api.Route) []caller {
	bearer := "Bearer " + m.owner.key
	if r.Access == middleware.Shopper {
		return []caller{
			{name: "the merchant's own key", authorization: bearer, apiKey: m.owner.key, standing: stranger},
			{name: "the client secret of another payment", standing: stranger, clientSecret: m.toRefund.ClientSecret},
			{name: "the client secret of another merchant's", standing: stranger, clientSecret: m.elsewhere.ClientSecret},
			{name: "half the client secret", standing: stranger, clientSecret: m.toConfirm.ClientSecret[:60]},
			{name: "the id as client secret", authorization: bearer, standing: stranger, clientSecret: m.toConfirm.ID},
		}
	}
	return []caller{
		{name: "another merchant's X-API-Key", apiKey: m.other, standing: foreign},
		{name: "the other environment's X-API-Key", apiKey: m.live, standing: foreign},
		{name: "a wrong X-API-Key", apiKey: "sk_sandbox_" + strings.Repeat("x", 32), standing: stranger},
		{name: "a revoked X-API-Key", apiKey: m.revoked, standing: stranger},
		{name: "a publishable X-API-Key", apiKey: m.publishable, standing: publishable},
		{name: "two keys that differ", authorization: "Bearer " + m.other, apiKey: m.owner.key, standing: stranger},
		{name: "a right key beside a malformed one", authorization: "Bearer", apiKey: m.owner.key, standing: stranger},
		{name: "an X-API-Key without the permission", apiKey: m.lacking[r.Permission], standing: lacking},
	}
}

// judgeAcquiring says what each standing gets from the acquiring façade.
func (m *matrix) judgeAcquiring(t *testing.T, r api.Route, c caller, a answer, about target) {
	t.Helper()
	switch {
	case r.Access == middleware.Shopper:
		a.refused(t, http.StatusUnauthorized, "INVALID_CLIENT_SECRET")
		nobody := m.ask(t, r, about.of(strangerTo(about.names)).path, about.body, c)
		require.Equal(t, anonymous(a), anonymous(nobody), "%s can tell what is there from what is not", c.name)
	case c.standing == stranger:
		a.refused(t, http.StatusUnauthorized, "UNAUTHORIZED")
		require.NotEmpty(t, a.header.Get("WWW-Authenticate"), c.name)
	case c.standing == lacking:
		require.Contains(t, a.refused(t, http.StatusForbidden, "FORBIDDEN").Message, string(r.Permission))
	case c.standing == publishable || c.standing == shopper:
		a.refused(t, http.StatusForbidden, "FORBIDDEN")
	case about.names != "" && strings.Contains(c.name, "environment") && !strings.HasPrefix(about.names, "txn_"):
		a.refused(t, http.StatusUnauthorized, "WRONG_MERCHANT") // the merchant's own, as the contract has it
	case about.names != "":
		a.refused(t, http.StatusNotFound, "NOT_FOUND")
		nobody := strangerTo(about.names)
		b := m.ask(t, r, about.of(nobody).path, about.of(nobody).body, c)
		require.Equal(t, anonymous(a), strings.ReplaceAll(anonymous(b), nobody, about.names), "%s can tell what is there from what is not", c.name)
	case r.Method == http.MethodGet:
		require.JSONEq(t, `{"success":true,"data":[],"pagination":{"limit":10,"offset":0,"total":0}}`, string(a.raw), c.name)
	default: // makes something of their own, which the owner does not have
		made := data[idOnly](t, a, http.StatusCreated)
		m.owner.get(t, intents+"/"+made.ID).failure(t, http.StatusNotFound, "not_found")
	}
}

// anonymous is an answer without the name of its request.
func anonymous(a answer) string {
	return strings.ReplaceAll(string(a.raw), a.header.Get("Request-Id"), "req_")
}
