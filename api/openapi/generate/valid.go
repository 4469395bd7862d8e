package generate

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// resolve returns the schema of what is not null, and whether null is allowed.
func resolve(s *openapi3.Schema) (plain *openapi3.Schema, nullable bool) {
	for _, one := range s.OneOf {
		if one.Value.Type.Is("null") {
			nullable = true
		} else if plain == nil {
			plain, _ = resolve(one.Value)
		}
	}
	if plain != nil {
		return plain, nullable
	}
	return s, s.Type != nil && s.Type.Includes("null")
}

// kind is the one JSON type of a schema that resolve returned.
func kind(s *openapi3.Schema) string {
	if s.Type == nil {
		return ""
	}
	for _, t := range s.Type.Slice() {
		if t != "null" {
			return t
		}
	}
	return "null"
}

// value makes a valid value for the field at a path. must is the rest of a
// path that has to be there.
func (d *draft) value(s *openapi3.Schema, path, must []string) *value {
	v, _ := d.member(s, path, must, true)
	return v
}

// member makes a valid value for a field; false leaves an optional one out.
func (d *draft) member(s *openapi3.Schema, path, must []string, wanted bool) (*value, bool) {
	if d.facts.Known != nil && len(path) > 0 {
		known, ok := d.facts.Known(Place{d.id, "body", strings.Join(path, "."), d.class, d.random})
		if ok && known != nil {
			return encode(known), true
		}
		if ok && !wanted {
			return nil, false
		}
	}
	plain, nullable := resolve(s)
	if nullable && !wanted && d.random.IntN(8) == 0 {
		return raw("null"), true
	}
	switch kind(plain) {
	case "object":
		return d.object(plain, path, must), true
	case "array":
		var items []string
		for i := range d.random.IntN(3) + int(plain.MinItems) {
			var b strings.Builder
			d.value(plain.Items.Value, append(slices.Clone(path), strconv.Itoa(i)), nil).render(&b, d.random)
			items = append(items, b.String())
		}
		return raw("[" + strings.Join(items, ",") + "]"), true
	default:
		return encode(d.scalar(plain, strings.Join(path, "."))), true
	}
}

func (d *draft) object(s *openapi3.Schema, path, must []string) *value {
	v := &value{object: true}
	names := sortedNames(s.Properties)
	d.random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		forced := len(must) > 0 && must[0] == name
		wanted := forced || slices.Contains(s.Required, name)
		if !wanted && d.random.IntN(5) > 1 {
			continue
		}
		var below []string
		if forced {
			below = must[1:]
		}
		if m, ok := d.member(s.Properties[name].Value, append(slices.Clone(path), name), below, wanted); ok {
			v.add(name, m)
		}
	}
	if free := s.AdditionalProperties.Schema; free != nil && s.AdditionalProperties.Has == nil {
		for i := range d.random.IntN(4) {
			name := fmt.Sprintf("%s%d", string(d.words(1, 8)), i)
			v.add(name, d.value(free.Value, append(slices.Clone(path), name), nil))
		}
	}
	return v
}

func sortedNames(all openapi3.Schemas) []string {
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// scalar makes a valid value of a simple type.
func (d *draft) scalar(s *openapi3.Schema, name string) any {
	switch {
	case s.Const != nil:
		return s.Const
	case len(s.Enum) > 0:
		return s.Enum[d.random.IntN(len(s.Enum))]
	}
	switch kind(s) {
	case "boolean":
		return d.random.IntN(2) == 0
	case "integer", "number":
		low, high := int64(0), int64(1000)
		if s.Min != nil {
			low, high = int64(*s.Min), int64(*s.Min)+1000
		}
		if s.Max != nil {
			high = int64(*s.Max)
		}
		return []int64{low, high, low + (high-low)/2, low + d.random.Int64N(min(high-low, 100_000)+1)}[d.random.IntN(4)]
	default:
		return d.string(s, name)
	}
}

// literal is a pattern that asks for a beginning and no more.
var literal = regexp.MustCompile(`^\^([A-Za-z0-9_-]+)$`)

func (d *draft) string(s *openapi3.Schema, name string) string {
	if prefix := literal.FindStringSubmatch(s.Pattern); prefix != nil {
		return prefix[1] + d.suffix()
	}
	if s.Format == "date-time" {
		return []string{"2026-04-21T09:30:00Z", "2020-02-29T23:59:59.123456+05:30"}[d.random.IntN(2)]
	}
	if s.Pattern != "" {
		panic(fmt.Sprintf("generate: %s %s has the pattern %s: Facts.Known must know a value", d.id, name, s.Pattern))
	}
	low, high := int(s.MinLength), 40
	if s.MaxLength != nil {
		high = int(*s.MaxLength)
	}
	return string(d.words(low, []int{low, high, min(high, low+20)}[d.random.IntN(3)]))
}

// suffix makes the part of an id behind its kind: of an object that nobody has.
func (d *draft) suffix() string {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	b := []byte("01")
	for len(b) < 26 {
		b = append(b, alphabet[d.random.IntN(len(alphabet))])
	}
	return string(b)
}

// letters are what free text is made of: everything but digits, of which a card
// number might come about, and control characters.
var letters = []rune("abcdefghijklmnopqrstuvwxyzABCXYZ éßøłИж中文字ひकعא🙂🧾€\"'\\/<>&;:,.-_%$#@!?()[]{}|~^`\u200f\u2028\u0301\n\t")

// words makes text of low to high characters that begins with a letter.
func (d *draft) words(low, high int) []rune {
	text := make([]rune, low+d.random.IntN(high-low+1))
	for i := range text {
		text[i] = letters[d.random.IntN(len(letters))]
	}
	if len(text) > 0 {
		text[0] = rune('a' + d.random.IntN(26))
	}
	return text
}

// text makes a valid value of a parameter; false leaves it out.
func (d *draft) text(p *openapi3.Parameter, wanted bool) (string, bool) {
	if d.facts.Known != nil {
		if known, ok := d.facts.Known(Place{d.id, p.In, p.Name, d.class, d.random}); ok && known != nil {
			return fmt.Sprint(known), true
		} else if ok && !wanted {
			return "", false
		}
	}
	plain, _ := resolve(p.Schema.Value)
	if kind(plain) == "array" { // given once, it is a list of one
		plain, _ = resolve(plain.Items.Value)
	}
	if p.In == "header" && kind(plain) == "string" && len(plain.Enum) == 0 {
		low, high := int(plain.MinLength), 100
		if plain.MaxLength != nil {
			high = int(*plain.MaxLength)
		}
		return d.printable(max(low, min(16, high)), high), true // long enough to be the only one
	}
	return fmt.Sprint(d.scalar(plain, p.Name)), true
}

// printable makes a header's value of ASCII, without spaces.
func (d *draft) printable(low, high int) string {
	const marks = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~"
	b := make([]byte, low+d.random.IntN(high-low+1))
	for i := range b {
		b[i] = marks[d.random.IntN(len(marks))]
	}
	return string(b)
}
