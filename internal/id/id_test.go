package id_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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

func TestIDsSortAsTheyWereMinted(t *testing.T) {
	var minting sync.WaitGroup
	for range 4 {
		minting.Go(func() {
			last := id.NewSuffix()
			for range 20_000 { // many in one millisecond
				next := id.NewSuffix()
				if !assert.Greater(t, next, last) {
					return
				}
				last = next
			}
		})
	}
	minting.Wait()
}

func TestNewAfterSortsAfter(t *testing.T) {
	last := ""
	for range 1000 { // many in one millisecond
		next := id.NewAfter(id.WebhookDelivery, last)
		require.True(t, id.Valid(id.WebhookDelivery, next), next)
		require.Greater(t, next, last)
		last = next
	}
	ahead := id.Join(id.WebhookDelivery, id.FirstAt(time.Now().Add(time.Hour)))
	require.Equal(t, ahead[:len(ahead)-1]+"1", id.NewAfter(id.WebhookDelivery, ahead))
	full := id.Join(id.WebhookDelivery, id.FirstAt(time.Now().Add(time.Hour)))[:20] + "ZZZZZZZZZZ"
	require.Greater(t, id.NewAfter(id.WebhookDelivery, full), full, "it carries")
}

func TestValidRefusesWhatIsNoID(t *testing.T) {
	for _, s := range []string{"", "pi_", "pi_x", "pi", "01HZY3M8N5D6F7G8H9J0K1M2N3", "pi_01hzy3m8n5d6f7g8h9j0k1m2n3", "pi_01HZY3M8N5D6F7G8H9J0K1M2N3'", "pi_U1HZY3M8N5D6F7G8H9J0K1M2N3"} {
		require.False(t, id.Valid(id.Payment, s), "%q", s)
	}
	require.Equal(t, "rf_01HZY3M8N5D6F7G8H9J0K1M2N3", id.Join(id.Refund, id.Suffix("pi_01HZY3M8N5D6F7G8H9J0K1M2N3")))
}
