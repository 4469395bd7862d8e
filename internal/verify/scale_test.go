package verify_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
	"paymenthub/internal/verify"
)

// copied says which columns of the payment that was sold, and of what belongs to
// it, hold ids; the one by which the rows are found comes first.
var copied = []struct {
	table string
	ids   []string
}{
	{"payment_intents", []string{"id", "current_attempt_id"}},
	{"payment_attempts", []string{"payment_id", "id"}},
	{"payment_transactions", []string{"payment_id", "id", "attempt_id", "idempotency_key"}},
	{"ledger_transactions", []string{"payment_id", "id", "source_id"}},
	{"ledger_entries", []string{"payment_id", "id", "transaction_id"}},
	{"events", []string{"object_id", "id", "object"}},
}

// many copies the payment that was sold, with all that belongs to it, as copies
// from+1 to to. A copy has the same ids with a number behind them.
func (w *town) many(from, to int) {
	p := w.named["sold"].Intent
	statements := []string{fmt.Sprintf(`UPDATE ledger_accounts SET balance = balance + %d * coalesce((SELECT sum(amount) FROM ledger_entries e
		WHERE e.payment_id = '%s' AND e.account = ledger_accounts.account AND e.currency = ledger_accounts.currency), 0)`, to-from, p.ID)}
	for _, c := range copied {
		rows, err := w.SQL.Query("SELECT name FROM pragma_table_info('" + c.table + "')")
		require.NoError(w.t, err)
		var columns, values []string
		for rows.Next() {
			var column string
			require.NoError(w.t, rows.Scan(&column))
			columns, values = append(columns, column), append(values, copiedValue(column, c.ids, p.ID))
		}
		require.NoError(w.t, rows.Close())
		statements = append(statements, fmt.Sprintf(`INSERT INTO %s (%s) SELECT %s FROM %[1]s,
			(WITH RECURSIVE n(i) AS (SELECT %[4]d UNION ALL SELECT i + 1 FROM n WHERE i < %[5]d) SELECT printf('%%06d', i) AS suffix FROM n)
			WHERE %[6]s = '%[7]s'`, c.table, strings.Join(columns, ", "), strings.Join(values, ", "), from+1, to, c.ids[0], p.ID))
	}
	w.force(statements...)
}

func copiedValue(column string, ids []string, paymentID string) string {
	for _, id := range ids {
		switch {
		case id != column:
		case column == "idempotency_key", column == "object":
			return fmt.Sprintf("replace(%s, '%s', '%[2]s' || suffix)", column, paymentID)
		default:
			return column + " || suffix"
		}
	}
	return column
}

// manyCharges serves the provider's record with that of n copies. It makes it up
// as it goes and without memory of its own, which would be measured too.
func (w *town) manyCharges(n int) verify.Witness {
	const number = "NUMBER"
	sold := w.named["sold"].Intent
	copyOf := payment.Intent{ID: sold.ID + number, Scope: sold.Scope}
	text, err := json.Marshal(w.record.chargeOf(w.named["sold"]).with("id", "ch_"+copyOf.ID).with("metadata", metadataOf(copyOf)))
	require.NoError(w.t, err)
	pieces := strings.Split(string(text), number)
	first, err := json.Marshal(w.record.charges)
	require.NoError(w.t, err)

	mux := http.NewServeMux()
	mux.HandleFunc("GET /_sim/charges", func(answer http.ResponseWriter, _ *http.Request) {
		out := bufio.NewWriter(answer)
		_, _ = fmt.Fprintf(out, `{"charges":%s`, strings.TrimSuffix(string(first), "]"))
		var digits []byte
		for i := 1; i <= n; i++ {
			digits = fmt.Appendf(digits[:0], "%06d", i)
			separator := []byte(",\n")
			for _, piece := range pieces {
				_, _ = out.Write(separator)
				_, _ = out.WriteString(piece)
				separator = digits
			}
		}
		_, _ = out.WriteString("]}")
		_ = out.Flush()
	})
	rest := w.record.serve(w.t, nil)
	mux.HandleFunc("GET /", func(answer http.ResponseWriter, request *http.Request) {
		http.Redirect(answer, request, rest.URL+request.URL.Path, http.StatusTemporaryRedirect)
	})
	server := httptest.NewServer(mux)
	w.t.Cleanup(server.Close)
	return verify.Witness{Name: "stripe", URL: server.URL}
}

func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestMemoryStaysBounded: ten times the payments take no more memory, and the
// progress is told all the while.
func TestMemoryStaysBounded(t *testing.T) {
	w := sqliteTown(t)
	peak := func(payments int) (most int64) {
		witness, before := w.manyCharges(payments), inUse()
		calls, steps := 0, map[string]int64{}
		report, err := verify.Run(ctx, verify.Options{Store: w.Store, Clock: w.Clock, Witnesses: []verify.Witness{witness}, Progress: func(step string, done, total int64) {
			if calls++; calls%4 == 0 {
				most = max(most, inUse()-before)
			}
			require.GreaterOrEqual(t, done, steps[step])
			steps[step] = done
			require.True(t, total == 0 || done <= total)
		}})
		require.NoError(t, err)
		require.Empty(t, report.Violations)
		require.EqualValues(t, payments+len(w.named), report.Payments)
		require.EqualValues(t, payments+len(w.record.charges), report.Charges)
		require.Equal(t, report.Payments, steps["payments"])
		require.Greater(t, steps["rows of the providers' records"], int64(payments)-500)
		return most
	}
	w.many(0, 1000)
	few := peak(1000)
	w.many(1000, 10_000)
	many := peak(10_000)
	t.Logf("%d KB with 1,000 payments, %d KB with 10,000", few>>10, many>>10)
	require.Less(t, many, few+1<<19)
}

// BenchmarkRun verifies 20,000 payments with their provider's record.
func BenchmarkRun(b *testing.B) {
	w := sqliteTown(b)
	w.many(0, 20_000)
	witness := w.manyCharges(20_000)
	before := inUse()
	for b.Loop() {
		require.Empty(b, w.verified(witness).Violations)
	}
	b.ReportMetric(float64((inUse()-before)>>10), "KB-kept")
}
