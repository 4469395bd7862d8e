package api_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/api"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
)

// policy keeps one document of risk rules for everybody.
type policy struct{ rules risk.Rules }

func (p *policy) Rules(_ context.Context, scope merchant.Scope) (risk.Rules, error) {
	if p.rules.Version == 0 {
		return risk.Defaults(scope), nil
	}
	return p.rules, nil
}

func (p *policy) Replace(_ context.Context, r risk.Rules, seen *int) (risk.Rules, error) {
	if err := r.Validate(); err != nil {
		return risk.Rules{}, err
	}
	if seen != nil && *seen != p.rules.Version {
		return risk.Rules{}, fault.New(fault.InvalidState, "The rules were changed.")
	}
	r.Version, r.UpdatedAt = p.rules.Version+1, time.Date(2026, 4, 21, 9, 30, 0, 0, time.UTC)
	p.rules = r
	return r, nil
}

const rulesPath = "/v3/risk/rules"

// document is the rules as a merchant reads them.
func (s *stage) document() map[string]any {
	s.t.Helper()
	w := s.call(http.MethodGet, rulesPath, "")
	require.Equal(s.t, http.StatusOK, w.Code)
	var v map[string]any
	require.NoError(s.t, json.Unmarshal(w.Body.Bytes(), &v))
	return v
}

func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

func TestRulesCanBeSentBackAsTheyWereRead(t *testing.T) {
	s := newStage(t)
	read := s.document()
	require.EqualValues(t, 0, read["version"])
	require.NotContains(t, read, "updated_at")
	w := s.call(http.MethodPut, rulesPath, text(t, read))
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Equal(t, risk.Defaults(s.scope).VelocityCard, s.policy.rules.VelocityCard)
	require.Equal(t, s.scope, s.policy.rules.Scope)

	now := s.document()
	require.JSONEq(t, w.Body.String(), text(t, now), "a change is answered by what is stored")
	require.EqualValues(t, 1, now["version"])
	now["block_list"] = []any{map[string]any{"type": "ip", "value": "203.0.113.0/24"}, map[string]any{"type": "card_fingerprint", "value": strings.Repeat("4242", 8)}}
	now["amount_limit"] = map[string]any{"enabled": true, "points": 30, "limits": []any{map[string]any{"currency": "JPY", "amount": int64(1<<53 - 1)}}}
	require.Equal(t, http.StatusOK, s.call(http.MethodPut, rulesPath, text(t, now)).Code)
	require.Equal(t, []risk.Entry{{Type: risk.EntryIP, Value: "203.0.113.0/24"}, {Type: risk.EntryCard, Value: strings.Repeat("4242", 8)}}, s.policy.rules.BlockList)
	require.Equal(t, []risk.Limit{{Currency: "JPY", Amount: 1<<53 - 1}}, s.policy.rules.AmountLimit.Limits)

	w = s.call(http.MethodPut, rulesPath, text(t, now))
	require.Equal(t, http.StatusConflict, w.Code, "the version is another by now")
	require.Equal(t, "invalid_state", failure(t, w)["code"])
	delete(now, "version")
	require.Equal(t, http.StatusOK, s.call(http.MethodPut, rulesPath, text(t, now)).Code)
	require.Equal(t, 3, s.policy.rules.Version)
}

func TestARepeatedReplacementIsAnsweredAgain(t *testing.T) {
	s := newStage(t)
	body := text(t, s.document())
	first := s.call(http.MethodPut, rulesPath, body, "Idempotency-Key", "one")
	again := s.call(http.MethodPut, rulesPath, body, "Idempotency-Key", "one")
	require.Equal(t, http.StatusOK, again.Code)
	require.Equal(t, first.Body.String(), again.Body.String())
	require.Equal(t, "true", again.Header().Get("Idempotent-Replayed"))
	require.Equal(t, 1, s.policy.rules.Version)
}

