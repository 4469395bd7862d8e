package store_test

import (
	"context"
	"syscall"
"sync/atomic"
	"testing"
	"crypto/sha256"
	"time"

	"github.com/stretchr/testify/require"
	"paymenthub/internal/payment"
	"paymenthub/internal/store/storetest"
)

func cpu() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(0, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func BenchmarkZCal(b *testing.B) {
	buf := make([]byte, 1<<16)
	for b.Loop() { sha256.Sum256(buf) }
}

func BenchmarkZApply(b *testing.B) {
	w := storetest.NewWorld(b, openSQLite(b))
	changes := make([]payment.Change, b.N)
	for i := range changes {
		changes[i] = w.Captured(b, w.Apply(b, w.Begun(b, w.Insert(b, w.Wanted()))))
	}
	b.ResetTimer()
	c := cpu()
	for _, c := range changes {
		require.NoError(b, w.Payments.Apply(context.Background(), c))
	}
	b.ReportMetric(float64((cpu()-c).Microseconds())/float64(b.N), "cpu-µs/op")
}

func BenchmarkZParallel(b *testing.B) {
	w := storetest.NewWorld(b, openSQLite(b))
	changes := make([]payment.Change, b.N)
	for i := range changes {
		changes[i] = w.Captured(b, w.Apply(b, w.Begun(b, w.Insert(b, w.Wanted()))))
	}
	b.ResetTimer()
	c := cpu()
	var n atomic.Int64
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			require.NoError(b, w.Payments.Apply(context.Background(), changes[n.Add(1)-1]))
		}
	})
	b.ReportMetric(float64((cpu()-c).Microseconds())/float64(b.N), "cpu-µs/op")
}
