package stripe

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	defaultLimit = 10
	maxLimit     = 100
)

// listing is one list endpoint: newest first, by cursor.
type listing struct {
	table, prefix, url string
	// filter names an indexed column, "" for all of the account's objects.
	filter string
	value  int64
	kinds  []string // of events; none: all
	seqs   []int64  // of the only objects to list, when filter is "seq"
}

func listPaymentIntents(c *call, q querier) ([]byte, error) {
	l := listing{table: "payment_intents", prefix: "pi_", url: "/v1/payment_intents"}
	return c.list(q, c.filtered(l, "customer", "customer"))
}

func listCharges(c *call, q querier) ([]byte, error) {
	l := listing{table: "charges", prefix: "ch_", url: "/v1/charges"}
	return c.list(q, c.filtered(c.filtered(l, "customer", "customer"), "payment_intent", "intent"))
}

func listRefunds(c *call, q querier) ([]byte, error) {
	l := listing{table: "refunds", prefix: "re_", url: "/v1/refunds"}
	return c.list(q, c.filtered(c.filtered(l, "charge", "charge"), "payment_intent", "intent"))
}

// listBalanceTransactions finds those of one source by what the source says.
func listBalanceTransactions(c *call, q querier) ([]byte, error) {
	l := listing{table: "balance_transactions", prefix: "txn_", url: "/v1/balance_transactions"}
	if source := c.form.optional("source"); source != nil {
		doc, err := loadDoc(q, c.account, *source)
		if err != nil {
			return nil, err
		}
		l.filter, l.seqs = "seq", bookedFor(doc)
	}
	return c.list(q, l)
}

// bookedFor are the sequence numbers of the balance transactions that an object
// names, or holds.
func bookedFor(doc []byte) []int64 {
	var seqs []int64
	for _, name := range []string{"balance_transaction", "failure_balance_transaction", "balance_transactions"} {
		field, _ := findField(doc, name)
		for _, text := range bytes.Split(doc[field.from:field.to], []byte{'"'}) {
			if seq, ok := parseID("txn_", string(text)); ok {
				seqs = append(seqs, seq)
			}
		}
	}
	return seqs
}

// refundsOf is the list of a charge's refunds, newest first.
func refundsOf(q querier, account int64, chargeID string) ([]byte, error) {
	l := listing{table: "refunds", prefix: "re_", url: "/v1/charges/" + chargeID + "/refunds", filter: "charge", value: seqOf(chargeID)}
	docs, more, err := l.page(q, account, page{limit: defaultLimit})
	if err != nil {
		return nil, err
	}
	return listDoc(docs, more, l.url), nil
}

// filtered narrows a list to one object's, when the request names it.
func (c *call) filtered(l listing, param, column string) listing {
	id := c.form.optional(param)
	if id == nil {
		return l
	}
	seq, ok := parseID(prefixOf(*id)+"_", *id)
	if !ok {
		c.form.fail(missingParam(param, *id, param))
	}
	l.filter, l.value = column, seq
	return l
}

// page is a part of a list: those with a sequence number between after and
// before, both exclusive, and no more than limit of them.
type page struct {
	limit         int64
	after, before int64
	oldestFirst   bool
}

func (c *call) list(q querier, l listing) ([]byte, error) {
	p := c.readPage(l.prefix)
	if err := c.form.done(); err != nil {
		return nil, err
	}
	docs, more, err := l.page(q, c.account, p)
	if err != nil {
		return nil, err
	}
	for i := range docs {
		if docs[i], err = c.expand["data"].apply(q, c.account, docs[i]); err != nil {
			return nil, err
		}
	}
	return listDoc(docs, more, l.url), nil
}

