package codec

import (
	"errors"
	"net"
	"net/http"
	"slices"

	"go.temporal.io/sdk/converter"
)

const (
	// maxRequestBytes bounds a request: Temporal refuses payloads over 2 MB, and a
	// page of history holds a handful of large ones at most.
	maxRequestBytes = 16 << 20

	preflightMaxAge = "600" // seconds
)

var errNotLoopback = errors.New("the codec endpoint answers only this machine")

// Handler answers POST …/encode and …/decode in the protocol of Temporal's
// remote codecs, for the Web UI and the temporal command line.
//
// It hands out clear text, so it is strict about whom it answers: a browser page
// must come from one of allowedOrigins (scheme://host:port, exact), which also
// defeats DNS rebinding and forged cross-site posts; and authorize decides over
// the caller. With a nil authorize only direct loopback connections are served,
// not forwarded ones.
func Handler(c *Codec, allowedOrigins []string, authorize func(*http.Request) error) http.Handler {
	if authorize == nil {
		authorize = requireLoopback
	}
	payloads := converter.NewPayloadCodecHTTPHandler(c)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		if origin != "" && !slices.Contains(allowedOrigins, origin) {
			http.Error(w, "this origin may not read payloads", http.StatusForbidden)
			return
		}
		if origin != "" {
			allowOrigin(w, origin)
		}
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if err := authorize(r); err != nil {
			http.Error(w, "payloads are not for this caller", http.StatusForbidden)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxRequestBytes)
		payloads.ServeHTTP(w, r)
	})
}

func allowOrigin(w http.ResponseWriter, origin string) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Methods", "POST, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization, Authorization-Extras, X-Namespace, Caller-Type")
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Max-Age", preflightMaxAge)
}

// requireLoopback refuses callers from other machines. A forwarded request is
// refused too: behind a proxy on this machine everyone looks local.
func requireLoopback(r *http.Request) error {
	for _, forwarded := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"} {
		if r.Header.Get(forwarded) != "" {
			return errNotLoopback
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return errNotLoopback
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return errNotLoopback
	}
	return nil
}
