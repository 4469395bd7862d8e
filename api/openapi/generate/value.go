package generate

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// value is a JSON value that may be wrong on purpose.
type value struct {
	text    string // of anything but an object
	object  bool
	members []member // a name may stand twice
}

type member struct {
	name  string
	value *value
}

func raw(text string) *value { return &value{text: text} }

// encode is the value that Go's own encoder writes.
func encode(v any) *value {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("generate: %T is no JSON value: %v", v, err)) // a defect of the test
	}
	return raw(string(text))
}

// at finds the value at the end of a path of names.
func (v *value) at(path []string) *value {
	for _, name := range path {
		i := slices.IndexFunc(v.members, func(m member) bool { return m.name == name })
		v = v.members[i].value
	}
	return v
}

func (v *value) has(name string) bool {
	return slices.ContainsFunc(v.members, func(m member) bool { return m.name == name })
}

func (v *value) add(name string, to *value) { v.members = append(v.members, member{name, to}) }

func (v *value) remove(name string) {
	v.members = slices.DeleteFunc(v.members, func(m member) bool { return m.name == name })
}

// render writes the value with white space wherever some may stand.
func (v *value) render(b *strings.Builder, r *rand.Rand) {
	if !v.object {
		b.WriteString(v.text)
		return
	}
	space := func() { b.WriteString([]string{"", "", "", " ", "\n", "\t", "\r\n  "}[r.IntN(7)]) }
	b.WriteByte('{')
	for i, m := range v.members {
		if i > 0 {
			b.WriteByte(',')
		}
		space()
		b.WriteString(encode(m.name).text)
		space()
		b.WriteByte(':')
		space()
		m.value.render(b, r)
		space()
	}
	b.WriteByte('}')
}

// Object is a body whose members may be changed.
type Object struct{ v *value }

// Has reports whether there is a member of the name, null or not.
func (o Object) Has(name string) bool { return o.v.object && o.v.has(name) }

// Text is a member's JSON text; "" where there is none or it is an object.
func (o Object) Text(name string) string {
	if !o.Has(name) {
		return ""
	}
	return o.v.at([]string{name}).text
}

// Set gives a member a value; nil removes it.
func (o Object) Set(name string, to any) {
	o.v.remove(name)
	if to != nil {
		o.v.add(name, encode(to))
	}
}

// quote writes a word of a POSIX shell's command, of at most 2,000 bytes; what
// does not print is escaped as $'…' does.
func quote(s string) string {
	const limit = 2000
	cut := ""
	if len(s) > limit {
		cut = fmt.Sprintf(" # cut, %d bytes in all", len(s))
		s = s[:limit]
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'' || c == '\\':
			b.WriteString(`\` + string(c))
		case c >= ' ' && c <= '~':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String() + "'" + cut
}
