package telemetry_test

import (
	"bytes"
	"log"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/telemetry"
)

// The standard logger is the process's: this test runs alone.
func TestWhatServersSendUnaskedIsNotLogged(t *testing.T) {
	flags, writer := log.Flags(), log.Writer()
	t.Cleanup(func() { log.SetFlags(flags); log.SetOutput(writer) })
	var out bytes.Buffer
	l, err := telemetry.NewLogger("debug", "json", &out)
	require.NoError(t, err)
	telemetry.TakeStandardLog(l)
	log.Printf("Unsolicited response received on idle HTTP channel starting with %q; err=%v", "card 4242424242424242", nil)
	require.Contains(t, out.String(), "Unsolicited response received on idle HTTP channel starting with")
	require.NotContains(t, out.String(), "4242")

	out.Reset()
	l, err = telemetry.NewLogger("info", "json", &out)
	require.NoError(t, err)
	telemetry.TakeStandardLog(l)
	log.Print("a receiver cannot fill the log either")
	require.Empty(t, out.String())
}
