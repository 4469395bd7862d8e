package hub

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/risk"
)

// Risk keeps the rules that attempts are judged by; risk.Engine is it.
type Risk interface {
	Rules(ctx context.Context, scope merchant.Scope) (risk.Rules, error)
	Replace(ctx context.Context, r risk.Rules, seen *int) (risk.Rules, error)
}

// GetRiskRules is GET /v3/risk/rules.
func (a *API) GetRiskRules(c *gin.Context) (any, error) {
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	rules, err := a.risk.Rules(c.Request.Context(), middleware.Scope(c))
	if err != nil {
		return nil, err
	}
	return riskRules(rules), nil
}

// PutRiskRules is PUT /v3/risk/rules.
func (a *API) PutRiskRules(c *gin.Context) (any, error) {
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	var body openapi.RiskRules
	if err := decode.JSON(middleware.Body(c), &body, json.UnmarshalFromFunc(readTime)); err != nil {
		return nil, err
	}
	if err := checkComplete(middleware.Body(c)); err != nil {
		return nil, err
	}
	rules, err := newRiskRules(middleware.Scope(c), body)
	if err != nil {
		return nil, err
	}
	stored, err := a.risk.Replace(c.Request.Context(), rules, body.Version)
	if err != nil {
		return nil, err
	}
	return riskRules(stored), nil
}

// readTime reads a time by RFC 3339.
func readTime(d *jsontext.Decoder, t *time.Time) error {
	here := decode.Path(d.StackPointer())
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	if *t, err = time.Parse(time.RFC3339, token.String()); err != nil || token.Kind() != '"' {
		return fault.Field(here, "Field '%s' must be an RFC 3339 time.", here)
	}
	return nil
}

// complete are the members of the rules, and of those the members, that must be
// there: what is left out by mistake must not be taken for false, 0 or empty.
var complete = []struct {
	name    string
	members []string
}{
	{"decline_above", nil}, {"challenge_above", nil},
	{risk.RuleVelocityCard, []string{"enabled", "points", "limit", "window_seconds"}},
	{risk.RuleVelocityIP, []string{"enabled", "points", "limit", "window_seconds"}},
	{risk.RuleVelocityEmail, []string{"enabled", "points", "limit", "window_seconds"}},
	{risk.RuleAmountLimit, []string{"enabled", "points", "limits"}},
	{risk.RuleBINCountryIP, []string{"enabled", "points"}}, {risk.RuleBINCountryBilling, []string{"enabled", "points"}},
	{risk.RuleCustomerMismatch, []string{"enabled", "points"}}, {risk.RuleBlockList, nil}, {risk.RuleAllowList, nil},
}

// checkComplete checks that a body that was read already has all members.
func checkComplete(body []byte) error {
	given := map[string]jsontext.Value{}
	if len(bytes.TrimSpace(body)) > 0 {
		if err := json.Unmarshal(body, &given); err != nil {
			return err
		}
	}
	for _, want := range complete {
		if absent(given[want.name]) {
			return fault.Field(want.name, "Field '%s' is required.", want.name)
		}
		if want.members == nil {
			continue
		}
		within := map[string]jsontext.Value{}
		if err := json.Unmarshal(given[want.name], &within); err != nil {
			return err
		}
		for _, member := range want.members {
			if absent(within[member]) {
				field := want.name + "." + member
				return fault.Field(field, "Field '%s' is required.", field)
			}
		}
	}
	return nil
}

func absent(v jsontext.Value) bool { return len(v) == 0 || v.Kind() == 'n' }

