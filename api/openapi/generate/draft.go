package generate

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// draft is a request that is not yet written.
type draft struct {
	*operation
	facts  Facts
	random *rand.Rand
	class  Class

	method      string            // "": the operation's own
	path        map[string]string // parameters of the path, escaped
	query       []Field           // not escaped
	rawQuery    string            // sent as it is, behind query
	header      []Field
	contentType string // "": none
	body        *value
	sent        []byte // sent in body's stead, when not nil
	bare        bool   // no body is sent at all

	statuses []int
	named    bool
	param    string
}

// expect says how a faulty request must be refused.
func (d *draft) expect(statuses ...int) { d.statuses = statuses }

// blame says which field must be named.
func (d *draft) blame(param string, statuses ...int) {
	d.named, d.param, d.statuses = true, param, statuses
}

// written is the body's text.
func (d *draft) written() []byte {
	switch {
	case d.bare || d.body == nil && d.sent == nil:
		return nil
	case d.sent != nil:
		return d.sent
	}
	var b strings.Builder
	d.body.render(&b, d.random)
	return []byte(b.String())
}

// request writes the draft.
func (d *draft) request() Request {
	target := d.operation.path
	for _, name := range slices.Sorted(maps.Keys(d.path)) { // a segment may look like another one's name
		target = strings.ReplaceAll(target, "{"+name+"}", d.path[name])
	}
	var query []string
	for _, f := range d.query {
		query = append(query, url.QueryEscape(f.Name)+"="+url.QueryEscape(f.Value))
	}
	if d.rawQuery != "" {
		query = append(query, d.rawQuery)
	}
	if len(query) > 0 {
		target += "?" + strings.Join(query, "&")
	}
	r := Request{
		Operation: d.id, Class: d.class, Method: d.method, Target: target, Header: d.header,
		Body: d.written(), Statuses: d.statuses, Named: d.named, Param: d.param,
	}
	if r.Method == "" {
		r.Method = d.operation.method
	}
	if r.Body != nil && d.contentType != "" {
		r.Header = append(r.Header, Field{"Content-Type", d.contentType})
	}
	return r
}

// setHeader replaces all fields of a name; without values it removes them.
func (d *draft) setHeader(name string, values ...string) {
	var kept []Field
	for _, f := range d.header {
		if http.CanonicalHeaderKey(f.Name) != http.CanonicalHeaderKey(name) {
			kept = append(kept, f)
		}
	}
	for _, v := range values {
		kept = append(kept, Field{name, v})
	}
	d.header = kept
}

// queryOf returns the first parameter of a name; "" when there is none.
func (d *draft) queryOf(name string) string {
	for _, f := range d.query {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// setQuery replaces all parameters of a name.
func (d *draft) setQuery(name string, values ...string) {
	var kept []Field
	for _, f := range d.query {
		if f.Name != name {
			kept = append(kept, f)
		}
	}
	for _, v := range values {
		kept = append(kept, Field{name, v})
	}
	d.query = kept
}
