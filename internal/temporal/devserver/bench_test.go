//go:build !slim

package devserver_test

import (
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"paymenthub/internal/temporal/devserver"
)

// BenchmarkFloor measures the least a payment can cost: the eager start of a
// workflow with one local activity, waited for, by 16 callers at once and by one.
func BenchmarkFloor(b *testing.B) {
	for _, store := range []string{"file", "memory"} {
		for _, callers := range []int{16, 1} {
			b.Run(store+"/callers="+strconv.Itoa(callers), func(b *testing.B) {
				var o devserver.Options
				if store == "file" {
					o.DataFile = filepath.Join(b.TempDir(), "temporal.db")
				}
				c := dial(b, startServer(b, o))
				w := startWorker(b, c)
				defer w.Stop()
				runOrder(b, c, "warm-up")
				b.ResetTimer()
				latencies := runOrders(b, c, callers)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "workflows/s")
				slices.Sort(latencies)
				b.ReportMetric(float64(latencies[len(latencies)/2].Microseconds())/1000, "p50-ms")
				b.ReportMetric(float64(latencies[len(latencies)*99/100].Microseconds())/1000, "p99-ms")
			})
		}
	}
}

// runOrders runs b.N workflows from so many callers and returns their latencies.
func runOrders(b *testing.B, c client.Client, callers int) []time.Duration {
	latencies := make([]time.Duration, b.N)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range callers {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
				begin := time.Now()
				run, err := c.ExecuteWorkflow(b.Context(), client.StartWorkflowOptions{
					ID: strconv.Itoa(b.N) + "/" + strconv.Itoa(i), TaskQueue: taskQueue, EnableEagerStart: true,
				}, echoWorkflow, order{Reference: "benchmark", Amount: int64(i)})
				if err == nil {
					err = run.Get(b.Context(), nil)
				}
				if err != nil {
					b.Error(err)
					return
				}
				latencies[i] = time.Since(begin)
			}
		})
	}
	wait.Wait()
	return latencies
}