func (c *call) readPage(prefix string) page {
	f := c.form
	p := page{limit: f.integer("limit", defaultLimit)}
	if p.limit < 1 || p.limit > maxLimit {
		f.fail(invalid("parameter_invalid_integer", "limit", "This value must be between 1 and %d.", maxLimit))
	}
	if exact := f.integer("created", -1); exact >= 0 {
		p.newerThan(firstOf(exact) - 1)
		p.olderThan(firstOf(exact + 1))
	}
	if value := f.integer("created[gte]", -1); value >= 0 {
		p.newerThan(firstOf(value) - 1)
	}
	if value := f.integer("created[gt]", -1); value >= 0 {
		p.newerThan(firstOf(value+1) - 1)
	}
	if value := f.integer("created[lt]", -1); value >= 0 {
		p.olderThan(firstOf(value))
	}
	if value := f.integer("created[lte]", -1); value >= 0 {
		p.olderThan(firstOf(value + 1))
	}
	if id := f.optional("starting_after"); id != nil {
		p.olderThan(f.cursor("starting_after", prefix, *id))
	}
	if id := f.optional("ending_before"); id != nil {
		p.newerThan(f.cursor("ending_before", prefix, *id))
		p.oldestFirst = true
	}
	return p
}

// firstOf is the first sequence number that an object created in this second,
// counted since 1970, can have. Far futures are cut to stay within 63 bits.
func firstOf(second int64) int64 {
	const far = 1 << 40
	return min(second, far) * int64(time.Second/time.Microsecond)
}

func (p *page) newerThan(seq int64) { p.after = max(p.after, seq) }

func (p *page) olderThan(seq int64) {
	if p.before == 0 || seq < p.before {
		p.before = seq
	}
}

func (f *form) cursor(param, prefix, id string) int64 {
	seq, ok := parseID(prefix, id)
	if !ok {
		f.fail(missingParam("object", id, param))
	}
	return seq
}

// page reads one page, newest first, and tells whether there are more.
func (l listing) page(q querier, account int64, p page) ([][]byte, bool, error) {
	query, args := `SELECT doc FROM `+l.table+` WHERE account = ?`, []any{account}
	switch {
	case l.filter == "seq":
		query += ` AND seq IN (` + strings.TrimSuffix(strings.Repeat("?,", len(l.seqs)), ",") + `)`
		for _, seq := range l.seqs {
			args = append(args, seq)
		}
	case l.filter != "": // the + keeps SQLite from the less selective index
		query, args = `SELECT doc FROM `+l.table+` WHERE +account = ? AND `+l.filter+` = ?`, append(args, l.value)
	}
	if p.after > 0 {
		query, args = query+` AND seq > ?`, append(args, p.after)
	}
	if p.before != 0 {
		query, args = query+` AND seq < ?`, append(args, p.before)
	}
	for i, kind := range l.kinds {
		query, args = query+[]string{` AND type IN (?`, `, ?`}[min(i, 1)], append(args, kind)
	}
	if len(l.kinds) > 0 {
		query += `)`
	}
	order := ` ORDER BY seq DESC LIMIT ?`
	if p.oldestFirst {
		order = ` ORDER BY seq LIMIT ?`
	}
	docs, err := readDocs(q, query+order, append(args, p.limit+1)...)
	if err != nil {
		return nil, false, err
	}
	more := int64(len(docs)) > p.limit
	if more {
		docs = docs[:p.limit]
	}
	if p.oldestFirst {
		slices.Reverse(docs)
	}
	return docs, more, nil
}

func readDocs(q querier, query string, args ...any) ([][]byte, error) {
	rows, err := q.query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var docs [][]byte
	for rows.Next() {
		var doc []byte
		if err := rows.Scan(&doc); err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, rows.Err()
}

func listDoc(docs [][]byte, more bool, url string) []byte {
	out := []byte(`{"object":"list","data":[`)
	out = append(out, bytes.Join(docs, []byte{','})...)
	out = append(out, `],"has_more":`...)
	out = strconv.AppendBool(out, more)
	return append(append(append(out, `,"url":"`...), url...), `"}`...)
}
