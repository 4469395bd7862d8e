//go:build slim

package devserver_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/temporal/devserver"
)

func TestSlimBuildsSayWhatToDoInstead(t *testing.T) {
	_, err := devserver.Start(t.Context(), devserver.Options{})
	require.ErrorIs(t, err, devserver.ErrLeftOut)
	require.ErrorContains(t, err, "--temporal-address")
}
