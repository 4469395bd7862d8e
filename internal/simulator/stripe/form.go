package stripe

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// form reads a request's parameters. The first thing wrong is kept, as Stripe
// would say it; parameters nobody read are unknown ones.
type form struct {
	values url.Values
	read   map[string]bool
	err    *apiError
}

func newForm(values url.Values) *form {
	return &form{values: values, read: make(map[string]bool, len(values))}
}

func (f *form) fail(err *apiError) {
	if f.err == nil {
		f.err = err
	}
}

// done returns the first fault: of a value, or of a parameter nobody read.
func (f *form) done() error {
	if f.err != nil {
		return f.err
	}
	names := make([]string, 0, len(f.values))
	for name := range f.values {
		if !f.read[name] {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		first := slices.Min(names)
		return invalid("parameter_unknown", first, "Received unknown parameter: %s", first)
	}
	return nil
}

// ignore accepts a parameter, and everything nested in it, without effect here.
func (f *form) ignore(names ...string) {
	for name := range f.values {
		top, _, _ := strings.Cut(name, "[")
		if slices.Contains(names, top) || slices.Contains(names, name) {
			f.read[name] = true
		}
	}
}

func (f *form) has(name string) bool { return f.values.Has(name) }

// hasPrefix tells whether any parameter is nested in name.
func (f *form) hasPrefix(name string) bool {
	for key := range f.values {
		if strings.HasPrefix(key, name+"[") {
			return true
		}
	}
	return false
}

func (f *form) text(name string) string {
	f.read[name] = true
	return f.values.Get(name)
}

// optional is nil when the parameter is missing or empty.
func (f *form) optional(name string) *string {
	if value := f.text(name); value != "" {
		return &value
	}
	return nil
}

func (f *form) limited(name string, most int) *string {
	value := f.optional(name)
	if value != nil && utf8.RuneCountInString(*value) > most {
		f.fail(invalid("", name, "Invalid string: must be at most %d characters", most))
	}
	return value
}

func (f *form) required(name string) string {
	value := f.text(name)
	if value == "" {
		f.fail(invalid("parameter_missing", name, "Missing required param: %s.", name))
	}
	return value
}

func (f *form) choice(name, otherwise string, allowed ...string) string {
	value := f.text(name)
	if value == "" {
		return otherwise
	}
	if !slices.Contains(allowed, value) {
		f.fail(invalid("", name, "Invalid %s: must be one of %s", name, strings.Join(allowed, ", ")))
	}
	return value
}

func (f *form) boolean(name string) bool {
	return f.choice(name, "false", "true", "false") == "true"
}

func (f *form) integer(name string, otherwise int64) int64 {
	value := f.text(name)
	if value == "" {
		return otherwise
	}
	number, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		f.fail(invalid("parameter_invalid_integer", name, "Invalid integer: %s", name))
	}
	return number
}

// list reads name[0], name[1], … and name[].
func (f *form) list(name string) []string {
	var items []string
	for i := 0; f.has(name + "[" + strconv.Itoa(i) + "]"); i++ {
		items = append(items, f.text(name+"["+strconv.Itoa(i)+"]"))
	}
	if f.has(name + "[]") {
		f.read[name+"[]"] = true
		items = append(items, f.values[name+"[]"]...)
	}
	return items
}

// Stripe's limits on metadata: https://stripe.com/docs/api/metadata
const (
	maxMetadataKeys  = 50
	maxMetadataKey   = 40
	maxMetadataValue = 500
)

// metadata applies metadata[key]=value to what was there: an empty value
// removes the key, an empty metadata removes all.
func (f *form) metadata(before map[string]string) map[string]string {
	after := make(map[string]string, len(before)+4)
	if !f.has("metadata") || f.text("metadata") != "" {
		for key, value := range before {
			after[key] = value
		}
	}
	for name := range f.values {
		key, ok := strings.CutPrefix(name, "metadata[")
		if !ok {
			continue
		}
		key = strings.TrimSuffix(key, "]")
		value := f.text(name)
		if len(key) > maxMetadataKey || len(value) > maxMetadataValue {
			f.fail(invalid("", "metadata", "Metadata keys can have up to %d characters and values up to %d", maxMetadataKey, maxMetadataValue))
		}
		if value == "" {
			delete(after, key)
			continue
		}
		after[key] = value
	}
	if len(after) > maxMetadataKeys {
		f.fail(invalid("", "metadata", "You can have up to %d keys in metadata", maxMetadataKeys))
	}
	return after
}

// hasMetadata tells whether the request changes metadata.
func (f *form) hasMetadata() bool { return f.has("metadata") || f.hasPrefix("metadata") }
