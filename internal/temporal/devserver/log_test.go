//go:build !slim

package devserver

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/server/common/log/tag"
	"go.temporal.io/server/service/history/shard"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestOnlyErrorsOfTheServerAreLogged(t *testing.T) {
	core, logged := observer.New(zap.InfoLevel)
	var stopping atomic.Bool
	l := serverLogger(zap.New(core), &stopping)

	l.Error("Operation failed with internal error.", tag.Error(serviceerror.NewUnavailable(
		"GetTaskQueue operation failed. Failed to check if task queue of type Workflow existed. Error: context canceled")))
	l.Error("Queue reader unable to retrieve tasks", tag.Error(shard.ErrShardStatusUnknown))
	l.Info("started")
	l.Warn(expectedWarning + " It is off.")
	require.Empty(t, logged.All(), "a caller that hangs up, a reader before its shard, and what every start says")

	l.Error("Operation failed with internal error.", tag.Error(errors.New("GetTaskQueue operation failed. Error: disk I/O error")))
	l.Warn("a shard moved")
	require.Len(t, logged.TakeAll(), 2)
	require.PanicsWithValue(t, "no database", func() { l.Fatal("no database") })

	stopping.Store(true)
	l.Error("services lose each other")
	require.Empty(t, logged.FilterMessage("services lose each other").All())
}