// newRiskRules checks what only the façade can: that the document is of this key,
// and that it holds no card number. The engine checks the rest.
func newRiskRules(scope merchant.Scope, body openapi.RiskRules) (risk.Rules, error) {
	if body.Object != nil && *body.Object != openapi.RiskRulesObjectRiskRules {
		return risk.Rules{}, fault.Field("object", "Field 'object' must be 'risk_rules'.")
	}
	if body.Environment != nil && merchant.Environment(*body.Environment) != scope.Environment {
		return risk.Rules{}, fault.Field("environment", "Field 'environment' must be '%s', as that of the key.", scope.Environment)
	}
	if body.Version != nil && *body.Version < 0 {
		return risk.Rules{}, fault.Field("version", "Field 'version' must not be negative.")
	}
	r := risk.Rules{
		Scope: scope, DeclineAbove: body.DeclineAbove, ChallengeAbove: body.ChallengeAbove,
		VelocityCard: newVelocity(body.VelocityCard), VelocityIP: newVelocity(body.VelocityIP), VelocityEmail: newVelocity(body.VelocityEmail),
		AmountLimit:       risk.AmountLimit{Enabled: body.AmountLimit.Enabled, Points: body.AmountLimit.Points},
		BINCountryIP:      risk.Check(body.BINCountryIP),
		BINCountryBilling: risk.Check(body.BINCountryBilling),
		CustomerMismatch:  risk.Check(body.CustomerMismatch),
	}
	for _, limit := range body.AmountLimit.Limits {
		r.AmountLimit.Limits = append(r.AmountLimit.Limits, risk.Limit{Currency: money.Currency(limit.Currency), Amount: limit.Amount})
	}
	var err error
	if r.BlockList, err = newEntries(risk.RuleBlockList, body.BlockList); err != nil {
		return risk.Rules{}, err
	}
	r.AllowList, err = newEntries(risk.RuleAllowList, body.AllowList)
	return r, err
}

func newVelocity(v openapi.RiskVelocity) risk.Velocity {
	return risk.Velocity{Enabled: v.Enabled, Points: v.Points, Limit: v.Limit, Window: v.WindowSeconds}
}

// maxEntryValue is the longest value of an entry, that of an e-mail address.
const maxEntryValue = 254

func newEntries(list string, body []openapi.RiskEntry) ([]risk.Entry, error) {
	var all []risk.Entry
	for i, e := range body {
		entry := risk.Entry{Type: risk.EntryType(e.Type), Value: e.Value}
		if entry.Type != risk.EntryCard { // a fingerprint may hold digits like a card's, and is none
			if err := decode.Text(fmt.Sprintf("%s[%d].value", list, i), e.Value, maxEntryValue); err != nil {
				return nil, err
			}
		}
		all = append(all, entry)
	}
	return all, nil
}

func riskRules(r risk.Rules) openapi.RiskRules {
	object, environment := openapi.RiskRulesObjectRiskRules, openapi.Environment(r.Scope.Environment)
	v := openapi.RiskRules{
		Object: &object, Version: &r.Version, Environment: &environment,
		DeclineAbove: r.DeclineAbove, ChallengeAbove: r.ChallengeAbove,
		VelocityCard: velocity(r.VelocityCard), VelocityIP: velocity(r.VelocityIP), VelocityEmail: velocity(r.VelocityEmail),
		AmountLimit: openapi.RiskAmountLimit{
			Enabled: r.AmountLimit.Enabled, Points: r.AmountLimit.Points,
			Limits: views(r.AmountLimit.Limits, func(l risk.Limit) openapi.RiskLimit {
				return openapi.RiskLimit{Currency: string(l.Currency), Amount: l.Amount}
			}),
		},
		BINCountryIP: openapi.RiskCheck(r.BINCountryIP), BINCountryBilling: openapi.RiskCheck(r.BINCountryBilling),
		CustomerMismatch: openapi.RiskCheck(r.CustomerMismatch),
		BlockList:        views(r.BlockList, riskEntry), AllowList: views(r.AllowList, riskEntry),
	}
	if !r.UpdatedAt.IsZero() {
		at := utc(r.UpdatedAt)
		v.UpdatedAt = &at
	}
	return v
}

func velocity(v risk.Velocity) openapi.RiskVelocity {
	return openapi.RiskVelocity{Enabled: v.Enabled, Points: v.Points, Limit: v.Limit, WindowSeconds: v.Window}
}

func riskEntry(e risk.Entry) openapi.RiskEntry {
	return openapi.RiskEntry{Type: openapi.RiskEntryType(e.Type), Value: e.Value}
}

func assessment(a *risk.Assessment) *openapi.RiskAssessment {
	if a == nil {
		return nil
	}
	return &openapi.RiskAssessment{
		Score: a.Score, Action: openapi.RiskAssessmentAction(a.Action),
		Reasons: views(a.Reasons, func(r risk.Reason) openapi.RiskReason { return openapi.RiskReason(r) }),
	}
}
