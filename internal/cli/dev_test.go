package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/config"
	"paymenthub/internal/datadir"
)

func TestTheBannersLinksOpenOnThisMachine(t *testing.T) {
	t.Parallel()
	for listening, want := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080", "[::1]:8080": "http://[::1]:8080", "localhost:8080": "http://localhost:8080",
		"0.0.0.0:8080": "http://127.0.0.1:8080", "[::]:41001": "http://127.0.0.1:41001", "192.0.2.7:8080": "http://192.0.2.7:8080",
	} {
		s := &stack{config: config.Config{Server: config.Server{Addr: listening}}}
		require.Equal(t, want, s.baseURL(), listening)
		text := banner(datadir.Info{API: s.baseURL()})
		require.Contains(t, text, "  API            "+want+"\n")
		require.Contains(t, text, "  API docs       "+want+"/docs\n")
		require.NotContains(t, text, "0.0.0.0")
		require.NotContains(t, text, "[::]")
		here := want != "http://192.0.2.7:8080"
		require.Equal(t, here, strings.Contains(text, "  Webhooks       "+want+"/console/webhooks\n"), "the console is shown on this machine alone")
	}
	secure := &stack{config: config.Config{Server: config.Server{Addr: "[::]:8443", TLSCert: "cert.pem"}}}
	require.Equal(t, "https://127.0.0.1:8443", secure.baseURL())
}
