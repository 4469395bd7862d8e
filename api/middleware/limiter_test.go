package middleware

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
)

func TestIdleBucketsAreForgotten(t *testing.T) {
	at := clock.NewManual(time.Unix(1_700_000_000, 0))
	buckets := NewTokenBuckets(600, time.Minute, 100, at)
	for i := range 1000 {
		require.True(t, buckets.Take(strconv.Itoa(i)).Allowed)
	}
	require.Len(t, buckets.buckets, 1000)
	at.Advance(time.Minute)
	buckets.Take("new")
	require.Len(t, buckets.buckets, 1)
}

func TestMemoryIsBoundedUnderAFlood(t *testing.T) {
	at := clock.NewManual(time.Unix(1_700_000_000, 0))
	buckets := NewTokenBuckets(600, time.Minute, 1, at)
	for i := range maxBuckets * 2 {
		buckets.Take(strconv.Itoa(i))
	}
	require.LessOrEqual(t, len(buckets.buckets), maxBuckets)
}

func TestBurstAndRefill(t *testing.T) {
	at := clock.NewManual(time.Unix(1_700_000_000, 0))
	buckets := NewTokenBuckets(600, time.Minute, 100, at)
	for range 100 {
		require.True(t, buckets.Take("k").Allowed)
	}
	d := buckets.Take("k")
	require.False(t, d.Allowed)
	require.Equal(t, 100*time.Millisecond, d.RetryAfter)
	require.Equal(t, 10*time.Second, d.Reset)
	require.Equal(t, 0, d.Remaining)
	at.Advance(time.Second)
	require.Equal(t, 9, buckets.Take("k").Remaining, "ten a second")
}

func TestAddressesOfOneNetworkCountAsOne(t *testing.T) {
	require.Equal(t, addressName("2001:db8::1"), addressName("2001:db8::ffff:1"))
	require.NotEqual(t, addressName("192.0.2.1"), addressName("192.0.2.2"))
	require.Equal(t, addressName("::ffff:192.0.2.1"), addressName("192.0.2.1"))
}
