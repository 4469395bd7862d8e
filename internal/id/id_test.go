package id_test

import (
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/id"
)

func TestNewIsValidAndUnique(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		s := id.New(id.Payment)
		require.True(t, id.Valid(id.Payment, s), s)
		require.False(t, id.Valid(id.Refund, s))
		require.False(t, seen[s])
		seen[s] = true
	}
}

func TestIDsSortByTime(t *testing.T) {
	var ids []string
	for range 5 {
		ids = append(ids, id.New(id.Event))
		time.Sleep(2 * time.Millisecond)
	}
	require.True(t, sort.StringsAreSorted(ids))
}

func TestValidRefusesWhatIsNoID(t *testing.T) {
	for _, s := range []string{"", "pi_", "pi_x", "pi", "01HZY3M8N5D6F7G8H9J0K1M2N3", "pi_01hzy3m8n5d6f7g8h9j0k1m2n3", "pi_01HZY3M8N5D6F7G8H9J0K1M2N3'", "pi_U1HZY3M8N5D6F7G8H9J0K1M2N3"} {
		require.False(t, id.Valid(id.Payment, s), "%q", s)
	}
	require.Equal(t, "rf_01HZY3M8N5D6F7G8H9J0K1M2N3", id.Join(id.Refund, id.Suffix("pi_01HZY3M8N5D6F7G8H9J0K1M2N3")))
}
