package hub

import (
	"cmp"

	"paymenthub/api/openapi"
	"paymenthub/internal/routing"
)

func profileView(p routing.Profile) openapi.RoutingProfile {
	return openapi.RoutingProfile{
		ID: p.ID, Object: openapi.RoutingProfileObjectRoutingProfile, Name: p.Name, Default: p.Default, ActiveVersion: counted(p.Active), Versions: p.Versions,
		Environment: openapi.Environment(p.Scope.Environment), CreatedAt: utc(p.CreatedAt), UpdatedAt: utc(p.UpdatedAt),
	}
}

// counted is a number that is null where there is none.
func counted[N int | int64](n N) *N {
	if n == 0 {
		return nil
	}
	return &n
}

func versionView(p routing.Profile, v routing.Version) openapi.RoutingVersion {
	view := openapi.RoutingVersion{
		Object: openapi.RoutingVersionObjectRoutingVersion, ProfileID: v.ProfileID, Version: v.Number, Status: openapi.RoutingVersionStatusRetired,
		Replaced: counted(v.Replaced), Rules: views(v.Rules.Rules, ruleView), Default: defaultView(v.Rules.Default),
		CreatedAt: utc(v.CreatedAt), UpdatedAt: utc(v.UpdatedAt),
	}
	if v.Draft() {
		view.Status = openapi.RoutingVersionStatusDraft
		return view
	}
	at := utc(v.ActivatedAt)
	view.ActivatedAt = &at
	if p.Active == v.Number {
		view.Status = openapi.RoutingVersionStatusActive
	}
	return view
}

func ruleView(r routing.Rule) openapi.RoutingRule {
	v := openapi.RoutingRule{Name: r.Name, When: r.When}
	if len(r.Use) > 0 {
		v.Use = &r.Use
	}
	if len(r.Split) > 0 {
		v.Split = &r.Split
	}
	if r.Strategy != "" {
		strategy := openapi.RoutingRuleStrategy(r.Strategy)
		v.Strategy = &strategy
	}
	return v
}

func defaultView(d routing.Default) openapi.RoutingDefault {
	v := openapi.RoutingDefault{Strategy: openapi.RoutingDefaultStrategy(d.Strategy)}
	if len(d.Order) > 0 {
		v.Order = &d.Order
	}
	return v
}

// decisionView renders why a gateway was chosen; nil where nothing was decided.
func decisionView(d *routing.Decision) *openapi.RoutingDecision {
	if d == nil {
		return nil
	}
	return &openapi.RoutingDecision{
		Strategy: openapi.RoutingDecisionStrategy(d.Strategy), Choices: views(d.Choices, choiceView), Excluded: views(d.Excluded, func(e routing.Exclusion) openapi.RoutingExclusion {
			return openapi.RoutingExclusion(e)
		}),
		Profile: optional(d.Profile), Version: counted(d.Version), Rule: optional(d.Rule), FailedRules: views(d.Failed, func(s string) string { return s }),
		Share: counted(d.Share), Region: optional(string(d.Region)), Explored: d.Explored, Probe: d.Probe, Down: d.Down, At: utc(d.At),
	}
}

func choiceView(c routing.Choice) openapi.RoutingChoice {
	v := openapi.RoutingChoice{
		Gateway: c.Gateway, Rate: share(c.Rate), Samples: counted(c.Samples), Cost: c.Cost, Value: c.Value,
		Health: openapi.GatewayState(cmp.Or(c.Health, routing.Closed)),
	}
	if c.Level != "" {
		level := openapi.RoutingChoiceLevel(c.Level)
		v.Level = &level
	}
	return v
}

// share turns ten-thousandths into a number from 0 to 1.
func share(tenThousandths *int64) *float64 {
	if tenThousandths == nil {
		return nil
	}
	v := float64(*tenThousandths) / 10_000
	return &v
}

func rateView(r routing.Rate) openapi.RoutingRate {
	v := openapi.RoutingRate{
		Gateway: r.Gateway, Currency: r.Currency, Region: optional(string(r.Region)), Kind: optional(r.Kind),
		Approved: r.Approved, Declined: r.Declined, Failed: r.Failed, Rate: share(r.Rate), Low: share(r.Low), High: share(r.High),
	}
	if r.Calls > 0 {
		latency := r.Latency.Milliseconds() / r.Calls
		v.LatencyMs = &latency
	}
	return v
}

func healthView(r routing.Reading) openapi.GatewayHealth {
	v := openapi.GatewayHealth{
		Gateway: r.Gateway, State: openapi.GatewayState(r.Breaker.State), Why: optional(r.Breaker.Why),
		Calls: r.Signals.Calls, Errors: r.Signals.Errors, Slow: r.Signals.Slow,
	}
	if !r.Breaker.Since.IsZero() {
		since := utc(r.Breaker.Since)
		v.Since = &since
	}
	if r.Forced != routing.NotForced {
		forced := openapi.GatewayHealthForced(r.Forced)
		v.Forced = &forced
	}
	return v
}
