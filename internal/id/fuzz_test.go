package id_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/id"
)

// wellFormed is an id by the contract: its kind, and a ULID of Crockford's
// letters that fits in 128 bits.
var wellFormed = regexp.MustCompile(`\A[a-z]+_[0-7][0-9A-HJKMNP-TV-Z]{25}\z`)

// FuzzValid holds that exactly the well-formed ids of a kind pass, and that
// their parts join to themselves.
func FuzzValid(f *testing.F) {
	for _, seed := range []string{"pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2", "pi_8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "pi_01hzy3k8v4n5t6w7x8y9z0a1b2", "rf_01HZY3K8V4N5T6W7X8Y9Z0A1BI", "pi_pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2", "pi_", "_", "",
		"pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2\n", "pi_01HZY3K8V4N5T6W7X8Y9Z0A1B\x00", "pi_4242424242424242", "pi_01HZY3K8V4N5T6W7X8Y9Z0A1BÜ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		kinds := 0
		for _, p := range []id.Prefix{id.Payment, id.Attempt, id.Transaction, id.Refund, id.Event, id.Merchant, id.APIKey, id.Customer, id.PaymentMethod, id.VaultCard, id.LedgerTx, id.LedgerEntry, id.LedgerAccount, id.Request} {
			require.Equal(t, strings.HasPrefix(s, string(p)+"_") && wellFormed.MatchString(s), id.Valid(p, s), "%q as %s", s, p)
			if id.Valid(p, s) {
				kinds++
				require.Equal(t, s, id.Join(p, id.Suffix(s)))
			}
		}
		require.LessOrEqual(t, kinds, 1)
	})
}
