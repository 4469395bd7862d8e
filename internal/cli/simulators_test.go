package cli

import (
	"bytes"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"paymenthub/config"
	"paymenthub/internal/app"
	"paymenthub/internal/datadir"
	"paymenthub/internal/merchant"
	"paymenthub/internal/simulator/chassis"
)

// Every provider has a simulator, whose credentials make an account of the provider's.
func TestEveryProviderHasASimulator(t *testing.T) {
	providers := app.Providers()
	require.Len(t, simulatorKinds, len(providers))
	for i, kind := range simulatorKinds {
		p := providers[i]
		require.Equal(t, p.Name, kind.provider, "in the order of the catalogue")
		names := map[string]bool{}
		for _, c := range p.Credentials {
			names[c.Name] = true
		}
		for _, env := range []merchant.Environment{merchant.Sandbox, merchant.Live} {
			credentials := kind.credentials(string(env))
			require.Equal(t, credentials, kind.credentials(string(env)), "always the same")
			for name := range credentials {
				require.True(t, names[name], "%s has no credential %q", p.Name, name)
			}
			var accounts config.Accounts
			accounts.Connect(p.Name, credentials, "http://127.0.0.1:1")
			require.Equal(t, []string{p.Name}, config.Gateways{Catalogue: providers}.Connected(accounts))
			_, problem := p.Check(accounts[p.Name], env == merchant.Live)
			require.Empty(t, problem, "%s %s", p.Name, env)
		}
		require.NotEqual(t, kind.credentials("sandbox"), kind.credentials("live"))
	}
}

func TestSimulatorsAnswerOnFilesOfTheirOwn(t *testing.T) {
	dir := datadir.At(t.TempDir())
	var running []*simulator
	urls := map[string]string{}
	for _, kind := range simulatorKinds {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		urls[kind.provider] = "http://" + listener.Addr().String()
		sim, err := kind.start(listener, chassis.Options{
			DataFile: dir.SimulatorDatabase(kind.provider), Logger: zap.NewNop(),
			Webhooks: []chassis.Webhook{
				{Credentials: kind.credentials("sandbox"), URL: "http://127.0.0.1:1/webhooks/" + kind.provider + "/sandbox"},
				{Credentials: kind.credentials("live"), URL: "http://127.0.0.1:1/webhooks/" + kind.provider + "/live"},
			},
		})
		require.NoError(t, err, kind.provider)
		running = append(running, sim)
		require.FileExists(t, dir.SimulatorDatabase(kind.provider))
	}
	for name, url := range urls {
		require.Eventually(t, func() bool { return answers(t.Context(), name, url) }, 30*time.Second, time.Millisecond, name)
		require.False(t, answers(t.Context(), "other", url))
		for _, list := range []string{"charges", "refunds", "disputes", "payment_methods", "customers"} {
			response, err := http.Get(url + "/_sim/" + list)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, response.StatusCode, "%s %s", name, list)
			require.NoError(t, response.Body.Close())
		}
	}
	line := simulatorLine(urls)
	require.True(t, strings.HasPrefix(line, "stripe 127.0.0.1:"), line)
	require.Equal(t, len(simulatorKinds)-1, strings.Count(line, ", "))
	require.NoError(t, stopAll(running))
	require.NoError(t, dir.Clear())
	for _, kind := range simulatorKinds {
		require.NoFileExists(t, dir.SimulatorDatabase(kind.provider))
	}
}

func TestSimulatorIntroducesItself(t *testing.T) {
	kind, err := kindOf("adyen", "--provider")
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, kind.introduce(&out, "127.0.0.1:12113"))
	require.Contains(t, out.String(), "Adyen-shaped simulator: http://127.0.0.1:12113\n")
	require.Contains(t, out.String(), "PAYMENTHUB_GATEWAYS_SANDBOX_ADYEN_BASE_URL=http://127.0.0.1:12113\n")
	require.Contains(t, out.String(), "PAYMENTHUB_GATEWAYS_SANDBOX_ADYEN_API_KEY="+kind.credentials("sandbox")["api_key"]+"\n")
	_, err = kindOf("klarna", "--simulators")
	require.EqualError(t, err, `--simulators must be of stripe, checkout, adyen, mollie, paypal, not "klarna"`)
}
