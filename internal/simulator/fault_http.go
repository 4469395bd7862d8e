package simulator

import (
	"net"
	"net/http"
	"time"
)

// Register adds POST, GET and DELETE /_sim/faults to mux.
func (f *Faults) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /_sim/faults", f.serveAdd)
	mux.HandleFunc("GET /_sim/faults", func(w http.ResponseWriter, _ *http.Request) {
		WriteJSON(w, http.StatusOK, map[string]any{"faults": f.List()})
	})
	mux.HandleFunc("DELETE /_sim/faults", func(w http.ResponseWriter, _ *http.Request) {
		f.Clear()
		w.WriteHeader(http.StatusNoContent)
	})
}

func (f *Faults) serveAdd(w http.ResponseWriter, r *http.Request) {
	var fault Fault
	if !ReadJSON(w, r, &fault) {
		return
	}
	added, err := f.Add(fault)
	if err != nil {
		WriteRefusal(w, err)
		return
	}
	WriteJSON(w, http.StatusCreated, added)
}

// Injector says how a provider's calls are seen by the fault table.
type Injector struct {
	// Operations names the operations that a request is; none: no faults.
	// It must have read the request's body, so that a client's leaving is noticed.
	Operations func(*http.Request) []string
	// Refuse writes the provider's own answer for status 500 or 429.
	Refuse func(w http.ResponseWriter, r *http.Request, status int)
}

// Wrap makes the next calls of next go wrong as the table says. Each call uses
// up at most one fault.
func (f *Faults) Wrap(injector Injector, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault, hit := f.take(injector.Operations(r))
		if !hit {
			next.ServeHTTP(w, r)
			return
		}
		switch fault.Kind {
		case TimeoutAfter, ResetAfter:
			next.ServeHTTP(newDiscard(), r)
		case Slow:
			f.wait(r, fault.delay(defaultSlow))
			next.ServeHTTP(w, r)
			return
		case HTTP500:
			injector.Refuse(w, r, http.StatusInternalServerError)
			return
		case HTTP429:
			injector.Refuse(w, r, http.StatusTooManyRequests)
			return
		}
		switch fault.Kind {
		case TimeoutBefore, TimeoutAfter:
			f.wait(r, fault.delay(maxHold))
			panic(http.ErrAbortHandler) // closes the connection without an answer
		default:
			reset(w)
		}
	})
}

func (fault Fault) delay(otherwise time.Duration) time.Duration {
	if fault.DelayMS == 0 {
		return otherwise
	}
	return time.Duration(fault.DelayMS) * time.Millisecond
}

// wait returns after d, or earlier when the client or the simulator goes away.
func (f *Faults) wait(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-f.done:
	}
}

// reset closes the connection so that the client sees "connection reset by
// peer": lingering for zero seconds makes TCP send RST instead of FIN.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// discard is the response of a call whose answer is to be lost.
type discard struct{ header http.Header }

func newDiscard() *discard { return &discard{header: http.Header{}} }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
