package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/payment"
	"paymenthub/internal/webhook"
)

// webhooksRunTogether: payments, dispatchers, merchants and those who clean up work on
// the same rows at the same time, and none waits for another that waits for it.
func webhooksRunTogether(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	endpoints := []webhook.Endpoint{w.Asking(t), w.Asking(t), w.Asking(t), w.Asking(t)}
	const n = 12
	payments := make([]payment.Change, n*10)
	for i := range payments {
		payments[i] = w.Opened(t, w.Wanted())
	}
	now := w.Clock.Now()
	dispatch := func(by string) error {
		tasks, err := w.Claim(ctx, by, now, now.Add(time.Minute), 20, 50)
		if err != nil {
			return err
		}
		var ids []string
		var results []webhook.Result
		for i, task := range tasks {
			ids = append(ids, task.Delivery.ID)
			results = append(results, w.Answered(task.Delivery, []int{200, 500, 200}[i%3]))
		}
		if _, err := hooks.Renew(ctx, by, ids, now.Add(2*time.Minute)); err != nil {
			return err
		}
		written, err := hooks.Record(ctx, now, results)
		if err == nil && len(written) > 0 {
			_, err = hooks.Redeliver(ctx, w.Scope, written[0].Before.ID, now)
		}
		if fault.Is(err, fault.NotFound) || fault.Is(err, fault.InvalidState) { // cleaned up meanwhile
			return nil
		}
		return err
	}
	for _, err := range together(n, func(i int) error {
		for k := range 10 {
			if err := w.Payments.Insert(ctx, payments[i*10+k]); err != nil {
				return err
			}
			if err := dispatch(fmt.Sprint("process ", i)); err != nil {
				return err
			}
			mine := endpoints[i%4]
			mine.Version, mine.URL = k+2, fmt.Sprint("https://shop.example/", i, k)
			if err := hooks.UpdateEndpoint(ctx, mine); err != nil && !errors.Is(err, webhook.ErrStale) {
				return err
			}
			if _, err := hooks.DeleteOld(ctx, payments[k].Events[0].CreatedAt, 3); err != nil {
				return err
			}
		}
		return nil
	}) {
		require.NoError(t, err)
	}
}
