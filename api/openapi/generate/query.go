package generate

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// queryFaults spoils the query. Operations that document no 400 do not look at
// theirs.
func queryFaults(o *operation) []recipe {
	if !o.refuses {
		return nil
	}
	var all []recipe
	unknown := func(name string, named bool) {
		all = append(all, recipe{class: Faulty, what: "unknown parameter " + clip(name), spoil: func(d *draft) {
			d.query = append(d.query, Field{name, "1"})
			d.expect(400)
			if named {
				d.blame(name, 400)
			}
		}})
	}
	unknown("unheard_of", true)
	unknown("Limit", true)
	for _, name := range []string{Card, "", "<script>", "\x00", "\xff", strings.Repeat("n", 3000)} {
		unknown(name, false)
	}
	for _, text := range []string{"%zz=1", "limit=%", "limit=%4", "a;b", "%u0041=1"} {
		all = append(all, recipe{class: Faulty, what: "query " + text, spoil: func(d *draft) {
			d.rawQuery = text
			d.expect(400)
		}})
	}
	for _, p := range o.parameters {
		if p.In == "query" && p.Name != o.secret { // callFaults spoils secrets
			all = append(all, parameterFaults(p)...)
		}
	}
	return sorted(all)
}

func parameterFaults(p *openapi3.Parameter) []recipe {
	var all []recipe
	fault := func(what string, values ...string) {
		all = append(all, recipe{class: Faulty, what: p.Name + " " + what, with: place{query: p.Name}, spoil: func(d *draft) {
			d.setQuery(p.Name, values...)
			d.blame(p.Name, 400)
		}})
	}
	fault("empty", "")
	all = append(all, recipe{class: Faulty, what: p.Name + " twice", with: place{query: p.Name}, spoil: func(d *draft) {
		d.query = append(d.query, d.query[slices.IndexFunc(d.query, func(f Field) bool { return f.Name == p.Name })])
		d.blame(p.Name, 400)
	}})
	s, _ := resolve(p.Schema.Value)
	var wrong []string
	switch {
	case kind(s) == "integer":
		wrong = []string{"x", "1.5", "1.0", "1e1", "+1", "-0x1", "0x10", "٣", " 1", "1 ", "1\x00", "99999999999999999999", "true", "null", "\xff", Card}
		if s.Min != nil {
			wrong = append(wrong, strconv.FormatInt(int64(*s.Min)-1, 10), "-9223372036854775809")
		}
		if s.Max != nil {
			wrong = append(wrong, strconv.FormatInt(int64(*s.Max)+1, 10))
		}
	case len(s.Enum) > 0:
		wrong = []string{"unheard_of", strings.ToUpper(s.Enum[0].(string)), s.Enum[0].(string) + "\x00", "\xff", Card, "' OR 1=1--"}
	case s.Pattern != "":
		pattern := regexp.MustCompile(s.Pattern)
		for _, text := range []string{"x", "\x00", "\xff", Card, "' OR 1=1--", strings.Repeat("y", 3000)} {
			if !pattern.MatchString(text) {
				wrong = append(wrong, text)
			}
		}
	case kind(s) == "string":
		wrong = []string{Card, "\x00", "\xff"} // no text of any use
	}
	for _, text := range wrong {
		fault(strconv.Quote(clip(text)), text)
	}
	return all
}

// sorted puts recipes that come out of maps into one order.
func sorted(all []recipe) []recipe {
	slices.SortStableFunc(all, func(a, b recipe) int { return strings.Compare(a.what, b.what) })
	return all
}
