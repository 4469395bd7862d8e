package hub

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/routing"
)

// Routing keeps the rules that choose gateways, and explains what they choose;
// routing.Profiles, routing.Reports and gateway.Router are it.
type Routing interface {
	Effective(ctx context.Context, scope merchant.Scope) (routing.Profile, routing.Version, error)
	List(ctx context.Context, scope merchant.Scope) ([]routing.Profile, error)
	Get(ctx context.Context, scope merchant.Scope, profileID string) (routing.Profile, error)
	Create(ctx context.Context, scope merchant.Scope, operationID, name string) (routing.Profile, error)
	Update(ctx context.Context, scope merchant.Scope, profileID, name string, byDefault bool) (routing.Profile, error)
	Version(ctx context.Context, scope merchant.Scope, profileID string, number int) (routing.Version, error)
	Versions(ctx context.Context, scope merchant.Scope, profileID string, before, limit int) ([]routing.Version, bool, error)
	Draft(ctx context.Context, scope merchant.Scope, profileID, operationID string, rules routing.RuleSet) (routing.Version, error)
	Change(ctx context.Context, scope merchant.Scope, profileID string, number int, rules routing.RuleSet) (routing.Version, error)
	Check(ctx context.Context, scope merchant.Scope, rules routing.RuleSet) error
	Activate(ctx context.Context, scope merchant.Scope, profileID, operationID string, number int) (routing.Profile, error)
	Rollback(ctx context.Context, scope merchant.Scope, profileID, operationID string) (routing.Profile, error)
	Stats(ctx context.Context, scope merchant.Scope, window time.Duration) (routing.Stats, error)
	Simulate(ctx context.Context, h routing.Hypothesis) (routing.Decision, error)
}

// GetRouting is GET /v3/routing.
func (a *API) GetRouting(c *gin.Context) (any, error) {
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	p, v, err := a.routing.Effective(c.Request.Context(), middleware.Scope(c))
	if err != nil {
		return nil, err
	}
	view := openapi.Routing{Object: openapi.RoutingObjectRouting, Version: v.Number, Rules: views(v.Rules.Rules, ruleView), Default: defaultView(v.Rules.Default)}
	if p.ID != "" {
		profile := profileView(p)
		view.Profile = &profile
	}
	return view, nil
}

// CreateRoutingProfile is POST /v3/routing/profiles.
func (a *API) CreateRoutingProfile(c *gin.Context) (any, error) {
	var body openapi.CreateRoutingProfileRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	if err := decode.Text("name", body.Name, routing.MaxRuleName); err != nil {
		return nil, err
	}
	made, err := a.routing.Create(c.Request.Context(), middleware.Scope(c), middleware.OperationID(c), body.Name)
	return profileView(made), err
}

// ListRoutingProfiles is GET /v3/routing/profiles.
func (a *API) ListRoutingProfiles(c *gin.Context) (any, error) {
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	rows, err := a.routing.List(c.Request.Context(), middleware.Scope(c))
	if err != nil {
		return nil, err
	}
	return openapi.RoutingProfileList{Object: listObject, Data: views(rows, profileView)}, nil
}

// GetRoutingProfile is GET /v3/routing/profiles/{id}.
func (a *API) GetRoutingProfile(c *gin.Context) (any, error) {
	profileID, err := routingProfile(c)
	if err != nil {
		return nil, err
	}
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	found, err := a.routing.Get(c.Request.Context(), middleware.Scope(c), profileID)
	return profileView(found), err
}

// UpdateRoutingProfile is POST /v3/routing/profiles/{id}.
func (a *API) UpdateRoutingProfile(c *gin.Context) (any, error) {
	profileID, err := routingProfile(c)
	if err != nil {
		return nil, err
	}
	var body openapi.UpdateRoutingProfileRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	if body.Name != nil {
		if *body.Name == "" {
			return nil, fault.Field("name", "Field 'name' must have 1 to %d characters.", routing.MaxRuleName)
		}
		if err := decode.Text("name", *body.Name, routing.MaxRuleName); err != nil {
			return nil, err
		}
	}
	changed, err := a.routing.Update(c.Request.Context(), middleware.Scope(c), profileID, text(body.Name), isTrue(body.Default))
	return profileView(changed), err
}

// CreateRoutingVersion is POST /v3/routing/profiles/{id}/versions.
func (a *API) CreateRoutingVersion(c *gin.Context) (any, error) {
	profileID, err := routingProfile(c)
	if err != nil {
		return nil, err
	}
	rules, err := readRules(c)
	if err != nil {
		return nil, err
	}
	return a.renderVersion(c, profileID)(a.routing.Draft(c.Request.Context(), middleware.Scope(c), profileID, middleware.OperationID(c), rules))
}

// ListRoutingVersions is GET /v3/routing/profiles/{id}/versions.
func (a *API) ListRoutingVersions(c *gin.Context) (any, error) {
	profileID, err := routingProfile(c)
	if err != nil {
		return nil, err
	}
	values, err := decode.Query(c.Request, "limit", "before")
	if err != nil {
		return nil, err
	}
	limit, err := decode.Integer(values, "limit", 1, maxLimit, defaultLimit)
	if err != nil {
		return nil, err
	}
	before, err := decode.Integer(values, "before", 1, maxVersion, 0)
	if err != nil {
		return nil, err
	}
	ctx, scope := c.Request.Context(), middleware.Scope(c)
	p, err := a.routing.Get(ctx, scope, profileID)
	if err != nil {
		return nil, err
	}
	rows, more, err := a.routing.Versions(ctx, scope, profileID, before, limit)
	if err != nil {
		return nil, err
	}
	return openapi.RoutingVersionList{
		Object: listObject, HasMore: more, Data: views(rows, func(v routing.Version) openapi.RoutingVersion { return versionView(p, v) }),
	}, nil
}

