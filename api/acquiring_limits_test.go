package api_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/api"
	"paymenthub/api/middleware"
	"paymenthub/internal/payment"
)

func TestAcquiringLimitsCountMerchants(t *testing.T) {
	s := newStage(t, func(o *api.Options) {
		o.Acquiring = api.AcquiringLimits{PaymentsPerSecond: 2, PaymentsPerHour: 3, TransactionsPerSecond: 1, PublicPerSecond: 1}
	})
	get := func(path string) int { return s.call(http.MethodGet, path, "").Code }
	p := s.kept(func(*payment.Intent) {})
	require.Equal(t, []int{200, 200, 429}, []int{get(acquired + "/" + p.ID), get(acquired + "/" + p.ID), get(acquired + "/" + p.ID)})
	s.clock.Advance(time.Second)
	require.Equal(t, []int{200, 429}, []int{get(acquired + "/" + p.ID), get(acquired + "/" + p.ID)}, "three an hour")
	require.Equal(t, []int{200, 429}, []int{get(movements), get(movements)})
	public := "/api/public/payment-intents/" + p.ID + "?client_secret=" + s.secrets.For(p.ID)
	require.Equal(t, []int{200, 429}, []int{get(public), get(public)})
	s.clock.Advance(time.Hour)
	require.Equal(t, 200, get(acquired+"/"+p.ID))
}

// What nobody has set is what the contract says, on each route.
func TestAcquiringLimitsAreTheContracts(t *testing.T) {
	s := newStage(t)
	p := s.kept(func(*payment.Intent) {})
	counted := map[middleware.Rate]int{}
	for _, r := range api.Routes() {
		limit, ok := map[middleware.Rate]string{
			middleware.AcquiringPayments: "20", middleware.AcquiringTransactions: "100", middleware.Shoppers: "50",
		}[r.Rate]
		if !ok {
			require.False(t, strings.HasPrefix(r.Path, "/api/"), "%s %s has no limit of the contract", r.Method, r.Path)
			continue
		}
		w := s.call(r.Method, strings.Replace(r.Path, ":id", p.ID, 1), "")
		counted[r.Rate]++
		require.Equal(t, limit, w.Header().Get("RateLimit-Limit"), "%s %s", r.Method, r.Path)
		left, err := strconv.Atoi(limit)
		require.NoError(t, err)
		require.Equal(t, strconv.Itoa(left-counted[r.Rate]), w.Header().Get("RateLimit-Remaining"), "%s %s: all of a class count together", r.Method, r.Path)
	}
	require.Len(t, counted, 3)
}

func TestWritesOverTheLimitAreNotRemembered(t *testing.T) {
	s := newStage(t)
	sell := func(key string) (code int, header http.Header, body told) {
		w := s.call(http.MethodPost, acquired+"/sale", purchase, "Idempotency-Key", key)
		return w.Code, w.Header(), tell(t, w)
	}
	for i := range 20 {
		code, _, _ := sell(strconv.Itoa(i))
		require.Equal(t, http.StatusCreated, code)
	}
	for range 2 {
		code, header, body := sell("over")
		require.Equal(t, []any{429, "RATE_LIMITED"}, []any{code, body.Error.Code})
		require.Equal(t, []string{"1", "0", "20"}, []string{header.Get("Retry-After"), header.Get("RateLimit-Remaining"), header.Get("RateLimit-Limit")})
	}
	require.Len(t, s.memory.requests, 20)
	require.Equal(t, 20, s.core.calls)
	s.clock.Advance(time.Second)
	code, header, _ := sell("over")
	require.Equal(t, []any{http.StatusCreated, ""}, []any{code, header.Get("Idempotent-Replayed")})
}

func TestShoppersAreCountedByAddress(t *testing.T) {
	s := newStage(t)
	from := func(address string, p payment.Intent) int {
		r := s.request(http.MethodGet, "/api/public/payment-intents/"+p.ID+"?client_secret="+s.secrets.For(p.ID), "", "Authorization", "")
		r.RemoteAddr = address
		return serve(s, r).Code
	}
	p, other := s.kept(func(*payment.Intent) {}), s.kept(func(*payment.Intent) {})
	for i := range 50 {
		require.Equal(t, http.StatusOK, from("192.0.2.1:"+strconv.Itoa(1+i), p))
	}
	require.Equal(t, []int{429, 429, 200}, []int{from("192.0.2.1:99", p), from("192.0.2.1:99", other), from("192.0.2.2:99", p)})
	s.clock.Advance(time.Second)
	require.Equal(t, http.StatusOK, from("192.0.2.1:99", p))
}
