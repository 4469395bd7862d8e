package simulator_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/simulator"
)

func TestRolledCredentialsAreOfOneAccount(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"sk_test_shop": "sk_test_shop", "sk_test_shop~2": "sk_test_shop", "sk_test_shop~2~3": "sk_test_shop", "sk_test_shop2": "sk_test_shop2", "": "",
	} {
		require.Equal(t, want, simulator.Unrolled(given))
	}
}
