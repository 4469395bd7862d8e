package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"paymenthub/internal/merchant"
	"paymenthub/internal/store"
)

func TestLogHasStatementsWithoutValues(t *testing.T) {
	core, logs := observer.New(zapcore.DebugLevel)
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{
		SQLiteFile: filepath.Join(t.TempDir(), "hub.db"), Logger: zap.New(core), SlowQuery: time.Nanosecond,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Migrate(ctx))
	m := merchant.Merchant{ID: "mch_secret", Name: "Secret Name", CreatedAt: time.Now()}
	require.NoError(t, s.Merchants().CreateMerchant(ctx, m))
	require.Error(t, s.Merchants().CreateMerchant(ctx, m))
	_, err = s.Merchants().Merchant(ctx, m.ID)
	require.NoError(t, err)

	require.NotEmpty(t, logs.FilterMessage("slow statement").All())
	require.NotEmpty(t, logs.FilterMessage("statement failed").All())
	for _, entry := range logs.All() {
		for _, value := range entry.ContextMap() {
			require.NotContains(t, fmt.Sprint(value), "ecret", entry.Message)
		}
	}
}
