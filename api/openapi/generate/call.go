package generate

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// maxBody is the largest body that the hub reads, in bytes (contracts/README.md).
const maxBody = 1 << 20

// variations are requests that look odd and are valid.
func variations(o *operation) []recipe {
	var all []recipe
	valid := func(what string, spoil func(*draft)) {
		all = append(all, recipe{class: Valid, what: what, spoil: spoil})
	}
	if o.body != nil {
		for _, t := range []string{"application/json; charset=UTF-8", "Application/JSON", `application/json;charset="utf-8"`} {
			valid("Content-Type: "+t, func(d *draft) { d.contentType = t })
		}
		valid("a body of the largest size", func(d *draft) {
			text := d.written()
			d.sent = append(text, []byte(strings.Repeat(" ", maxBody-len(text)))...)
		})
		valid("Content-Encoding: identity", func(d *draft) { d.setHeader("Content-Encoding", "identity") })
		if !o.bodyRequired {
			valid("no body", func(d *draft) { d.bare = true })
			valid("an empty object", func(d *draft) { d.sent = []byte("{}") })
		}
	}
	switch o.access {
	case keyed:
		valid("scheme in lower case", func(d *draft) { d.setHeader("Authorization", "bearer "+d.facts.Key) })
	case optional:
		valid("no key", func(d *draft) { d.setHeader("Authorization") })
	default:
		valid("a wrong key where none is asked for", func(d *draft) { d.setHeader("Authorization", "Bearer nonsense") })
	}
	return all
}

// callFaults spoils what surrounds a request: its key, method, path and headers.
func callFaults(o *operation) []recipe {
	var all []recipe
	fault := func(what string, spoil func(*draft), statuses ...int) {
		all = append(all, recipe{class: Faulty, what: what, spoil: func(d *draft) {
			spoil(d)
			d.expect(statuses...)
		}})
	}
	for _, method := range o.others {
		fault("method "+method, func(d *draft) { d.method = method }, 405)
	}
	if o.access.bearer() {
		for what, values := range map[string]func(key string) []string{
			"a wrong key": func(string) []string { return []string{"Bearer sk_sandbox_" + strings.Repeat("0", 32)} },
			"half a key":  func(key string) []string { return []string{"Bearer " + key[:len(key)/2]} },
			"no key":      func(string) []string { return []string{"Bearer"} },
			"two keys":    func(key string) []string { return []string{"Bearer " + key, "Bearer " + key} },
			"a long key":  func(key string) []string { return []string{"Bearer " + strings.Repeat(key, 500)} },
			"odd bytes":   func(key string) []string { return []string{"Bearer " + key + "\xff\xfe"} },
			"basic":       func(key string) []string { return []string{"Basic " + key} },
			"no scheme":   func(key string) []string { return []string{key} },
			"a card":      func(string) []string { return []string{"Bearer " + Card} },
		} {
			fault("Authorization: "+what, func(d *draft) { d.setHeader("Authorization", values(d.facts.Key)...) }, 401)
		}
	}
	if o.access == keyed {
		fault("Authorization: none", func(d *draft) { d.setHeader("Authorization") }, 401)
	}
	unknown := []int{404}
	if o.access == byQuery { // the secret is of the object that the path names
		unknown = append(unknown, 401)
		for what, values := range map[string]func(string) []string{
			"none":    func(string) []string { return nil },
			"empty":   func(string) []string { return []string{""} },
			"wrong":   func(secret string) []string { return []string{secret + "0"} },
			"half":    func(secret string) []string { return []string{secret[:len(secret)/2]} },
			"long":    func(secret string) []string { return []string{strings.Repeat(secret+"x", 100)} },
			"no text": func(string) []string { return []string{"\x00\xff"} },
			"a card":  func(string) []string { return []string{Card} },
		} {
			fault(o.secret+": "+what, func(d *draft) { d.setQuery(o.secret, values(d.queryOf(o.secret))...) }, 401)
		}
	}
	for _, p := range o.parameters {
		switch p.In {
		case "path":
			for _, segment := range strangers {
				fault("path: "+clip(segment), func(d *draft) { d.path[p.Name] = segment }, unknown...)
			}
			fault("path: nobody's id", func(d *draft) { d.path[p.Name] = d.nobody(p) }, unknown...)
			fault("path: in lower case", func(d *draft) { d.path[p.Name] = strings.ToLower(d.path[p.Name]) + "x" }, unknown...)
		case "header":
			all = append(all, headerFaults(p)...)
		}
	}
	return sorted(all)
}

