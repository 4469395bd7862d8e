package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

func openBatcher(t *testing.T) *batcher {
	s, err := Open(context.Background(), Options{SQLiteFile: filepath.Join(t.TempDir(), "batch.db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.writer.Exec("CREATE TABLE numbers (n INTEGER PRIMARY KEY)").Error)
	return s.batcher
}

func add(n int) func(*gorm.DB) error {
	return func(tx *gorm.DB) error { return tx.Exec("INSERT INTO numbers VALUES (?)", n).Error }
}

func (b *batcher) numbers(t *testing.T) (list []int) {
	require.NoError(t, b.db.Raw("SELECT n FROM numbers WHERE n > ? ORDER BY n", 0).Scan(&list).Error)
	return list
}

// waiting lets n writes queue up behind the one that holds the turn.
func (b *batcher) waiting(t *testing.T, n int) {
	require.Eventually(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.jobs) == n
	}, 30*time.Second, time.Millisecond)
}

func TestBatchSharesATransactionAndOneFailureIsItsOwn(t *testing.T) {
	b := openBatcher(t)
	ctx := context.Background()
	b.turn <- struct{}{}
	wrong := errors.New("wrong")
	writes := []func(*gorm.DB) error{add(1), add(2), func(tx *gorm.DB) error { return errors.Join(add(3)(tx), wrong) }, add(2), add(4)}
	answers := make([]chan error, len(writes))
	for i, write := range writes {
		answers[i] = make(chan error, 1)
		go func() { answers[i] <- b.do(ctx, write) }()
		b.waiting(t, i+1)
	}
	<-b.turn
	require.NoError(t, <-answers[0])
	require.NoError(t, <-answers[1])
	require.ErrorIs(t, <-answers[2], wrong)
	require.ErrorContains(t, <-answers[3], "UNIQUE")
	require.NoError(t, <-answers[4])
	require.Equal(t, []int{1, 2, 4}, b.numbers(t))
}

func TestBatchCallerGivesUpOnlyBeforeItsWriteBegins(t *testing.T) {
	b := openBatcher(t)
	ctx, cancel := context.WithCancel(context.Background())
	b.turn <- struct{}{}
	answer := make(chan error, 1)
	go func() { answer <- b.do(ctx, add(1)) }()
	b.waiting(t, 1)
	cancel()
	require.ErrorIs(t, <-answer, context.Canceled)
	<-b.turn

	begun, proceed := make(chan struct{}), make(chan struct{})
	ctx, cancel = context.WithCancel(context.Background())
	go func() {
		answer <- b.do(ctx, func(tx *gorm.DB) error {
			close(begun)
			<-proceed
			return add(2)(tx)
		})
	}()
	<-begun
	cancel()
	close(proceed)
	require.NoError(t, <-answer, "a write that has begun is answered truly")
	require.Equal(t, []int{2}, b.numbers(t))
	require.ErrorIs(t, b.do(ctx, add(3)), context.Canceled)
}

func TestBatchSurvivesPanic(t *testing.T) {
	b := openBatcher(t)
	require.Panics(t, func() { _ = b.do(context.Background(), func(*gorm.DB) error { panic("defect") }) })
	require.NoError(t, b.do(context.Background(), add(1)))
	require.Equal(t, []int{1}, b.numbers(t))
}

func TestStatementsRunInsideEachOther(t *testing.T) {
	b := openBatcher(t)
	require.NoError(t, b.do(context.Background(), func(tx *gorm.DB) error { return errors.Join(add(1)(tx), add(2)(tx)) }))
	require.NoError(t, b.db.Transaction(func(tx *gorm.DB) error {
		const query = "SELECT n FROM numbers WHERE n > ? ORDER BY n"
		outer, err := tx.Raw(query, 0).Rows()
		require.NoError(t, err)
		defer outer.Close()
		var seen []int
		for outer.Next() {
			var n int
			require.NoError(t, outer.Scan(&n))
			var inner []int
			require.NoError(t, tx.Raw(query, 0).Scan(&inner).Error, "the same statement while it is in use")
			require.Equal(t, []int{1, 2}, inner)
			seen = append(seen, n)
		}
		require.Equal(t, []int{1, 2}, seen)
		return outer.Err()
	}))
}

func TestDatabaseThatIsAwayFailsTheBatchAtOnce(t *testing.T) {
	b := openBatcher(t)
	b.turn <- struct{}{}
	runs := 0
	away := func(*gorm.DB) error { runs++; return driver.ErrBadConn }
	writes := []func(*gorm.DB) error{add(1), away, add(2)}
	answers := make(chan error, len(writes))
	for i, write := range writes {
		go func() { answers <- b.do(context.Background(), write) }()
		b.waiting(t, i+1)
	}
	<-b.turn
	for range writes {
		require.ErrorIs(t, <-answers, driver.ErrBadConn)
	}
	require.Equal(t, 1, runs, "each write would wait as long again")
	require.Empty(t, b.numbers(t))
}
