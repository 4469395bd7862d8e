package stripe

import (
	"bytes"
	"strings"
)

// maxExpandDepth is Stripe's: https://stripe.com/docs/expand
const maxExpandDepth = 4

// expansions is a tree of the fields to expand: {"latest_charge":{"balance_transaction":{}}}.
type expansions map[string]expansions

func parseExpand(paths []string) (expansions, error) {
	var tree expansions
	for _, path := range paths {
		names := strings.Split(path, ".")
		if len(names) > maxExpandDepth {
			return nil, invalid("", "expand", "You cannot expand more than %d levels of a property. Property: %s", maxExpandDepth, path)
		}
		if tree == nil {
			tree = expansions{}
		}
		level := tree
		for _, name := range names {
			if level[name] == nil {
				level[name] = expansions{}
			}
			level = level[name]
		}
	}
	return tree, nil
}

// expandable are the tables by id prefix, and the fields of their objects that
// hold the id of another object.
var expandable = map[string]struct {
	table  string
	fields []string
}{
	"pi":  {"payment_intents", []string{"latest_charge", "payment_method", "customer"}},
	"ch":  {"charges", []string{"balance_transaction", "payment_intent", "customer", "refunds"}},
	"re":  {"refunds", []string{"balance_transaction", "charge", "failure_balance_transaction", "payment_intent"}},
	"du":  {"disputes", []string{"charge", "payment_intent"}},
	"txn": {"balance_transactions", []string{"source"}},
	"pm":  {"payment_methods", []string{"customer"}},
	"cus": {"customers", nil},
}

// apply replaces ids in doc by the objects they stand for.
func (e expansions) apply(q querier, account int64, doc []byte) ([]byte, error) {
	for name, below := range e {
		id := docID(doc)
		field, found := findField(doc, name)
		if !expandableField(id, name) {
			return nil, invalid("", "expand", "This property cannot be expanded (%s).", name)
		}
		if !found { // it is one that only some objects have
			continue
		}
		value := doc[field.from:field.to]
		var err error
		switch {
		case name == "refunds":
			value, err = refundsOf(q, account, id)
		case len(value) > 0 && value[0] == '"':
			value, err = loadDoc(q, account, string(bytes.Trim(value, `"`)))
		default: // null: nothing to expand
			continue
		}
		if err != nil {
			return nil, err
		}
		if value, err = below.apply(q, account, value); err != nil {
			return nil, err
		}
		doc = bytes.Join([][]byte{doc[:field.from], value, doc[field.to:]}, nil)
	}
	return doc, nil
}

func expandableField(id, field string) bool {
	for _, name := range expandable[prefixOf(id)].fields {
		if name == field {
			return true
		}
	}
	return false
}

func prefixOf(id string) string {
	prefix, _, _ := strings.Cut(id, "_")
	return prefix
}

// docID reads the id of an object: every doc begins with it.
func docID(doc []byte) string {
	rest, ok := bytes.CutPrefix(doc, []byte(`{"id":"`))
	if !ok {
		return ""
	}
	id, _, _ := bytes.Cut(rest, []byte{'"'})
	return string(id)
}

type span struct{ from, to int }

// findField finds the value of a top-level field in a doc of ours (valid JSON
// without white space), so that expanding costs one pass and no decoding.
func findField(doc []byte, name string) (span, bool) {
	key := []byte(`"` + name + `":`)
	depth, from := 0, 0
	for i := 0; i < len(doc); i++ {
		switch doc[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			if depth == 1 && from == 0 && bytes.HasPrefix(doc[i:], key) {
				from = i + len(key)
				i = from - 1
				continue
			}
			for i++; doc[i] != '"'; i++ {
				if doc[i] == '\\' {
					i++
				}
			}
		}
		if from > 0 && (depth == 0 || depth == 1 && doc[i] == ',') {
			return span{from, i}, true
		}
	}
	return span{}, false
}

// loadDoc finds an object of the account by any of the expandable kinds' ids.
func loadDoc(q querier, account int64, id string) ([]byte, error) {
	kind, known := expandable[prefixOf(id)]
	if !known {
		return nil, missing("object", id, "id")
	}
	doc, err := find(q, account, kind.table, prefixOf(id)+"_", id)
	if err == nil && doc == nil {
		err = missing("object", id, "id")
	}
	return doc, err
}
