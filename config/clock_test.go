package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/config"
)

func TestClockMayBeWrongOnlyWhereNoRealMoneyMoves(t *testing.T) {
	c := valid()
	c.Clock.Offset = -time.Hour
	require.NoError(t, c.Validate(), "a sandbox alone")
	c.Gateways.Live = config.Accounts{"stripe": stripe("sk_live_x", "http://127.0.0.1:12111")}
	require.NoError(t, c.Validate(), "a simulator on this machine")
	for _, real := range []config.URL{"", "https://stripe.example.com"} {
		c.Gateways.Live = config.Accounts{"stripe": stripe("sk_live_x", real)}
		require.ErrorContains(t, c.Validate(), "clock.offset (PAYMENTHUB_CLOCK_OFFSET) is for simulators")
	}
	c.Clock.Offset = 0
	require.NoError(t, c.Validate())
}
