package decode

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"paymenthub/internal/fault"
)

// Query returns the request's query parameters. Errors: fault.Invalid for a
// parameter that is not in allowed, is given twice or is empty.
func Query(r *http.Request, allowed ...string) (url.Values, error) {
	return QueryWithList(r, "", allowed...)
}

// QueryWithList is Query with one more parameter, list, which may be given several times.
func QueryWithList(r *http.Request, list string, allowed ...string) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fault.New(fault.Invalid, "The query string is malformed.")
	}
	for name, given := range values {
		listed := list != "" && name == list
		if !listed && !slices.Contains(allowed, name) {
			name = SafeName(name)
			return nil, fault.Field(name, "Unknown query parameter '%s'.", name)
		}
		if len(given) > 1 && !listed {
			return nil, fault.Field(name, "Query parameter '%s' is given twice.", name)
		}
		if slices.Contains(given, "") {
			return nil, fault.Field(name, "Query parameter '%s' must not be empty.", name)
		}
	}
	return values, nil
}

// Integer reads a query parameter from low to high, or returns otherwise where
// it is absent.
func Integer(values url.Values, name string, low, high, otherwise int) (int, error) {
	if !values.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(values.Get(name))
	if err != nil || n < low || n > high || strings.HasPrefix(values.Get(name), "+") {
		return 0, fault.Field(name, "Query parameter '%s' must be an integer from %d to %d.", name, low, high)
	}
	return n, nil
}

// maxUnix is the last second of the year 9999, where RFC 3339 ends.
const maxUnix = 253402300799

// Time reads a query parameter, RFC 3339 or Unix seconds; the zero time stands
// for an absent one.
func Time(values url.Values, name string) (time.Time, error) {
	text := values.Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds >= 0 && seconds <= maxUnix {
		return time.Unix(seconds, 0).UTC(), nil
	}
	// In a query string a plus that was not escaped reads as a space.
	at, err := time.Parse(time.RFC3339, strings.ReplaceAll(text, " ", "+"))
	if err != nil {
		return time.Time{}, fault.Field(name, "Query parameter '%s' must be an RFC 3339 time or Unix seconds.", name)
	}
	return at.UTC(), nil
}
