package webhook_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

// sign returns what Sign does as a request carries it, and that no header is there twice.
func sign(t require.TestingT, d webhook.Dialect, id string, at time.Time, body []byte, secrets ...vault.Secret) http.Header {
	signed := http.Header{}
	for _, h := range webhook.Sign(d, id, at, body, secrets) {
		require.Empty(t, signed.Values(h.Name), "twice")
		signed.Set(h.Name, h.Value)
	}
	return signed
}

// hexMAC is the hexadecimal HMAC-SHA256 as receivers compute it.
func hexMAC(secret vault.Secret, text string) string {
	h := hmac.New(sha256.New, []byte(secret.Reveal()))
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}

// The library that the specification's authors publish takes every dialect's messages,
// with either secret while one is being rotated, and nothing that was changed.
func TestStandardWebhooksVerifies(t *testing.T) {
	t.Parallel()
	fresh, old, strange := webhook.NewSecret(), webhook.NewSecret(), webhook.NewSecret()
	body, now := []byte(`{"id":"evt_1","data":{"note":"Grüße"}}`), time.Now()
	verify := func(secret vault.Secret, body []byte, h http.Header) error {
		receiver, err := standardwebhooks.NewWebhook(secret.Reveal())
		require.NoError(t, err)
		return receiver.Verify(body, h)
	}
	for _, d := range webhook.Dialects {
		once := sign(t, d, "evt_1", now, body, old)
		require.NoError(t, verify(old, body, once), d)
		require.ErrorIs(t, verify(fresh, body, once), standardwebhooks.ErrNoMatchingSignature, d)

		rotating := sign(t, d, "evt_1", now, body, fresh, old)
		require.NoError(t, verify(fresh, body, rotating), d)
		require.NoError(t, verify(old, body, rotating), d)
		require.ErrorIs(t, verify(strange, body, rotating), standardwebhooks.ErrNoMatchingSignature, d)

		require.ErrorIs(t, verify(old, []byte(`{"id":"evt_2"}`), once), standardwebhooks.ErrNoMatchingSignature, d)
		for _, changed := range []string{"Webhook-Id", "Webhook-Timestamp"} {
			other := once.Clone()
			other.Set(changed, other.Get(changed)[:len(other.Get(changed))-1])
			require.Error(t, verify(old, body, other), changed)
		}
		require.ErrorIs(t, verify(old, body, sign(t, d, "evt_1", now.Add(-6*time.Minute), body, old)), standardwebhooks.ErrMessageTooOld, d)
	}
}

// The example of the Standard Webhooks specification.
func TestStandardWebhooksVector(t *testing.T) {
	t.Parallel()
	signed := sign(t, webhook.Hub, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", signed.Get("webhook-signature"))
	require.Equal(t, "1614265330", signed.Get("webhook-timestamp"))
	require.Equal(t, "msg_p5jXN8AQM9LWM0D4loKWxJek", signed.Get("webhook-id"))
}

func TestHubAndAcquiringSignatures(t *testing.T) {
	t.Parallel()
	fresh, old := webhook.NewSecret(), webhook.NewSecret()
	body, at := `{"id":"evt_1"}`, time.Unix(1_790_000_000, 999_999_000)
	for d, name := range map[webhook.Dialect]string{webhook.Hub: "X-AMICA-Signature", webhook.Acquiring: "X-Webhook-Signature"} {
		want := "t=1790000000,v1=" + hexMAC(fresh, "1790000000."+body)
		require.Equal(t, want, sign(t, d, "evt_1", at, []byte(body), fresh).Get(name))
		rotating := sign(t, d, "evt_1", at, []byte(body), fresh, old)
		require.Equal(t, want+",v1="+hexMAC(old, "1790000000."+body), rotating.Get(name))
		require.Len(t, rotating, 4)
	}
}

// The vector that contracts/cashier.md publishes.
func TestPublishedVectorOfTheCashier(t *testing.T) {
	t.Parallel()
	payload := `{"transaction_id":"r21nmrtpcmrcava","user_id":"1111222","tracking_id":"b8f04416-116a-11ed-861d-0242ac120002","status":"rejected","currency":"GBP","amount":"200.00","transaction_type":"withdrawal"}`
	for _, d := range []webhook.Dialect{webhook.Cashier, webhook.Connect} {
		signed := sign(t, d, "evt_1", time.Now(), []byte(payload), "spg_test_companyxxxxQyGAheyMqcHVmp8ZMQtkYcev27sCu7RF")
		require.Equal(t, "5FDDA8F46411C132DCFBEE53C39BA06298CB48BC", signed.Get("x-signature"))
		require.Empty(t, signed.Values("x-signature-next"))
	}
}

// A receiver that knows the old secret alone is not broken by a rotation; one that has
// the new one reads the other header.
func TestSHA1WhileASecretIsRotated(t *testing.T) {
	t.Parallel()
	fresh, old := webhook.NewSecret(), webhook.NewSecret()
	upper := func(secret vault.Secret, body string) string {
		return fmt.Sprintf("%X", sha1.Sum([]byte(body+secret.Reveal())))
	}
	for _, d := range []webhook.Dialect{webhook.Cashier, webhook.Connect} {
		signed := sign(t, d, "evt_1", time.Now(), []byte("{}"), fresh, old)
		require.Equal(t, upper(old, "{}"), signed.Get("x-signature"))
		require.Equal(t, upper(fresh, "{}"), signed.Get("x-signature-next"))
	}
}

// Whatever is signed, the headers are lines that a request can carry and hold no secret.
func TestSignedHeadersAreClean(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom(webhook.Dialects).Draw(t, "dialect")
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		at := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "at"), 0)
		fresh, old := webhook.NewSecret(), webhook.NewSecret()
		for _, values := range sign(t, d, "evt_1", at, body, fresh, old) {
			require.Regexp(t, `^[!-~]+( [!-~]+)*$`, values[0])
			for _, secret := range []vault.Secret{fresh, old} {
				require.NotContains(t, values[0], strings.TrimPrefix(secret.Reveal(), "whsec_"))
			}
		}
	})
}
