package webhook_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		asked, name string
		want        bool
	}{
		{"*", "payment_intent.succeeded", true},
		{"payment_intent.*", "payment_intent.succeeded", true},
		{"payment_intent.*", "payment_intents.succeeded", false},
		{"payment_intent.*", "payment.captured", false},
		{"payment_intent.succeeded", "payment_intent.succeeded", true},
		{"payment_intent.succeeded", "payment_intent.succeeded_late", false},
		{"payment_intent.succeeded", "payment_intent", false},
		{"payment.*", "payment_intent.succeeded", false},
		{"refund.completed", "refund.created", false},
		{"", "refund.created", false},
	} {
		require.Equal(t, c.want, webhook.Matches(c.asked, c.name), "%q asks for %q", c.asked, c.name)
	}
}

func TestAnEndpointIsToldByTheFirstNameThatItAsksFor(t *testing.T) {
	t.Parallel()
	names := []string{"payment_intent.succeeded", "payment.captured"}
	for _, c := range []struct {
		asked []string
		want  string
	}{
		{[]string{"*"}, "payment_intent.succeeded"},
		{[]string{"payment.captured"}, "payment.captured"},
		{[]string{"payment.captured", "payment_intent.succeeded"}, "payment_intent.succeeded"},
		{[]string{"payment.*"}, "payment.captured"},
		{[]string{"payment.refunded", "payment_intent.created"}, ""},
		{nil, ""},
	} {
		require.Equal(t, c.want, webhook.Endpoint{EventTypes: c.asked}.Name(names), "%v", c.asked)
	}
	require.Empty(t, webhook.Endpoint{EventTypes: []string{"*"}}.Name(nil), "the dialect has no word for it")
}

func TestNewSecretIsForStandardWebhooks(t *testing.T) {
	t.Parallel()
	seen := map[vault.Secret]bool{}
	for range 100 {
		secret := webhook.NewSecret()
		encoded, found := strings.CutPrefix(secret.Reveal(), "whsec_")
		require.True(t, found)
		raw, err := base64.StdEncoding.DecodeString(encoded)
		require.NoError(t, err)
		require.Len(t, raw, 32)
		require.False(t, seen[secret])
		seen[secret] = true
	}
}

// box seals by turning bytes around and remembers nothing.
type box struct{}

var errOther = errors.New("sealed for another record")

func (box) SealBytes(plain []byte, id string) (version int, sealed []byte) {
	return 7, turned([]byte(id + "|" + string(plain)))
}

func (box) OpenBytes(version int, sealed []byte, id string) ([]byte, error) {
	plain, found := strings.CutPrefix(string(turned(sealed)), id+"|")
	if version != 7 || !found {
		return nil, errOther
	}
	return []byte(plain), nil
}

func turned(b []byte) []byte {
	t := make([]byte, len(b))
	for i, c := range b {
		t[i] = ^c
	}
	return t
}

func TestWhatIsSealedOpensAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.Custom(func(t *rapid.T) vault.Secret { return vault.Secret(rapid.String().Draw(t, "text")) })
		want := webhook.Private{
			Secret: webhook.NewSecret(), Previous: secret.Draw(t, "previous"),
			Headers:   rapid.MapOfN(rapid.StringMatching(`[A-Z][a-z]{1,9}`), secret, 0, 10).Draw(t, "headers"),
			RotatedBy: rapid.String().Draw(t, "rotated by"),
		}
		e := webhook.Endpoint{ID: "we_1"}
		require.NoError(t, e.Seal(box{}, want))
		require.Equal(t, 7, e.KeyVersion)
		require.NotContains(t, string(e.Sealed), want.Secret.Reveal())
		got, err := e.Open(box{})
		require.NoError(t, err)
		require.Equal(t, want, got)

		other := e
		other.ID = "we_2"
		_, err = other.Open(box{})
		require.ErrorIs(t, err, errOther, "what is sealed for one endpoint opens for no other")
	})
}

func TestAnUnreadableSealedPartIsAnErrorThatQuotesNothing(t *testing.T) {
	t.Parallel()
	e := webhook.Endpoint{ID: "we_1"}
	e.KeyVersion, e.Sealed = box{}.SealBytes([]byte(`{"secret":"whsec_c2VjcmV0`), e.ID)
	_, err := e.Open(box{})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "c2VjcmV0")
}

func TestARotatedSecretEndsExactly(t *testing.T) {
	t.Parallel()
	p := webhook.Private{Secret: "whsec_new", Previous: "whsec_old"}
	e := webhook.Endpoint{SecretEndsAt: began.Add(webhook.SecretOverlap)}
	require.Equal(t, []vault.Secret{"whsec_new", "whsec_old"}, e.Secrets(p, began))
	require.Equal(t, []vault.Secret{"whsec_new", "whsec_old"}, e.Secrets(p, began.Add(24*time.Hour-time.Nanosecond)))
	require.Equal(t, []vault.Secret{"whsec_new"}, e.Secrets(p, began.Add(24*time.Hour)))
	require.Equal(t, []vault.Secret{"whsec_new"}, webhook.Endpoint{}.Secrets(webhook.Private{Secret: "whsec_new"}, began))
}

func TestNoSecretIsEverPrinted(t *testing.T) {
	t.Parallel()
	p := webhook.Private{
		Secret: "whsec_c2VjcmV0", Previous: "whsec_cHJldmlvdXM=", Headers: map[string]vault.Secret{"X-Shop": "token-of-the-shop"},
	}
	e := webhook.Endpoint{ID: "we_1", HeaderNames: []string{"X-Shop"}}
	require.NoError(t, e.Seal(box{}, p))
	var printed strings.Builder
	for _, v := range []any{p, &p, e, &e} {
		fmt.Fprintf(&printed, "%v %+v %#v %s\n", v, v, v, v)
		text, err := json.Marshal(v)
		require.NoError(t, err)
		printed.Write(text)
	}
	text, err := json.Marshal(e)
	require.NoError(t, err)
	require.NotContains(t, strings.ToLower(string(text)), "sealed", "events about endpoints hold none of it")
	for _, secret := range []string{"c2VjcmV0", "cHJldmlvdXM=", "token-of-the-shop"} {
		require.NotContains(t, printed.String(), secret)
	}
}