// GetRoutingVersion is GET /v3/routing/profiles/{id}/versions/{version}.
func (a *API) GetRoutingVersion(c *gin.Context) (any, error) {
	profileID, number, err := routingVersion(c)
	if err != nil {
		return nil, err
	}
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	return a.renderVersion(c, profileID)(a.routing.Version(c.Request.Context(), middleware.Scope(c), profileID, number))
}

// PutRoutingVersion is PUT /v3/routing/profiles/{id}/versions/{version}.
func (a *API) PutRoutingVersion(c *gin.Context) (any, error) {
	profileID, number, err := routingVersion(c)
	if err != nil {
		return nil, err
	}
	rules, err := readRules(c)
	if err != nil {
		return nil, err
	}
	return a.renderVersion(c, profileID)(a.routing.Change(c.Request.Context(), middleware.Scope(c), profileID, number, rules))
}

// ActivateRoutingVersion is POST /v3/routing/profiles/{id}/versions/{version}/activate.
func (a *API) ActivateRoutingVersion(c *gin.Context) (any, error) {
	profileID, number, err := routingVersion(c)
	if err != nil {
		return nil, err
	}
	if err := readRequest(c, &struct{}{}); err != nil {
		return nil, err
	}
	p, err := a.routing.Activate(c.Request.Context(), middleware.Scope(c), profileID, middleware.OperationID(c), number)
	return profileView(p), err
}

// RollbackRouting is POST /v3/routing/profiles/{id}/rollback.
func (a *API) RollbackRouting(c *gin.Context) (any, error) {
	profileID, err := routingProfile(c)
	if err != nil {
		return nil, err
	}
	if err := readRequest(c, &struct{}{}); err != nil {
		return nil, err
	}
	p, err := a.routing.Rollback(c.Request.Context(), middleware.Scope(c), profileID, middleware.OperationID(c))
	return profileView(p), err
}

// maxVersion is more versions than a profile ever has.
const maxVersion = 1_000_000

func routingProfile(c *gin.Context) (string, error) {
	return middleware.PathID(c, id.RoutingProfile, "routing profile")
}

func routingVersion(c *gin.Context) (profileID string, number int, err error) {
	if profileID, err = routingProfile(c); err != nil {
		return "", 0, err
	}
	number, err = strconv.Atoi(c.Param("version"))
	if err != nil || number < 1 || number > maxVersion || strconv.Itoa(number) != c.Param("version") {
		return "", 0, fault.New(fault.NotFound, "There is no such routing version.")
	}
	return profileID, number, nil
}

// renderVersion renders a version, whose state its profile tells.
func (a *API) renderVersion(c *gin.Context, profileID string) func(routing.Version, error) (any, error) {
	return func(v routing.Version, err error) (any, error) {
		if err != nil {
			return nil, err
		}
		p, err := a.routing.Get(c.Request.Context(), middleware.Scope(c), profileID)
		return versionView(p, v), err
	}
}

// readRules reads the body of a draft.
func readRules(c *gin.Context) (routing.RuleSet, error) {
	var body openapi.RoutingRulesRequest
	if err := readRequest(c, &body); err != nil {
		return routing.RuleSet{}, err
	}
	return newRuleSet("", body)
}

// newRuleSet checks what a merchant wrote as far as it is text; routing checks the
// rest. within is where in the body it stands, "rules." of a simulation.
func newRuleSet(within string, body openapi.RoutingRulesRequest) (routing.RuleSet, error) {
	s := routing.Standard()
	if body.Rules == nil {
		return s, fault.Field(within+"rules", "Field '%srules' is required; it may be empty.", within)
	}
	if len(body.Rules) > routing.MaxRules {
		return s, fault.Field(within+"rules", "Field '%srules' must have at most %d rules.", within, routing.MaxRules)
	}
	for i, r := range body.Rules {
		field := fmt.Sprintf("%srules[%d]", within, i)
		rule := routing.Rule{Name: r.Name, When: r.When}
		if r.Use != nil {
			rule.Use = *r.Use
		}
		if r.Split != nil {
			rule.Split = *r.Split
		}
		if r.Strategy != nil {
			rule.Strategy = routing.Strategy(*r.Strategy)
		}
		if err := checkRuleTexts(field, rule); err != nil {
			return s, err
		}
		s.Rules = append(s.Rules, rule)
	}
	if body.Default == nil {
		return s, nil
	}
	s.Default.Strategy = routing.Strategy(body.Default.Strategy)
	if body.Default.Order != nil {
		s.Default.Order = *body.Default.Order
	}
	return s, checkNames(within+"default.order", s.Default.Order)
}

func checkRuleTexts(field string, r routing.Rule) error {
	if err := decode.Text(field+".name", r.Name, routing.MaxRuleName); err != nil {
		return err
	}
	if err := decode.Text(field+".when", r.When, routing.MaxCondition); err != nil {
		return err
	}
	if err := checkNames(field+".use", r.Use); err != nil {
		return err
	}
	return checkNames(field+".split", slices.Sorted(maps.Keys(r.Split)))
}

// maxGatewayName is how many characters the name of a gateway may have.
const maxGatewayName = 64

func checkNames(field string, names []string) error {
	for _, name := range names {
		if err := decode.Text(field, name, maxGatewayName); err != nil {
			return err
		}
	}
	return nil
}
