package post

import (
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"paymenthub/internal/webhook"
)

// What is kept of an answer.
const (
	maxBody        = 4 << 10 // bytes
	maxHeaders     = 20      // lines, by name
	maxHeaderName  = 64
	maxHeaderValue = 256 // bytes
	maxRetryAfter  = 24 * time.Hour
)

// lookAhead is how far behind its end a body is read, so that what begins before the end
// is recognised whole: a merchant's header value is the longest.
const lookAhead = webhook.MaxHeaderValue

// answered writes down what an endpoint answered.
func (c *Client) answered(a *webhook.Attempt, r *http.Response, clean *cleaner) {
	if r.StatusCode < http.StatusContinue { // RFC 9110, 15; and 0 says that there was no answer
		a.Error = notHTTP
		return
	}
	a.Code = r.StatusCode
	a.ResponseHeaders = clean.headers(r.Header)
	if !a.OK() {
		a.RetryAfter = retryAfter(r.Header.Get("Retry-After"), c.clock.Now())
	}
	if r.StatusCode < http.StatusOK { // 101: what follows is no body, and has no end
		return
	}
	// A short body is read to its end, which leaves its connection to the next message. A
	// longer one is given up, and its connection with it: that costs less than reading on.
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+lookAhead))
	a.Truncated = err != nil || len(body) > maxBody
	a.ResponseBody = clean.text(string(body), maxBody)
}

// retryAfter is how long an endpoint asks to be left alone (RFC 9110, 10.2.3): in
// seconds, or until a time. What cannot be read is 0.
func retryAfter(value string, now time.Time) time.Duration {
	if strings.Trim(value, "0123456789") == "" && value != "" {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// cleaner makes what an endpoint answers fit to be kept and shown.
type cleaner struct {
	secrets *strings.Replacer
	mask    func(string) string
}

const (
	// shortestValue and shortestWord bound what is looked for in answers: anything shorter
	// keeps no secret, and stands in many an answer by chance.
	shortestValue = 4
	shortestWord  = 8
)

// newCleaner takes the values of the masked headers out of answers, and their words: of
// "Bearer <token>" an endpoint may repeat the token alone. They become stars, as many, so
// that what is behind them moves no nearer.
func newCleaner(headers []webhook.Header, masked []string, mask func(string) string) *cleaner {
	var values, words []string
	hide := func(text string) []string { return []string{text, stars(text)} }
	for _, h := range headers {
		if !slices.ContainsFunc(masked, func(name string) bool { return strings.EqualFold(name, h.Name) }) {
			continue
		}
		if len(h.Value) >= shortestValue {
			values = append(values, hide(h.Value)...)
		}
		for _, word := range strings.Fields(h.Value) {
			if len(word) >= shortestWord {
				words = append(words, hide(word)...)
			}
		}
	}
	return &cleaner{strings.NewReplacer(append(values, words...)...), mask}
}

// signing is a signing secret, also as JSON and URLs write it. The pages on which
// frameworks explain an error show their settings, and this may be one.
var signing = regexp.MustCompile(`whsec_[A-Za-z0-9+/=\\%_-]+`)

func stars(text string) string { return strings.Repeat("*", len(text)) }

// text is at most limit bytes of a text before it is made valid UTF-8 without NUL,
// which Postgres does not keep. Only then is it cut: the half of a card number or of a
// secret would not be recognised. Neither masking makes the text shorter.
func (c *cleaner) text(text string, limit int) string {
	text = signing.ReplaceAllStringFunc(c.secrets.Replace(text), stars)
	text = c.mask(text)
	if len(text) > limit {
		end := limit
		for end > 0 && end > limit-utf8.UTFMax && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "\uFFFD"), "\uFFFD")
}

// headers are the first of an answer's headers by name.
func (c *cleaner) headers(all http.Header) http.Header {
	kept, lines := http.Header{}, 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if len(name) > maxHeaderName || c.text(name, maxHeaderName) != name {
			continue
		}
		for _, value := range all[name] {
			if lines++; lines > maxHeaders {
				return kept
			}
			if name == "Set-Cookie" {
				value = redacted
			}
			kept.Add(name, c.text(value, maxHeaderValue))
		}
	}
	return kept
}
