package stripe

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// clause is one term of a search query: metadata['key']:'value', or field:'value'.
type clause struct{ field, key, value string }

var clausePattern = regexp.MustCompile(`^(?:metadata\[["']([^"']{1,40})["']\]|(status|currency|customer))\s*:\s*["']((?:[^"'\\]|\\.)*)["']`)

// parseQuery reads Stripe's search language as far as this simulator speaks it:
// exact terms over metadata, status, currency and customer, joined by AND.
// https://stripe.com/docs/search#search-query-language
func parseQuery(query string) ([]clause, bool) {
	var clauses []clause
	for rest := strings.TrimSpace(query); ; {
		match := clausePattern.FindStringSubmatch(rest)
		if match == nil {
			return nil, false
		}
		c := clause{field: match[2], key: match[1], value: unescape.Replace(match[3])}
		if c.field == "" {
			c.field = "metadata"
		}
		clauses = append(clauses, c)
		rest = strings.TrimSpace(rest[len(match[0]):])
		if rest == "" {
			return clauses, true
		}
		joint, after, ok := strings.Cut(rest, " ")
		if !ok || !strings.EqualFold(joint, "AND") {
			return nil, false
		}
		rest = strings.TrimSpace(after)
	}
}

var unescape = strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\"`, `"`)

// searched is a kind of object that can be searched for: its table, and the index
// of its metadata, whose column names the object.
type searched struct{ table, index, column, url string }

func searchPaymentIntents(c *call, q querier) ([]byte, error) {
	if err := c.sim.catchUp(); err != nil {
		return nil, err
	}
	return c.searchFor(q, searched{table: "payment_intents", index: "intent_metadata", column: "intent", url: "/v1/payment_intents/search"})
}

// searchFor answers at once with what the last call wrote; Stripe's own index may
// lag a minute behind.
func (c *call) searchFor(q querier, kind searched) ([]byte, error) {
	f := c.form
	clauses, ok := parseQuery(f.required("query"))
	if !ok {
		f.fail(invalid("", "query", "We were unable to parse your search query. Terms are metadata['key']:'value', status:'…', currency:'…' and customer:'…', joined by AND."))
	}
	limit := f.integer("limit", defaultLimit)
	if limit < 1 || limit > maxLimit {
		f.fail(invalid("parameter_invalid_integer", "limit", "This value must be between 1 and %d.", maxLimit))
	}
	before := f.integer("page", 0)
	if err := f.done(); err != nil {
		return nil, err
	}
	docs, next, err := c.search(q, kind, clauses, before, limit)
	if err != nil {
		return nil, err
	}
	for i := range docs {
		if docs[i], err = c.expand["data"].apply(q, c.account, docs[i]); err != nil {
			return nil, err
		}
	}
	var nextPage *string
	if next != 0 {
		nextPage = pointer(strconv.FormatInt(next, 10))
	}
	out := append([]byte(`{"object":"search_result","data":[`), bytes.Join(docs, []byte{','})...)
	out = append(out, `],"has_more":`...)
	out = append(strconv.AppendBool(out, next != 0), `,"next_page":`...)
	return append(append(append(append(out, mustMarshal(nextPage)...), `,"url":"`...), kind.url...), `"}`...), nil
}

// search finds the matching objects older than before, newest first, and the
// cursor of the page after them (0: there is none).
func (c *call) search(q querier, kind searched, clauses []clause, before, limit int64) ([][]byte, int64, error) {
	if before == 0 {
		before = c.sim.seq.next()
	}
	query, args := c.searchQuery(kind, clauses)
	rows, err := q.query(query, append(args, before)...)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	var docs [][]byte
	for rows.Next() {
		var doc []byte
		if err := rows.Scan(&doc); err != nil {
			return nil, 0, err
		}
		if !matches(doc, clauses) {
			continue
		}
		if int64(len(docs)) == limit {
			return docs, seqOf(docID(docs[limit-1])), nil
		}
		docs = append(docs, doc)
	}
	return docs, 0, rows.Err()
}

// searchQuery finds candidates by the metadata index: all terms but the first
// are then checked on the objects themselves, as the index keeps hashes only.
func (c *call) searchQuery(kind searched, clauses []clause) (string, []any) {
	for _, term := range clauses {
		if term.field == "metadata" {
			by := `m.` + kind.column
			return `SELECT p.doc FROM ` + kind.index + ` m JOIN ` + kind.table + ` p ON p.seq = ` + by +
					` WHERE m.hash = ? AND +p.account = ? AND ` + by + ` < ? ORDER BY ` + by + ` DESC`,
				[]any{metadataHash(c.account, term.key, term.value), c.account}
		}
	}
	return `SELECT doc FROM ` + kind.table + ` WHERE account = ? AND seq < ? ORDER BY seq DESC`, []any{c.account}
}

func matches(doc []byte, clauses []clause) bool {
	for _, term := range clauses {
		name, object := term.field, doc
		if term.field == "metadata" {
			field, ok := findField(doc, "metadata")
			if !ok {
				return false
			}
			name, object = term.key, doc[field.from:field.to]
		}
		field, ok := findField(object, name)
		if !ok || !bytes.Equal(object[field.from:field.to], mustMarshal(term.value)) {
			return false
		}
	}
	return true
}
