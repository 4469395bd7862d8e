package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"paymenthub/internal/store/storetest"
	"paymenthub/internal/webhook"
)

// slowly is a GORM plugin that delays what is read in marked contexts.
type slowly struct{}

// Name implements gorm.Plugin.
func (slowly) Name() string { return "storetest:slowly" }

// Initialize implements gorm.Plugin.
func (s slowly) Initialize(db *gorm.DB) error {
	return db.Callback().Row().Before("gorm:row").Register(s.Name(), func(db *gorm.DB) {
		if db.Statement.Context.Value(marked{}) != nil {
			time.Sleep(20 * time.Millisecond)
		}
	})
}

// TestPollsClaimWhatTheyHaveTimeToFind: and have all endpoints looked at, one poll after
// the other.
func TestPollsClaimWhatTheyHaveTimeToFind(t *testing.T) {
	t.Parallel()
	w := storetest.NewWorld(t, openSQLite(t))
	var last webhook.Endpoint
	for range 15 {
		last = w.Asking(t)
	}
	w.Insert(t, w.Wanted())
	now := w.Clock.Now()
	_, err := w.SQL.Exec("UPDATE webhook_deliveries SET claimed_until = '2099-01-01T00:00:00.000000Z' WHERE endpoint_id <> '" + last.ID + "'")
	require.NoError(t, err)
	require.NoError(t, w.Store.Use(slowly{}))
	var found []webhook.Task
	var failed error
	for n := 0; n < 200 && len(found) == 0; n++ { // polls that a stalled machine wastes, too, whose claims end
		now = now.Add(time.Second)
		ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), marked{}, true), 300*time.Millisecond)
		found, err = w.Store.Webhooks().Claim(ctx, "one", now, now.Add(time.Second), 10, 10)
		failed = errors.Join(failed, err)
		cancel()
	}
	require.Len(t, found, 1, failed)
	require.Equal(t, last.ID, found[0].Endpoint.ID)
}

// TestPollsLeaveOutEndpointsWithNothingToTake: all that waits for them is claimed.
func TestPollsLeaveOutEndpointsWithNothingToTake(t *testing.T) {
	t.Parallel()
	for name, subject := range map[string]storetest.Subject{"sqlite": openSQLite(t), "postgres": openPostgres(t)} {
		t.Run(name, func(t *testing.T) {
			w := storetest.NewWorld(t, subject)
			for range 5 {
				w.Asking(t)
			}
			w.Insert(t, w.Wanted())
			now := w.Clock.Now()
			claim := func(ctx context.Context, now time.Time) int {
				tasks, err := w.Claim(ctx, "one", now, now.Add(time.Minute), 10, 10)
				require.NoError(t, err)
				return len(tasks)
			}
			require.Equal(t, 5, claim(context.Background(), now))
			require.Len(t, record(t, subject.Store, func(ctx context.Context) {
				tasks, err := w.Store.Webhooks().Claim(ctx, "one", now, now.Add(time.Minute), 10, 10)
				require.NoError(t, err)
				require.Empty(t, tasks)
			}), 1)
			require.Equal(t, 5, claim(context.Background(), now.Add(time.Minute)))
		})
	}
}