func TestBadRulesAreRefusedByName(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.HubLimit = api.RateLimit{PerMinute: 60_000, Burst: 10_000} })
	whole := s.document()
	refuse := func(body, param string) {
		t.Helper()
		w := s.call(http.MethodPut, rulesPath, body)
		require.Equal(t, http.StatusBadRequest, w.Code, param)
		require.Equal(t, param, failure(t, w)["param"], w.Body)
	}
	for name := range whole {
		rest := maps.Clone(whole)
		delete(rest, name)
		if name == "object" || name == "environment" || name == "version" {
			require.Equal(t, http.StatusOK, s.call(http.MethodPut, rulesPath, text(t, rest)).Code, name)
			s.policy.rules = risk.Rules{}
			continue
		}
		refuse(text(t, rest), name)
		rest[name] = nil
		refuse(text(t, rest), name)
		members, isRule := whole[name].(map[string]any)
		for member := range members {
			without := maps.Clone(members)
			delete(without, member)
			rest[name] = without
			refuse(text(t, rest), name+"."+member)
		}
		if isRule {
			with := maps.Clone(members)
			with["extra"] = 1
			rest[name] = with
			refuse(text(t, rest), name+".extra")
		}
	}
	for changed, param := range map[string]string{
		`"object":"rules"`: "object", `"environment":"live"`: "environment", `"version":-1`: "version", `"version":1.5`: "version",
		`"updated_at":"yesterday"`: "updated_at", `"updated_at":7`: "updated_at", `"decline_above":100`: "decline_above",
		`"decline_above":"70"`: "decline_above", `"challenge_above":71`: "challenge_above", `"unheard_of":1`: "unheard_of",
		`"block_list":[{"type":"phone","value":"1"}]`: "block_list[0].type", `"block_list":[{"type":"ip","value":"localhost"}]`: "block_list[0].value",
		`"allow_list":[{"type":"bin","value":"424242"},{"type":"email","value":"4242424242424242@example.com"}]`: "allow_list[1].value",
		`"block_list":[{"type":"email","value":"a\u0000@example.com"}]`:                                          "block_list[0].value",
		`"block_list":{}`: "block_list", `"block_list":[{"typ":"ip","value":"::1"}]`: "block_list.0.typ",
	} {
		name, _, _ := strings.Cut(strings.TrimPrefix(changed, `"`), `"`)
		rest := maps.Clone(whole)
		delete(rest, name)
		refuse(strings.TrimSuffix(text(t, rest), "}")+","+changed+"}", param)
	}
	for _, body := range []string{"", " \n", "{}"} {
		refuse(body, "decline_above")
	}
	require.Equal(t, http.StatusBadRequest, s.call(http.MethodPut, rulesPath+"?dry=1", text(t, whole)).Code)
	require.Equal(t, http.StatusBadRequest, s.call(http.MethodGet, rulesPath+"?version=1", "").Code)
	require.Zero(t, s.policy.rules.Version, "nothing was stored")
}

func TestAttemptsShowHowTheyWereJudged(t *testing.T) {
	s := newStage(t)
	w := s.call(http.MethodPost, intents, `{"amount":100,"currency":"USD"}`)
	paymentID := decodeID(t, w.Body.Bytes())
	card := payment.CardSummary{Brand: "visa", Last4: "4242", ExpMonth: 1, ExpYear: 2030, Fingerprint: "f00d"}
	attempt := payment.Attempt{ID: id.New(id.Attempt), Status: payment.AttemptDeclined, Gateway: "stripe", Card: card, Risk: &risk.Assessment{
		Score: 100, Action: risk.Decline, Reasons: []risk.Reason{{Rule: risk.RuleBlockList, Points: 100, Text: "The block list names the card."}},
	}}
	older := attempt
	older.Risk = nil // before there were judgments
	clean := attempt
	clean.Risk = &risk.Assessment{Action: risk.Allow}
	s.core.attempts = []payment.Attempt{older, attempt, clean}
	body := s.call(http.MethodGet, intents+"/"+paymentID, "").Body.String()
	require.Contains(t, body, `"risk":null`)
	require.Contains(t, body, `"risk":{"score":100,"action":"decline","reasons":[{"rule":"block_list","points":100,"text":"The block list names the card."}]}`)
	require.Contains(t, body, `"risk":{"score":0,"action":"allow","reasons":[]}`)
	require.Contains(t, body, `"fingerprint":"f00d"`)
}

func decodeID(t *testing.T, raw []byte) string {
	t.Helper()
	var v struct {
		ID string `json:"id"`
	}
	require.NoError(t, json.Unmarshal(raw, &v))
	return v.ID
}
