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
		`SELECT d.event FROM deliveries d JOIN events e ON e.seq = d.event WHERE d.due <= 1 ORDER BY d.due LIMIT 1`,
		`SELECT params FROM idempotency_keys WHERE account = 1 AND key = 'k'`,
		`SELECT currency, SUM(net) FROM balance_transactions WHERE account = 1 GROUP BY currency`,
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
		require.NotContains(t, strings.Join(plan, "; "), "SCAN", query)
		if strings.Contains(query, "ORDER BY") {
			require.NotContains(t, strings.Join(plan, "; "), "TEMP B-TREE", query)
		}
	}
}
