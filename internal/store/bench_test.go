package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
	"paymenthub/internal/store/storetest"
)

func onEach(b *testing.B, run func(b *testing.B, w *storetest.World)) {
	b.Run("sqlite", func(b *testing.B) { run(b, storetest.NewWorld(b, openSQLite(b))) })
	b.Run("postgres", func(b *testing.B) { run(b, storetest.NewWorld(b, openPostgres(b))) })
}

// BenchmarkInsertIntent stores new payments, one event with each.
func BenchmarkInsertIntent(b *testing.B) {
	onEach(b, func(b *testing.B, w *storetest.World) {
		changes := make([]payment.Change, b.N)
		for i := range changes {
			changes[i] = w.Opened(b, w.Wanted())
		}
		b.ReportAllocs()
		b.ResetTimer()
		for _, c := range changes {
			require.NoError(b, w.Payments.Insert(context.Background(), c))
		}
	})
}

// BenchmarkApplyCapture records captures: attempt, transaction, two ledger
// transactions with four entries, one event, and the card erased.
func BenchmarkApplyCapture(b *testing.B) {
	onEach(b, func(b *testing.B, w *storetest.World) {
		changes := make([]payment.Change, b.N)
		for i := range changes {
			changes[i] = w.Captured(b, w.Apply(b, w.Begun(b, w.Insert(b, w.Wanted()))))
		}
		b.ReportAllocs()
		b.ResetTimer()
		for _, c := range changes {
			require.NoError(b, w.Payments.Apply(context.Background(), c))
		}
	})
}

// BenchmarkLoad reads a payment with its attempt and transaction.
func BenchmarkLoad(b *testing.B) {
	onEach(b, func(b *testing.B, w *storetest.World) {
		p := w.Apply(b, w.Begun(b, w.Insert(b, w.Wanted()))).Intent
		b.ReportAllocs()
		for b.Loop() {
			_, err := w.Payments.Load(context.Background(), p.ID)
			require.NoError(b, err)
		}
	})
}
