package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// none stands where there is nothing to say.
const none = "–"

// count writes a number with its thousands apart: "1,204".
func count(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// plural writes a number of things.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// percent writes a part of a whole: "99.2 %". It is 0 or 100 only where that is exact.
func percent(part, whole int) string {
	if whole == 0 {
		return none
	}
	tenths := part * 1000 / whole
	switch {
	case part > 0 && tenths == 0:
		tenths = 1
	case tenths%10 == 0:
		return strconv.Itoa(tenths/10) + " %"
	}
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}

// took writes how long something took, as exactly as people compare it.
func took(d time.Duration) string {
	switch {
	case d <= 0:
		return none
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	default:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
}

// lasting writes a time that somebody waits, in its two largest units: "2 h 5 min".
func lasting(d time.Duration) string {
	seconds := int(d.Round(time.Second) / time.Second)
	switch hours, minutes := seconds/3600, seconds/60%60; {
	case hours > 0 && minutes == 0:
		return fmt.Sprintf("%d h", hours)
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	case minutes > 0 && seconds%60 == 0:
		return fmt.Sprintf("%d min", minutes)
	case minutes > 0:
		return fmt.Sprintf("%d min %d s", minutes, seconds%60)
	default:
		return fmt.Sprintf("%d s", seconds)
	}
}

// size writes a number of bytes.
func size(n int) string {
	if n < 1024 {
		return plural(n, "byte", "bytes")
	}
	return fmt.Sprintf("%.1f KiB", float64(n)/1024)
}

// host is who a URL leads to; all of what is no URL.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	return u.Host
}

// stamp is a time as machines read it; the page's script writes it in the reader's zone.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// field is one line of a header.
type field struct{ Name, Value string }

// headerLines sorts a header by its names.
func headerLines(h http.Header) []field {
	var lines []field
	for _, name := range slices.Sorted(maps.Keys(h)) {
		lines = append(lines, field{name, strings.Join(h[name], ", ")})
	}
	return lines
}

// words are the parts of an event's type, between which a narrow page may break it.
func words(eventType string) []string { return strings.SplitAfter(eventType, ".") }

// pretty lays JSON out for reading; what is no JSON stays as it is.
func pretty(body string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(body), "", "  ") != nil {
		return body
	}
	return b.String()
}
