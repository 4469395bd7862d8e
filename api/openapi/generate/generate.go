// Package generate makes requests out of the API's document, for tests: valid
// ones, ones with a single fault, and hostile ones. Operations that are added to
// the document are covered without a change here. It is not used at run time.
package generate

import (
	"cmp"
	"hash/fnv"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Class says what may become of a request.
type Class string

// The classes of requests.
const (
	Valid   Class = "valid"   // must be accepted
	Faulty  Class = "faulty"  // one thing is wrong: must be refused, and the thing named
	Hostile Class = "hostile" // may be accepted or refused, and nothing else
)

// Card is a card number that stands only where none may stand.
const Card = "4539578763621486"

// Place is where in a request a value stands.
type Place struct {
	Operation string // the document's operationId
	In        string // "path", "query", "header" or "body"
	Name      string // of a body, with dots: "payment_method.card.number"
	Class     Class
	Random    *rand.Rand // to choose with
}

// Facts are what the document says in prose alone, or what only the server's
// state can tell.
type Facts struct {
	Key string // the API key that requests bring
	// Known returns a valid value for a place. nil leaves an optional value out;
	// with false the schema decides.
	Known func(Place) (v any, known bool)
	// Signed operations take bodies that are signed with a secret: of those there
	// are hostile requests alone.
	Signed []string
	// Settle makes the fields of a valid body agree with each other.
	Settle func(operation string, body Object)
}

// Field is a header field or query parameter; names may repeat.
type Field struct{ Name, Value string }

// Request is one generated request. Seed, operation and index make it again,
// but for the values that come from Facts.Known.
type Request struct {
	Seed      uint64
	Operation string
	Index     int
	Class     Class
	What      string // for people: what is special about it

	Method string
	Target string // escaped path and query
	Header []Field
	Body   []byte // nil: none

	// Of faulty requests alone.
	Statuses []int  // one of these must be the answer's; empty: any 4xx
	Named    bool   // the answer must name Param
	Param    string // the field at fault
}

// Generator makes the requests of one seed.
type Generator struct {
	facts      Facts
	seed       uint64
	operations []*operation
}

// operation is one operation of the document, with the parameters of its path.
type operation struct {
	id, method, path string
	parameters       []*openapi3.Parameter
	recipes          []recipe         // the same for every seed
	body             *openapi3.Schema // nil: takes none
	bodyRequired     bool
	refuses          bool // documents 400
	access           access
	secret           string   // of access byQuery: the parameter that carries it
	others           []string // methods that the path does not take
}

type access int

const (
	keyed    access = iota // takes a key
	optional               // takes none, or a valid one
	public                 // looks at none
	byQuery                // looks at none, and takes a secret in the query
)

// bearer reports whether requests bring a key.
func (a access) bearer() bool { return a == keyed || a == optional }

// New makes the generator of a seed. Of each operation it makes so many valid
// and hostile requests; of faulty ones there is one for each fault that the
// document lets one think of.
func New(doc *openapi3.T, facts Facts, seed uint64, valid, hostile int) *Generator {
	g := &Generator{facts: facts, seed: seed}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			o := read(doc, path, method, item, op)
			o.recipes = recipesOf(o, valid, hostile)
			if slices.Contains(facts.Signed, o.id) {
				o.recipes = slices.DeleteFunc(o.recipes, func(r recipe) bool { return r.class != Hostile })
			}
			g.operations = append(g.operations, o)
		}
	}
	slices.SortFunc(g.operations, func(a, b *operation) int { return cmp.Compare(a.id, b.id) })
	return g
}

func read(doc *openapi3.T, path, method string, item *openapi3.PathItem, op *openapi3.Operation) *operation {
	o := &operation{id: op.OperationID, method: method, path: path, refuses: op.Responses.Value("400") != nil}
	for _, p := range slices.Concat(item.Parameters, op.Parameters) {
		o.parameters = append(o.parameters, p.Value)
	}
	if op.RequestBody != nil {
		if media := op.RequestBody.Value.Content.Get("application/json"); media != nil && media.Schema != nil {
			o.body, o.bodyRequired = media.Schema.Value, op.RequestBody.Value.Required
		}
	}
	security := doc.Security
	if op.Security != nil {
		security = *op.Security
	}
	switch open := slices.ContainsFunc(security, func(r openapi3.SecurityRequirement) bool { return len(r) == 0 }); {
	case len(security) == 0 || open && len(security) == 1:
		o.access = public
	case open:
		o.access = optional
	default:
		for name := range security[0] {
			if scheme := doc.Components.SecuritySchemes[name].Value; scheme.In == "query" {
				o.access, o.secret = byQuery, scheme.Name
			}
		}
	}
	for _, other := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "BREW"} {
		if !served(doc, path, other) {
			o.others = append(o.others, other)
		}
	}
	return o
}

