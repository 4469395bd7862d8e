package hub

import (
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
	"paymenthub/internal/webhook"
)

// Bounds of lists (contracts/hub.md).
const (
	defaultLimit = 10
	maxLimit     = 100
)

// page is where in a list the caller is.
type page struct {
	limit         int
	startingAfter string
	endingBefore  string
}

// listQuery reads the query of a list of objects of a kind, which may have
// filters beside the page.
func listQuery(c *gin.Context, kind id.Prefix, filters ...string) (page, url.Values, error) {
	return listBy(c, string(kind), func(s string) bool { return id.Valid(kind, s) }, filters...)
}

// listBy is listQuery for objects whose ids are of more than one kind.
func listBy(c *gin.Context, kind string, valid func(string) bool, filters ...string) (page, url.Values, error) {
	values, err := decode.Query(c.Request, append(filters, "limit", "starting_after", "ending_before")...)
	if err != nil {
		return page{}, nil, err
	}
	p := page{startingAfter: values.Get("starting_after"), endingBefore: values.Get("ending_before")}
	if p.limit, err = decode.Integer(values, "limit", 1, maxLimit, defaultLimit); err != nil {
		return page{}, nil, err
	}
	for _, name := range []string{"starting_after", "ending_before"} {
		if values.Has(name) && !valid(values.Get(name)) {
			return page{}, nil, fault.Field(name, "Query parameter '%s' must be an id of the list, '%s_…'.", name, kind)
		}
	}
	if p.startingAfter != "" && p.endingBefore != "" {
		return page{}, nil, fault.Field("ending_before", "Only one of 'starting_after' and 'ending_before' may be given.")
	}
	return p, values, nil
}

// choice reads a filter that must be one of known; "" stands for an absent one.
func choice[T ~string](values url.Values, name string, known ...T) (T, error) {
	given := T(values.Get(name))
	if given != "" && !slices.Contains(known, given) {
		all := views(known, func(k T) string { return string(k) })
		return "", fault.Field(name, "Query parameter '%s' must be one of %s.", name, strings.Join(all, ", "))
	}
	return given, nil
}

// reference reads a filter that names an object of a kind.
func reference(values url.Values, name string, kind id.Prefix) (string, error) {
	given := values.Get(name)
	if given != "" && !id.Valid(kind, given) {
		return "", fault.Field(name, "Query parameter '%s' must be an id, '%s_…'.", name, kind)
	}
	return given, nil
}

func (p page) ofWebhooks() webhook.Page {
	return webhook.Page{Limit: p.limit, StartingAfter: p.startingAfter, EndingBefore: p.endingBefore}
}

func (p page) ofPayments() payment.Page {
	return payment.Page{Limit: p.limit, StartingAfter: p.startingAfter, EndingBefore: p.endingBefore}
}
