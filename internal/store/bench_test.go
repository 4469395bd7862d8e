package store_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/country"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/internal/store/storetest"
	"paymenthub/internal/webhook"
)

// onEach runs a benchmark on both databases, called by one and by 16 at a time.
// Every call has a change of its own.
func onEach(b *testing.B, change func(b *testing.B, w *storetest.World) payment.Change, store func(w *storetest.World, c payment.Change) error) {
	for name, open := range map[string]func(t testing.TB) storetest.Subject{"sqlite": openSQLite, "postgres": openPostgres} {
		prepare := func(b *testing.B) (*storetest.World, []payment.Change) {
			w := storetest.NewWorld(b, open(b))
			changes := make([]payment.Change, b.N)
			for i := range changes {
				changes[i] = change(b, w)
			}
			b.ReportAllocs()
			b.ResetTimer()
			return w, changes
		}
		b.Run(name+"/1", func(b *testing.B) {
			w, changes := prepare(b)
			for _, c := range changes {
				require.NoError(b, store(w, c))
			}
		})
		b.Run(name+"/16", func(b *testing.B) {
			w, changes := prepare(b)
			var next atomic.Int64
			b.SetParallelism(8) // times GOMAXPROCS
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					require.NoError(b, store(w, changes[next.Add(1)-1]))
				}
			})
		})
	}
}

// BenchmarkInsertIntent stores new payments, one event with each.
func BenchmarkInsertIntent(b *testing.B) {
	onEach(b, func(b *testing.B, w *storetest.World) payment.Change { return w.Opened(b, w.Wanted()) },
		func(w *storetest.World, c payment.Change) error { return w.Payments.Insert(context.Background(), c) })
}

// BenchmarkApplyCapture records captures: attempt, transaction, two ledger
// transactions with four entries, one event, and the card erased.
func BenchmarkApplyCapture(b *testing.B) {
	onEach(b, func(b *testing.B, w *storetest.World) payment.Change {
		return w.Captured(b, w.Apply(b, w.Begun(b, w.Insert(b, w.Wanted()))))
	}, func(w *storetest.World, c payment.Change) error { return w.Payments.Apply(context.Background(), c) })
}

// BenchmarkApplyTold records captures whose event is told to so many endpoints, by this
// process.
func BenchmarkApplyTold(b *testing.B) {
	for _, endpoints := range []int{0, 1, 20} {
		b.Run(strconv.Itoa(endpoints), func(b *testing.B) {
			var ready *storetest.World
			onEach(b, func(b *testing.B, w *storetest.World) payment.Change {
				if ready != w {
					ready = w
					w.Store.DeliverThrough("bench", clock.System{}, func([]webhook.Task) {})
					for range endpoints {
						w.Asking(b, "payment_intent.succeeded")
					}
				}
				return w.Captured(b, w.Apply(b, w.Begun(b, w.Insert(b, w.Wanted()))))
			}, func(w *storetest.World, c payment.Change) error { return w.Payments.Apply(context.Background(), c) })
		})
	}
}

// BenchmarkClaimNothing is the poll of a dispatcher that has nothing to do.
func BenchmarkClaimNothing(b *testing.B) {
	for name, open := range map[string]func(t testing.TB) storetest.Subject{"sqlite": openSQLite, "postgres": openPostgres} {
		b.Run(name, func(b *testing.B) {
			w := storetest.NewWorld(b, open(b))
			w.Asking(b)
			b.ReportAllocs()
			for b.Loop() {
				tasks, err := w.Store.Webhooks().Claim(b.Context(), "bench", time.Now(), time.Now(), 10, 100)
				require.NoError(b, err)
				require.Empty(b, tasks)
			}
		})
	}
}

// BenchmarkLoad reads a payment with its attempt and transaction.
func BenchmarkLoad(b *testing.B) {
	onEach(b, func(b *testing.B, w *storetest.World) payment.Change {
		c := w.Begun(b, w.Insert(b, w.Wanted()))
		require.NoError(b, w.Payments.Apply(context.Background(), c))
		return c
	}, func(w *storetest.World, c payment.Change) error {
		_, err := w.Payments.Load(context.Background(), c.Intent.ID)
		return err
	})
}

// BenchmarkAssess judges attempts by the sandbox's defaults, one read each, and
// by those of live, which count three times.
func BenchmarkAssess(b *testing.B) {
	for name, open := range map[string]func(t testing.TB) storetest.Subject{"sqlite": openSQLite, "postgres": openPostgres} {
		for _, env := range []merchant.Environment{merchant.Sandbox, merchant.Live} {
			b.Run(name+"/"+string(env), func(b *testing.B) {
				w := storetest.NewWorld(b, open(b))
				scope := merchant.Scope{MerchantID: w.Scope.MerchantID, Environment: env}
				engine := risk.NewEngine(risk.Options{Repository: w.Store.Risk(), Sandbox: country.Sandbox(), Live: country.Lookup{}, Clock: clock.System{}})
				var last risk.Subject
				for range 100 {
					last = risk.Subject{Scope: scope, OperationID: w.Seen(b, scope).OperationID}
				}
				b.ReportAllocs()
				for b.Loop() {
					_, err := engine.Assess(b.Context(), last)
					require.NoError(b, err)
				}
			})
		}
	}
}
