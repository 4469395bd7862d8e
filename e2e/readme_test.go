package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheReadmesFirstPaymentWorksAsPrinted runs what the README tells a
// newcomer to paste, with this hub's address in place of the default one.
func TestTheReadmesFirstPaymentWorksAsPrinted(t *testing.T) {
	h := newHub(t, sqlite)
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	section := regexp.MustCompile("(?s)## A first payment.*?```sh\n(.*?)```").FindSubmatch(readme)
	require.NotNil(t, section, "the README has the commands of a first payment")
	commands := string(section[1])
	require.Contains(t, commands, "API=http://127.0.0.1:8080\n")
	commands = strings.Replace(commands, "API=http://127.0.0.1:8080\n", "API="+h.API+"\n", 1)

	got := paste(t, h, commands)
	for _, want := range []string{
		`"status":"succeeded"`, `"amount":12000`, `"object":"refund"`, `"amount":5000`, `"account":"gateway_receivable"`, `"type":"payment_intent.succeeded"`, `"order_id":"ord_998"`,
	} {
		require.Contains(t, got, want)
	}
	require.NotContains(t, got, `"error"`)
	require.Len(t, h.charges(t), 1)
	h.verify(t)
}

// TestTheReadmesMapIsTrue checks that every folder of the map is there, and
// that every link leads somewhere.
func TestTheReadmesMapIsTrue(t *testing.T) {
	for _, page := range []string{"README.md", "docs/ARCHITECTURE.md", "docs/PAYMENTS.md", "docs/GATEWAYS.md", "docs/CHECKOUT.md", "docs/RISK.md", "docs/ROUTING.md", "docs/WEBHOOKS.md", "docs/RELIABILITY.md"} {
		raw, err := os.ReadFile(filepath.Join("..", page))
		require.NoError(t, err)
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`).FindAllSubmatch(raw, -1) {
			require.FileExists(t, filepath.Join("..", filepath.Dir(page), string(link[1])), "%s links to it", page)
		}
		for _, folder := range regexp.MustCompile("`((?:internal|api|workflows|activities|worker|config|docker|e2e|web)/[a-z/]*)`").FindAllSubmatch(raw, -1) {
			require.DirExists(t, filepath.Join("..", string(folder[1])), "%s names it", page)
		}
	}
}

// TestTheReadmesWebhooksArrive adds the README's endpoint, at a server that is there, and
// sends it the test.
func TestTheReadmesWebhooksArrive(t *testing.T) {
	t.Parallel()
	h := newHub(t, sqlite)
	blocks := printed(t, h, "Webhooks")
	require.Len(t, blocks, 2)
	require.Contains(t, blocks[0], "go run . listen --forward-to") // listen_test.go runs it
	r := newReceiver(t, nil)
	require.Contains(t, blocks[1], "http://localhost:3000")
	got := paste(t, h, strings.ReplaceAll(blocks[1], "http://localhost:3000", r.URL))
	require.Contains(t, got, `"status":"succeeded"`)
	require.NotContains(t, got, `"error":{`)
	require.Equal(t, []string{"webhook_endpoint.test"}, typesOf(r.messages()))
}
