package simulator

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func serve(t *testing.T, mux *http.ServeMux) func(method, path, body string) (int, string) {
	return func(method, path, body string) (int, string) {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
}

func TestFaultsEndpointNamesTheWrongField(t *testing.T) {
	mux := http.NewServeMux()
	NewFaults([]string{"capture"}, nil).Register(mux)
	call := serve(t, mux)
	for body, field := range map[string]string{
		`{"operation":"fly","fault":"slow"}`:                        "operation",
		`{"operation":"capture","fault":"explode"}`:                 "fault",
		`{"operation":"capture","fault":"slow","count":-1}`:         "count",
		`{"operation":"capture","fault":"slow","count":"two"}`:      "count",
		`{"operation":"capture","fault":"slow","delay_ms":9999999}`: "delay_ms",
	} {
		status, text := call(http.MethodPost, "/_sim/faults", body)
		require.Equal(t, http.StatusBadRequest, status, body)
		require.Contains(t, text, `"field":"`+field+`"`, body)
	}
	for _, body := range []string{`{"operation":"capture","fault":"slow","extra":1}`, `nonsense`, ``} {
		status, _ := call(http.MethodPost, "/_sim/faults", body)
		require.Equal(t, http.StatusBadRequest, status, body)
	}
	status, text := call(http.MethodGet, "/_sim/faults", "")
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"faults":[]}`, text)

	status, _ = call(http.MethodPost, "/_sim/faults", `{"operation":"*","fault":"slow"}`)
	require.Equal(t, http.StatusCreated, status)
	_, text = call(http.MethodGet, "/_sim/faults", "")
	require.JSONEq(t, `{"faults":[{"operation":"*","fault":"slow","count":1,"delay_ms":0}]}`, text)
	status, _ = call(http.MethodDelete, "/_sim/faults", "")
	require.Equal(t, http.StatusNoContent, status)
	_, text = call(http.MethodGet, "/_sim/faults", "")
	require.JSONEq(t, `{"faults":[]}`, text)
}

func TestFaultsAreTakenInOrderAndNoMoreThanCounted(t *testing.T) {
	faults := NewFaults([]string{"capture", "refund"}, []string{"retrieve"})
	for _, fault := range []Fault{{Operation: "refund", Kind: HTTP500, Count: 1}, {Operation: AnyOperation, Kind: HTTP429, Count: 30}} {
		_, err := faults.Add(fault)
		require.NoError(t, err)
	}
	_, hit := faults.take(nil)
	require.False(t, hit, "what is no operation is never hit")
	_, hit = faults.take([]string{"retrieve"})
	require.False(t, hit, "* means what moves money")
	first, _ := faults.take([]string{"capture", "refund"})
	require.Equal(t, HTTP500, first.Kind)

	var all sync.WaitGroup
	var hits atomic.Int64
	for range 100 {
		all.Go(func() {
			if _, hit := faults.take([]string{"capture"}); hit {
				hits.Add(1)
			}
		})
	}
	all.Wait()
	require.Equal(t, int64(30), hits.Load())
	require.Empty(t, faults.List())

	_, err := faults.Add(Fault{Operation: "retrieve", Kind: HTTP500})
	require.NoError(t, err)
	_, hit = faults.take([]string{"capture"})
	require.False(t, hit)
	_, hit = faults.take([]string{"retrieve"})
	require.True(t, hit)
}
