package vault_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/card"
	"paymenthub/internal/fault"
	"paymenthub/internal/vault"
)

// FuzzNewCard holds that what is accepted is a card by the book, that neither
// it nor an error shows its number, and that a wrong digit is always found.
func FuzzNewCard(f *testing.F) {
	f.Add("4242 4242-42424242", "123", "A. Shopper", 12, 2030)
	f.Add("378282246310005", "1234", "", 5, 2026)
	f.Add("4242424242424242", "123", strings.Repeat("é", 101), 12, 2099)
	f.Add("4242424242424241", "123", "", 12, 2030)
	f.Add("000000000000", "000", "\xff", 1, 2030)
	f.Add("6759649826438453", "", "", 6, 2026) // Maestro has cards without a code
	f.Add("", "", "", 0, 0)
	f.Add("٤٢٤٢٤٢٤٢٤٢٤٢", "12", "4242424242424242", -1, 99999)
	f.Fuzz(func(t *testing.T, number, cvc, holder string, month, year int) {
		made, err := vault.NewCard(vault.Input{Number: number, CVC: cvc, HolderName: holder, ExpMonth: month, ExpYear: year}, names, now)
		plain := strings.NewReplacer(" ", "", "-", "").Replace(number)
		if err != nil {
			require.True(t, fault.Is(err, fault.Invalid))
			require.True(t, strings.HasPrefix(fault.From(err).Param, "card."))
			require.False(t, len(plain) > 6 && strings.Contains(err.Error(), plain))
			require.Equal(t, vault.Card{}, made)
			return
		}
		require.Equal(t, plain, made.Number.Reveal())
		require.Regexp(t, `\A[0-9]{12,19}\z`, plain)
		require.Regexp(t, `\A([0-9]{3,4})?\z`, cvc)
		require.Equal(t, plain[len(plain)-4:], made.Last4())
		require.False(t, made.ExpiredAt(now))
		written, err := json.Marshal(made)
		require.NoError(t, err)
		for _, shown := range []string{string(written), fmt.Sprintf("%v %+v %#v %s", made, made, made, made.Number)} {
			require.NotContains(t, shown, plain)
		}
		for i := range plain { // ISO/IEC 7812-1: the check digit finds each wrong digit
			wrong := plain[:i] + string(rune('0'+(plain[i]-'0'+1)%10)) + plain[i+1:]
			require.False(t, card.Luhn(wrong))
		}
	})
}
