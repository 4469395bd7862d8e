package checkout

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
)

func TestCredentials(t *testing.T) {
	t.Parallel()
	sandbox := map[string]string{credentialKey: " sk_sbox_abc ", credentialChannel: "pc_abc"}
	live := map[string]string{credentialKey: "sk_abc", credentialChannel: "pc_abc"}
	with := func(values map[string]string, name, value string) map[string]string {
		changed := maps.Clone(values)
		changed[name] = value
		return changed
	}
	for name, c := range map[string]struct {
		settings gateway.Settings
		base     string
		err      string
	}{
		"sandbox":                  {gateway.Settings{Values: sandbox}, sandboxURL, ""},
		"live":                     {gateway.Settings{Values: live, Live: true}, liveURL, ""},
		"simulator":                {gateway.Settings{Values: sandbox, Live: true, BaseURL: "http://127.0.0.1:1/"}, "http://127.0.0.1:1", ""},
		"no key":                   {gateway.Settings{Values: with(live, credentialKey, " ")}, "", "credentials.secret_key"},
		"no channel":               {gateway.Settings{Values: with(live, credentialChannel, "")}, "", "credentials.processing_channel_id"},
		"a live key in sandbox":    {gateway.Settings{Values: live}, "", "key of the sandbox"},
		"a sandbox key for live":   {gateway.Settings{Values: sandbox, Live: true}, "", "move no money"},
		"an address that is none":  {gateway.Settings{Values: sandbox, BaseURL: "ftp://x"}, "", "base URL"},
		"another that is none too": {gateway.Settings{Values: sandbox, BaseURL: "http://"}, "", "base URL"},
	} {
		g, err := Provider.New(c.settings)
		if c.err != "" {
			require.ErrorContains(t, err, c.err, name)
			require.NotContains(t, err.Error(), "abc", name)
			continue
		}
		require.NoError(t, err, name)
		adapter := g.(*Adapter)
		require.Equal(t, c.base, adapter.baseURL, name)
		require.NotContains(t, adapter.secretKey, " ", name)
		require.Equal(t, Name, g.Provider())
	}
}
