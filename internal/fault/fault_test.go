package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
)

func TestFromClassifies(t *testing.T) {
	f := fault.Field("amount", "Field 'amount' must be a positive integer.")
	require.Same(t, f, fault.From(fmt.Errorf("create: %w", f)))
	require.Equal(t, fault.Unavailable, fault.From(fmt.Errorf("query: %w", context.DeadlineExceeded)).Code)
	internal := fault.From(errors.New("pq: password wrong"))
	require.Equal(t, fault.Internal, internal.Code)
	require.NotContains(t, internal.Message, "password")
}

func TestCauseIsForLogsOnly(t *testing.T) {
	cause := errors.New("disk on fire")
	f := fault.New(fault.Unavailable, "Try again.").Because(cause)
	require.NotContains(t, f.Message, "fire")
	require.Contains(t, f.Error(), "fire")
	require.ErrorIs(t, f, cause)
	require.True(t, fault.Is(fmt.Errorf("x: %w", f), fault.Unavailable))
}
