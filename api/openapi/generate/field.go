package generate

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// field is one field of a body, at the end of a path.
type field struct {
	path     []string
	schema   *openapi3.Schema
	required bool
	nullable bool
}

func (f field) name() string { return strings.Join(f.path, ".") }

// fault is a recipe that spoils the field's value and blames the field.
func (f field) fault(what string, wrong func(*draft) *value) recipe {
	return recipe{class: Faulty, what: f.name() + ": " + what, with: place{body: f.path}, spoil: func(d *draft) {
		*d.body.at(f.path) = *wrong(d)
		d.blame(f.name())
	}}
}

func (f field) texts(what string, texts ...string) []recipe {
	var all []recipe
	for _, text := range texts {
		all = append(all, f.fault(what+" "+clip(text), func(*draft) *value { return raw(text) }))
	}
	return all
}

func clip(s string) string { return s[:min(len(s), 40)] }

// fields lists the fields of an object and of all objects below it.
func fields(s *openapi3.Schema, path []string) []field {
	var all []field
	for _, name := range sortedNames(s.Properties) {
		plain, nullable := resolve(s.Properties[name].Value)
		f := field{append(slices.Clone(path), name), plain, slices.Contains(s.Required, name), nullable}
		all = append(append(all, f), fields(plain, f.path)...)
	}
	return all
}

// fieldFaults spoils each field of the body in each way that its schema forbids.
func fieldFaults(o *operation) []recipe {
	root := field{schema: o.body}
	all := root.objectFaults()
	for _, f := range fields(o.body, nil) {
		all = append(all, f.texts("of another type", otherTypes[kind(f.schema)]...)...)
		if f.required {
			all = append(all, f.missing())
		}
		if f.required && !f.nullable {
			all = append(all, f.texts("", "null")...)
		}
		all = append(all, f.nested()...)
		switch kind(f.schema) {
		case "integer":
			all = append(all, f.integers()...)
		case "string":
			all = append(all, f.strings()...)
		case "object":
			all = append(all, f.objectFaults()...)
			all = append(all, f.mapFaults()...)
		}
	}
	return all
}

// otherTypes are values of other types, by the type that a field has.
var otherTypes = map[string][]string{
	"integer": {`"12"`, `true`, `[1]`, `{"a":1}`, `1.5`, `1.0`, `1e3`, `1E0`, `0.1e1`, `""`},
	"string":  {`7`, `-0`, `1e400`, `true`, `["a"]`, `{"a":"b"}`, `[]`},
	"boolean": {`"true"`, `1`, `0`, `[]`, `{}`, `""`},
	"object":  {`"x"`, `7`, `false`, `[]`, `[{}]`, `""`},
	"array":   {`"x"`, `7`, `false`, `{}`, `""`},
}

func (f field) missing() recipe {
	return recipe{class: Faulty, what: f.name() + ": missing", with: place{body: f.path}, spoil: func(d *draft) {
		last := len(f.path) - 1
		d.body.at(f.path[:last]).remove(f.path[last])
		d.blame(f.name())
	}}
}

// nested puts objects and arrays into each other, a few and too many for any reader.
func (f field) nested() []recipe {
	few := strings.Repeat(`{"a":[`, 20) + strings.Repeat("]}", 20)
	if kind(f.schema) != "object" {
		return append(f.texts("nested", few), f.tooDeep())
	}
	return []recipe{f.tooDeep()}
}

func (f field) tooDeep() recipe {
	r := f.fault("nested too deep", func(*draft) *value { return raw(strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)) })
	return unnamed(r, 400)
}

// unnamed is a fault in which no single field is to blame.
func unnamed(r recipe, statuses ...int) recipe {
	spoil := r.spoil
	r.spoil = func(d *draft) {
		spoil(d)
		d.named, d.param, d.statuses = false, "", statuses
	}
	return r
}

func (f field) integers() []recipe {
	texts := []string{"9223372036854775808", "-9223372036854775809", strings.Repeat("9", 100), "-" + strings.Repeat("9", 400)}
	if f.schema.Min != nil {
		texts = append(texts, strconv.FormatInt(int64(*f.schema.Min)-1, 10), "-9223372036854775808")
		if *f.schema.Min > 0 {
			texts = append(texts, "-0", "0", "-1")
		}
	}
	if f.schema.Max != nil {
		texts = append(texts, strconv.FormatInt(int64(*f.schema.Max)+1, 10), "9223372036854775807")
		if *f.schema.Max < 1<<53 {
			texts = append(texts, "9007199254740992", "9007199254740993")
		}
	}
	return f.texts("out of bounds:", texts...)
}