// served reports whether a path of the document takes requests of a method to
// path: its own, or one that has placeholders.
func served(doc *openapi3.T, path, method string) bool {
	segments := strings.Split(path, "/")
	for other, item := range doc.Paths.Map() {
		same := slices.EqualFunc(segments, strings.Split(other, "/"), func(a, b string) bool { return a == b || strings.HasPrefix(b, "{") })
		if _, taken := item.Operations()[method]; taken && same {
			return true
		}
	}
	return false
}

// Operations lists what there are requests of, in order.
func (g *Generator) Operations() []string {
	ids := make([]string, len(g.operations))
	for i, o := range g.operations {
		ids[i] = o.id
	}
	return ids
}

// recipe makes one request out of a valid draft.
type recipe struct {
	class Class
	what  string
	with  place // what the valid draft must have
	spoil func(*draft)
}

// place names a value that a draft must have: the path of a body's field, or
// the name of a parameter.
type place struct {
	body  []string
	query string
}

// Count is how many requests there are of an operation.
func (g *Generator) Count(id string) int { return len(g.operation(id).recipes) }

// Request makes the request of an operation with an index below Count.
func (g *Generator) Request(id string, index int) Request {
	o := g.operation(id)
	chosen := o.recipes[index]
	d := g.draft(o, index, chosen.class, chosen.with)
	if chosen.spoil != nil {
		chosen.spoil(d)
	}
	r := d.request()
	r.Seed, r.Index, r.What = g.seed, index, chosen.what
	return r
}

func (g *Generator) operation(id string) *operation {
	i := slices.IndexFunc(g.operations, func(o *operation) bool { return o.id == id })
	return g.operations[i]
}

func recipesOf(o *operation, valid, hostile int) []recipe {
	all := variations(o)
	for range valid {
		all = append(all, recipe{class: Valid, what: "as the document has it"})
	}
	all = append(all, callFaults(o)...)
	all = append(all, queryFaults(o)...)
	if o.body != nil {
		all = append(all, bodyFaults(o)...)
		all = append(all, fieldFaults(o)...)
	}
	for range hostile {
		all = append(all, recipe{class: Hostile, what: "hostile", spoil: (*draft).attack})
	}
	return all
}

// draft makes a valid request that may be spoilt.
func (g *Generator) draft(o *operation, index int, class Class, with place) *draft {
	name := fnv.New64a()
	_, _ = name.Write([]byte(o.id)) // never fails
	d := &draft{
		operation: o, facts: g.facts, class: class, path: map[string]string{},
		random: rand.New(rand.NewPCG(g.seed, name.Sum64()+uint64(index))), //nolint:gosec // a test repeats itself on purpose
	}
	for _, p := range o.parameters {
		d.parameter(p, with)
	}
	if o.access.bearer() {
		d.header = append(d.header, Field{"Authorization", "Bearer " + g.facts.Key})
	}
	if o.body != nil {
		d.body = d.value(o.body, nil, with.body)
		if g.facts.Settle != nil {
			g.facts.Settle(o.id, Object{d.body})
		}
		d.contentType = "application/json"
	}
	return d
}

// parameter gives a parameter a valid value, where it needs one or by chance.
func (d *draft) parameter(p *openapi3.Parameter, with place) {
	wanted := p.Required || p.In == "query" && (p.Name == with.query || p.Name == d.secret)
	if !wanted && (with.query != "" || d.random.IntN(3) > 0) {
		return
	}
	text, ok := d.text(p, wanted)
	switch {
	case !ok:
	case p.In == "path":
		d.path[p.Name] = url.PathEscape(text)
	case p.In == "query":
		d.query = append(d.query, Field{p.Name, text})
	default:
		d.header = append(d.header, Field{p.Name, text})
	}
}

// Curl prints the request as a command, for people who replay it.
func (r Request) Curl(base string) string {
	var b strings.Builder
	b.WriteString("curl -sS -i --path-as-is -X " + r.Method)
	for _, f := range r.Header {
		b.WriteString(" -H " + quote(f.Name+": "+f.Value))
	}
	if r.Body != nil {
		b.WriteString(" --data-binary " + quote(string(r.Body)))
	}
	return b.String() + " " + quote(base+r.Target)
}
