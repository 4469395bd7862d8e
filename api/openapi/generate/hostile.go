package generate

import (
	"slices"
	"strings"
)

// nasty are texts that have broken programs.
var nasty = []string{
	"", " ", "\x00", "null", "undefined", "NaN", "-1", "0", "1e309", "9007199254740993", "true", "../../etc/passwd", "'; DROP TABLE payments; --", "\" OR \"\"=\"",
	"<script>alert(1)</script>", "{{7*7}}", "${7*7}", "%s%s%s%n", "\r\nSet-Cookie: a=b", "\u202etxet", "\ufeff", "\uffff", "\U0010ffff", "İıſK", strings.Repeat("A", 70_000),
	strings.Repeat("🙂", 5_000), strings.Repeat("e\u0301", 2_000), "\xed\xa0\x80", "\xf4\x90\x80\x80", "1970-01-01T00:00:00Z", "0000-00-00", "9999-12-31T23:59:60Z", "253402300800",
	Card, "pan:" + Card + ".", "4539 5787 6362 1486", "4539-5787-6362-1486", "javascript:alert(1)", "https://[::1", "//evil.example", "http://127.0.0.1:1/", "pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2", "pi_ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "__proto__",
}

// nastyJSON are values that are no strings.
var nastyJSON = []string{
	"null", "true", "-0", "0", "-1", "1e1", "1e400", "-1e400", "1e-400", "0.1", "9007199254740991", "9007199254740992", "9223372036854775807", "9223372036854775808", "18446744073709551616",
	"1" + strings.Repeat("0", 5_000), "0." + strings.Repeat("0", 5_000) + "1", "[]", "{}", `{"":{}}`, `[[[[[[[[]]]]]]]]`, `{"__proto__":{"a":1}}`, `"\ud83d\ude42"`, `"\u0000"`, `"\ud800"`, "\"\xff\"", `{"a":1,"a":2}`,
}

// strangeHeaders are headers that change how a careless server reads a request.
var strangeHeaders = []Field{
	{"X-Forwarded-For", "127.0.0.1"}, {"X-Forwarded-For", "999.1.1.1, ::1, unknown"}, {"X-Forwarded-For", strings.Repeat("1.2.3.4, ", 500)}, {"X-Forwarded-Proto", "https, javascript"},
	{"Forwarded", "for=\"_x\";proto=https"}, {"X-Real-Ip", "::1%eth0"}, {"X-HTTP-Method-Override", "DELETE"}, {"X-Original-Url", "/v3/payments/refunds"}, {"Range", "bytes=0-1"}, {"Range", "bytes=9-1,-5,x"},
	{"If-None-Match", "*"}, {"If-Match", `"x"`}, {"If-Modified-Since", "Fri, 31 Dec 9999 23:59:59 GMT"}, {"If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"}, {"If-Range", `"x"`}, {"Accept", "text/html;q=x"},
	{"Accept-Encoding", "gzip, br;q=0, *"}, {"Accept-Charset", "utf-7"}, {"Origin", "null"}, {"Cookie", strings.Repeat("a=b; ", 2_000)}, {"Request-Id", "req_01HZY3K8V4N5T6W7X8Y9Z0A1B2"}, {"X-Request-Id", "\xff"},
	{"Traceparent", "00-00000000000000000000000000000000-0000000000000000-ff"}, {"Tracestate", strings.Repeat("a=b,", 200)}, {"Baggage", "a=" + Card}, {"X-Api-Key", Card}, {"User-Agent", Card}, {"Referer", "https://shop.example/?pan=" + Card},
	{"Idempotency-Key", "hostile"}, {"Idempotency-Key", strings.Repeat("~", 255)}, {"Upgrade", "h2c"}, {"Content-Language", "x"}, {"Transfer-Coding", "gzip"}, {"Sec-Fetch-Site", "cross-site"}, {"Access-Control-Request-Method", "POST"},
}

// attack spoils one to four things at once, with no regard for sense.
func (d *draft) attack() {
	ways := []func(){d.attackHeader, d.attackPath, d.attackQuery}
	if d.body != nil {
		ways = append(ways, d.attackBody, d.attackBody, d.attackBody, d.attackBytes)
	} else {
		ways = append(ways, func() { d.sent, d.contentType = []byte(pick(d, nasty)), "application/json" })
	}
	for range 1 + d.random.IntN(4) {
		ways[d.random.IntN(len(ways))]()
	}
}

func pick[T any](d *draft, from []T) T { return from[d.random.IntN(len(from))] }

func (d *draft) attackHeader() { d.header = append(d.header, pick(d, strangeHeaders)) }

func (d *draft) attackPath() {
	for _, p := range d.parameters { // in the document's order: the draws must repeat themselves
		if p.In == "path" && d.random.IntN(3) == 0 {
			d.path[p.Name] = pick(d, strangers)
		}
	}
}

func (d *draft) attackQuery() {
	name := pick(d, nasty)
	for _, p := range d.parameters {
		if p.In == "query" && d.random.IntN(2) == 0 {
			name = p.Name
		}
	}
	text := pick(d, nasty)
	d.query = append(d.query, Field{name[:min(len(name), 4000)], text[:min(len(text), 4000)]})
}

// attackBody replaces, repeats or adds a member of a random object of the body.
func (d *draft) attackBody() {
	v := d.body
	for v.object && len(v.members) > 0 {
		at := d.random.IntN(len(v.members))
		below := v.members[at].value
		if below.object && d.random.IntN(4) > 0 {
			v = below
			continue
		}
		switch d.random.IntN(8) {
		case 0:
			v.members = slices.Delete(v.members, at, at+1)
		case 1:
			v.add(v.members[at].name, raw(d.nastyValue()))
		case 2:
			v.add(pick(d, nasty), raw(d.nastyValue()))
		default:
			v.members[at].value = raw(d.nastyValue())
		}
		return
	}
}

func (d *draft) nastyValue() string {
	if d.random.IntN(2) == 0 {
		return pick(d, nastyJSON)
	}
	return encode(pick(d, nasty)).text
}

// attackBytes flips, drops or doubles bytes of the written body.
func (d *draft) attackBytes() {
	text := slices.Clone(d.written())
	for range 1 + d.random.IntN(6) {
		if len(text) < 2 {
			break
		}
		at := d.random.IntN(len(text))
		switch d.random.IntN(3) {
		case 0:
			text[at] ^= 1 << d.random.IntN(8)
		case 1:
			text = slices.Delete(text, at, at+1)
		default:
			text = slices.Insert(text, at, text[at:min(len(text), at+1+d.random.IntN(20))]...)
		}
	}
	d.sent = text
}
