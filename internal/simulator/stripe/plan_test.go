package stripe

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryQueryUsesAnIndex runs SQLite's planner over the queries that run
// while a simulator is in use; only the witness reads whole tables.
func TestEveryQueryUsesAnIndex(t *testing.T) {
	h := start(t, Options{})
	for _, query := range []string{
		`SELECT doc FROM payment_intents WHERE seq = 1 AND account = 1`,
		`SELECT doc FROM payment_intents WHERE account = 1 AND seq > 1 AND seq < 9 ORDER BY seq DESC LIMIT 1`,
		`SELECT doc FROM payment_intents WHERE +account = 1 AND customer = 1 AND seq < 9 ORDER BY seq DESC LIMIT 1`,
		`SELECT doc FROM charges WHERE +account = 1 AND intent = 1 ORDER BY seq DESC LIMIT 1`,
		`SELECT doc FROM charges WHERE +account = 1 AND customer = 1 ORDER BY seq DESC LIMIT 1`,
		`SELECT doc FROM refunds WHERE +account = 1 AND intent = 1 ORDER BY seq DESC LIMIT 1`,
		`SELECT doc FROM refunds WHERE +account = 1 AND charge = 1 ORDER BY seq DESC LIMIT 1`,
		`SELECT doc FROM events WHERE account = 1 AND type IN ('a', 'b') ORDER BY seq DESC LIMIT 1`,
		`SELECT p.doc FROM intent_metadata m JOIN payment_intents p ON p.seq = m.intent WHERE m.hash = 1 AND +p.account = 1 AND m.intent < 9 ORDER BY m.intent DESC`,
		`SELECT p.doc FROM customer_metadata m JOIN customers p ON p.seq = m.customer WHERE m.hash = 1 AND +p.account = 1 AND m.customer < 9 ORDER BY m.customer DESC`,
		`SELECT doc FROM payment_methods WHERE +account = 1 AND customer = 1 AND seq < 9 ORDER BY seq DESC LIMIT 1`,
		`SELECT o.event FROM outbox o JOIN events e ON e.seq = o.event WHERE o.due <= 1 ORDER BY o.due LIMIT 1`,
		`SELECT due FROM outbox ORDER BY due LIMIT 1`,
		`SELECT r.doc FROM settlements s JOIN refunds r ON r.seq = s.refund WHERE s.due <= 1 ORDER BY s.due LIMIT 1`,
		`SELECT doc FROM disputes WHERE charge = 1`,
		`SELECT doc FROM disputes WHERE +account = 1 AND charge = 1 ORDER BY seq DESC LIMIT 1`,
		`SELECT doc FROM disputes WHERE +account = 1 AND intent = 1 ORDER BY seq DESC LIMIT 1`,
		`SELECT due FROM settlements ORDER BY due LIMIT 1`,
		`DELETE FROM settlements WHERE refund = 1`,
		`DELETE FROM outbox WHERE event = 1 AND endpoint = 0 AND copy = 0`,
		`UPDATE outbox SET due = 1 WHERE due > 1`,
		`SELECT params FROM idempotency_keys WHERE account = 1 AND key = 'k'`,
		`SELECT currency, SUM(net) FROM balance_transactions WHERE account = 1 GROUP BY currency`,
		`SELECT doc FROM balance_transactions WHERE account = 1 AND seq IN (1, 2) ORDER BY seq DESC LIMIT 1`,
		`DELETE FROM idempotency_keys WHERE seq < 1`,
	} {
		rows, err := h.sim.store.query(`EXPLAIN QUERY PLAN ` + query)
		require.NoError(t, err)
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var step string
			require.NoError(t, rows.Scan(&id, &parent, &unused, &step))
			plan = append(plan, step)
		}
		require.NoError(t, rows.Close())
		if strings.Contains(query, "WHERE") {
			require.NotContains(t, strings.Join(plan, "; "), "SCAN", query)
		} else { // the first one of an index
			require.Contains(t, strings.Join(plan, "; "), "INDEX", query)
		}
		if strings.Contains(query, "ORDER BY") {
			require.NotContains(t, strings.Join(plan, "; "), "TEMP B-TREE", query)
		}
	}
}
