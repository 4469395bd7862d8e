package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// printed returns the shell blocks of a section of the README, with this hub's
// address and key in place of what the first section sets.
func printed(t *testing.T, h *hub, section string) []string {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(readme), "\n## "+section+"\n")
	require.True(t, found, section)
	text, _, _ := strings.Cut(rest, "\n## ")
	var blocks []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, "KEY="+h.Keys.SandboxSecret+"\nAPI="+h.API+"\n"+block[1])
	}
	return blocks
}

// paste runs a block as a newcomer pastes it.
func paste(t *testing.T, h *hub, commands string) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.Symlink(h.dir.Path(), filepath.Join(folder, ".paymenthub")))
	shell := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", commands)
	shell.Dir = folder
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// TestTheReadmesCheckoutIsPaidInABrowser does what the README tells a newcomer to
// do: make an order, open its page, pay, and ask what became of it.
func TestTheReadmesCheckoutIsPaidInABrowser(t *testing.T) {
	t.Parallel()
	h := newHub(t, sqlite)
	blocks := printed(t, h, "A hosted checkout")
	require.Len(t, blocks, 2)
	address := regexp.MustCompile(`"checkout_url":"(.*)"`).FindStringSubmatch(paste(t, h, blocks[0]))
	require.NotNil(t, address)

	w := openWindow(t, h.API)
	w.open(address[1])
	w.heading("Pay Demo Shop")
	w.fill("email", "ada@example.com")
	w.enter(visa)
	w.until(`location.pathname === "/docs" && new URLSearchParams(location.search).get("payment_intent")?.startsWith("pi_")`)

	got := paste(t, h, blocks[1])
	for _, want := range []string{`"status":"captured"`, `"amount_captured":4990`, `"currency":"EUR"`, `"order_id":"ord_999"`, `"last4":"4242"`} {
		require.Contains(t, got, want)
	}
	require.Len(t, h.charges(t), 1)
	h.verify(t)
}
