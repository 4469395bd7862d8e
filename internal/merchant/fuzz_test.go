package merchant_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
)

// drawer keeps keys in memory; it finds them as the database does.
type drawer struct {
	merchant.Repository
	keys []merchant.Key
}

func (d *drawer) Merchant(context.Context, string) (merchant.Merchant, error) {
	return merchant.Merchant{}, nil
}

func (d *drawer) CreateKey(_ context.Context, k merchant.Key) error {
	d.keys = append(d.keys, k)
	return nil
}

func (d *drawer) KeysByPrefix(_ context.Context, prefix string) ([]merchant.Key, error) {
	var found []merchant.Key
	for _, k := range d.keys {
		if k.Prefix == prefix {
			found = append(found, k)
		}
	}
	return found, nil
}

// FuzzAuthenticate holds that a key is accepted when it is one, to the letter,
// and that neither errors nor what is stored hold it.
func FuzzAuthenticate(f *testing.F) {
	at := clock.NewManual(time.Unix(1_700_000_000, 0))
	d := &drawer{}
	keys := merchant.NewKeys(d, at)
	known := map[string]string{}
	for _, kind := range []merchant.KeyKind{merchant.SecretKey, merchant.PublishableKey} {
		for _, environment := range []merchant.Environment{merchant.Sandbox, merchant.Live} {
			k, clear, err := keys.Create(context.Background(), merchant.Scope{MerchantID: "mch_1", Environment: environment}, kind, "", nil)
			require.NoError(f, err)
			require.NotContains(f, k.Prefix+k.Hash, clear)
			known[clear] = k.ID
		}
	}
	for _, seed := range []string{"", "sk_", "sk_sandbox_", "sk_sandbox_" + strings.Repeat("x", 32), "\xff", "sk_live_4242424242424242"} {
		f.Add(seed, uint(0), byte(0))
	}
	f.Add("", uint(12), byte(1))
	f.Add(" ", uint(40), byte(32))
	auth := merchant.NewAuthenticator(d, at)
	f.Fuzz(func(t *testing.T, text string, place uint, change byte) {
		presented := []string{text}
		for clear := range known {
			changed := []byte(clear)
			changed[place%uint(len(changed))] ^= change
			presented = append(presented, clear, clear+text, text+clear, clear[:place%uint(len(clear))]+text, string(changed))
		}
		for _, p := range presented {
			k, err := auth.Authenticate(t.Context(), p)
			if want, ok := known[p]; ok {
				require.NoError(t, err)
				require.Equal(t, want, k.ID)
				continue
			}
			require.True(t, fault.Is(err, fault.Unauthenticated), "%q", p)
			require.Empty(t, k)
			require.True(t, len(p) < 8 || !strings.Contains(err.Error(), p))
		}
	})
}