func (f field) strings() []recipe {
	var all []recipe
	s := f.schema
	text := func(what, v string) {
		all = append(all, f.fault(what, func(*draft) *value { return encode(v) }))
	}
	if s.MaxLength != nil {
		text("too long", strings.Repeat("x", int(*s.MaxLength)+1))
		text("too long, many bytes", strings.Repeat("🙂", int(*s.MaxLength)+1))
		text("far too long", strings.Repeat("long ", 100_000))
	}
	if s.MinLength > 0 {
		text("too short", strings.Repeat("x", int(s.MinLength)-1))
		text("too short, many bytes", strings.Repeat("🙂", int(s.MinLength)-1))
	}
	if s.Const != nil || len(s.Enum) > 0 {
		known := fmt.Sprint(append(slices.Clone(s.Enum), s.Const)[0])
		for _, v := range []string{"", "unheard_of", strings.ToUpper(known), known + " ", known + "\x00"} {
			text(fmt.Sprintf("none of the known: %q", v), v)
		}
	}
	if s.Pattern != "" {
		pattern := regexp.MustCompile(s.Pattern)
		for _, v := range []string{"", "x", "ÄÖ", strings.Repeat("y", 300)} {
			if !pattern.MatchString(v) {
				text(fmt.Sprintf("not of the pattern: %q", clip(v)), v)
			}
		}
	}
	if s.Extensions["x-go-type"] != "vault.Secret" { // card data goes to the vault
		spaced := Card[:4] + " " + Card[4:8] + " " + Card[8:12] + " " + Card[12:]
		for _, v := range []string{Card, spaced, strings.ReplaceAll(spaced, " ", "-"), "a card: " + Card + ", thanks"} {
			text("a card number", v)
		}
	}
	for what, v := range map[string]string{"a lone surrogate": `"a\ud800b"`, "surrogates in wrong order": `"\udc00\ud800"`, "invalid UTF-8": "\"a\xffb\"", "an overlong NUL": "\"\xc0\x80\"", "a control character": "\"a\x01b\"", "an unknown escape": `"\x41"`, "not ended": `"a`} {
		all = append(all, unnamed(f.fault(what, func(*draft) *value { return raw(v) }), 400))
	}
	slices.SortStableFunc(all, func(a, b recipe) int { return strings.Compare(a.what, b.what) })
	return all
}

// objectFaults adds members that an object must not have.
func (f field) objectFaults() []recipe {
	var all []recipe
	add := func(what, name, blamed string) {
		all = append(all, recipe{class: Faulty, what: f.name() + ": " + what, with: place{body: f.path}, spoil: func(d *draft) {
			d.body.at(f.path).add(name, raw("1"))
			d.blame(strings.Join(append(slices.Clone(f.path), blamed), "."))
		}})
	}
	if has := f.schema.AdditionalProperties.Has; has != nil && !*has {
		add("unknown member", "unheard_of", "unheard_of")
		add("member named as an array's item", "0", "0")
		add("member of other letters", "prénom", "prénom")
		for _, name := range sortedNames(f.schema.Properties) {
			add("misspelt "+name, swapped(name), swapped(name))
			add("upper case "+name, strings.ToUpper(name), strings.ToUpper(name))
		}
		for _, name := range []string{"", Card, "<script>", strings.Repeat("n", 10_000), "a\x00b", "\u202e"} {
			r := recipe{class: Faulty, what: f.name() + ": strange member", with: place{body: f.path}, spoil: func(d *draft) {
				d.body.at(f.path).add(name, raw("1"))
			}}
			all = append(all, unnamed(r, 400))
		}
	}
	for _, name := range sortedNames(f.schema.Properties) {
		twice := append(slices.Clone(f.path), name)
		all = append(all, recipe{class: Faulty, what: strings.Join(twice, ".") + ": twice", with: place{body: twice}, spoil: func(d *draft) {
			d.body.at(f.path).add(name, d.body.at(twice))
			d.blame(strings.Join(twice, "."))
		}})
	}
	return all
}

// swapped is a name with its last two letters in the wrong order, or with one
// letter more where they are the same.
func swapped(name string) string {
	n := len(name)
	if n < 2 || name[n-1] == name[n-2] {
		return name + "x"
	}
	return name[:n-2] + name[n-1:] + name[n-2:n-1]
}

// mapFaults spoils an object of free names.
func (f field) mapFaults() []recipe {
	s := f.schema
	if s.AdditionalProperties.Schema == nil {
		return nil
	}
	item, _ := resolve(s.AdditionalProperties.Schema.Value)
	if kind(item) == "" {
		return nil // anything goes
	}
	one := field{path: append(slices.Clone(f.path), "a"), schema: item}
	within := func(r recipe) recipe {
		spoil := r.spoil
		r.with.body = f.path
		r.spoil = func(d *draft) {
			*d.body.at(f.path) = value{object: true, members: []member{{"a", raw("null")}}}
			spoil(d)
		}
		return r
	}
	var all []recipe
	for _, r := range append(one.texts("of another type", append(otherTypes[kind(item)], "null")...), one.nested()...) {
		all = append(all, within(r))
	}
	if kind(item) == "string" {
		for _, r := range one.strings() {
			all = append(all, within(r))
		}
	}
	members := func(what string, count int, name func(int) string) {
		all = append(all, f.fault(what, func(d *draft) *value {
			v := &value{object: true}
			for i := range count {
				v.add(name(i), d.value(item, one.path, nil))
			}
			return v
		}))
	}
	if s.MaxProps != nil {
		members("too many members", int(*s.MaxProps)+1, func(i int) string { return fmt.Sprintf("k%d", i) })
	}
	if s.PropertyNames != nil && s.PropertyNames.Value.MaxLength != nil {
		long := int(*s.PropertyNames.Value.MaxLength) + 1
		members("a name that is too long", 1, func(int) string { return strings.Repeat("n", long) })
	}
	members("a card number as name", 1, func(int) string { return Card })
	all = append(all, recipe{class: Faulty, what: one.name() + ": twice", with: place{body: f.path}, spoil: func(d *draft) {
		v := d.value(item, one.path, nil)
		*d.body.at(f.path) = value{object: true, members: []member{{"a", v}, {"a", v}}}
		d.blame(one.name())
	}})
	return all
}