// strangers are segments of a path that name nothing.
var strangers = []string{
	"x", "%00", "%2f", "..", ".", "..%2f..%2fetc%2fpasswd", "%2e%2e", "%ff%fe", "%c0%80", "%F0%9F%99%82", "'%20OR%201=1--", "%25s%25n", "{id}", ":id", "*", "~",
	strings.Repeat("i", 3000), incompressible(6000), Card, "pi_" + Card, "mch_01HZY3K8V4N5T6W7X8Y9Z0A1B2", "key_01HZY3K8V4N5T6W7X8Y9Z0A1B2", "%3Cscript%3E", "a%0d%0aSet-Cookie:%20a=b", "%20", "null", "-1", "0",
}

// incompressible is text that no database packs into less.
func incompressible(length int) string {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test repeats itself on purpose
	var b strings.Builder
	for b.Len() < length {
		b.WriteString(strconv.FormatUint(r.Uint64(), 36) + "x")
	}
	return b.String()
}

// nobody is a well-formed id, of the kind of the document's example, that
// nobody has.
func (d *draft) nobody(p *openapi3.Parameter) string {
	example, _ := p.Example.(string)
	prefix, _, _ := strings.Cut(example, "_")
	return prefix + "_" + d.suffix()
}

// headerFaults spoils a header that the document bounds.
func headerFaults(p *openapi3.Parameter) []recipe {
	var all []recipe
	fault := func(what string, values ...string) {
		all = append(all, recipe{class: Faulty, what: p.Name + ": " + what, spoil: func(d *draft) {
			d.setHeader(p.Name, values...)
			d.blame(p.Name, 400)
		}})
	}
	s := p.Schema.Value
	if s.MaxLength != nil {
		fault("too long", strings.Repeat("k", int(*s.MaxLength)+1))
		fault("far too long", strings.Repeat("k", 8_000))
	}
	if s.MinLength > 0 {
		fault("empty", "")
	}
	fault("twice", "one", "two")
	fault("no ASCII", "schlüssel")
	fault("no UTF-8", "\xff\xfe\x80")
	fault("a tab", "a\tb")
	fault("a card number", Card)
	fault("a card number in groups", "4539 5787 6362 1486")
	return all
}

// bodyFaults spoils the body as a whole.
func bodyFaults(o *operation) []recipe {
	var all []recipe
	fault := func(what string, status int, spoil func(*draft)) {
		all = append(all, recipe{class: Faulty, what: "body: " + what, spoil: func(d *draft) {
			spoil(d)
			d.expect(status)
		}})
	}
	around := func(what, before, after string) {
		fault(what, 400, func(d *draft) { d.sent = []byte(before + string(d.written()) + after) })
	}
	for _, text := range []string{
		"null", "[]", "[{}]", `"x"`, "7", "true", "{", "}", "{}{}", "{,}", `{"a"}`, `{"a":}`, `{a:1}`, `{'a':1}`, "NaN", "amount=1&currency=USD", "<a/>", "\x00", "\xff\xfe{\x00}\x00",
		strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 100_000), "{} // done", `{"a":01}`, `{"a":+1}`, `{"a":.5}`, `{"a":Infinity}`, `{"` + Card + `":"` + Card + `"}`, Card, `"` + Card,
	} {
		fault(clip(text), 400, func(d *draft) { d.sent = []byte(text) })
	}
	around("behind a byte order mark", "\xef\xbb\xbf", "")
	around("before a NUL", "", "\x00")
	around("twice", "", "{}")
	around("in an array", "[", "]")
	around("with a comment", "/* why */", "")
	for range 8 {
		fault("cut off", 400, func(d *draft) {
			text := d.written()
			d.sent = text[:1+d.random.IntN(len(text)-1)]
		})
	}
	fault("one byte too large", 413, func(d *draft) {
		text := d.written()
		d.sent = append(text, []byte(strings.Repeat(" ", maxBody+1-len(text)))...)
	})
	fault("far too large", 413, func(d *draft) { d.sent = []byte(strings.Repeat("[", 3*maxBody)) })
	if o.bodyRequired {
		fault("none", 400, func(d *draft) { d.bare = true })
		fault("empty", 400, func(d *draft) { d.sent = []byte{} })
		fault("an empty object", 400, func(d *draft) { d.sent = []byte("{}") })
		fault("white space", 400, func(d *draft) { d.sent = []byte(" \n") })
	}
	for _, t := range []string{"text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "application/jsonx", "json", "multipart/form-data", ";;", "application/json/x", "\xff"} {
		fault("Content-Type "+t, 415, func(d *draft) { d.contentType = t })
	}
	fault("no Content-Type", 415, func(d *draft) { d.contentType = "" })
	fault("two Content-Types", 415, func(d *draft) { d.setHeader("Content-Type", "application/json") })
	fault("Content-Encoding gzip", 415, func(d *draft) { d.setHeader("Content-Encoding", "gzip") })
	return all
}
