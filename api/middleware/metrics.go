package middleware

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
)

// Metrics measures requests by route template, so that the number of series
// does not grow with the paths that callers make up.
type Metrics struct {
	durations *prometheus.HistogramVec
	running   prometheus.Gauge
}

// NewMetrics registers the measures.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "paymenthub_http_request_duration_seconds", Help: "Time from a request's first station to its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
		}, []string{"route", "method", "status"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "paymenthub_http_requests_running", Help: "Requests that are being answered.",
		}),
	}
	if err := registry.Register(m.durations); err != nil {
		return nil, err
	}
	return m, registry.Register(m.running)
}

// Handle is the station.
func (m *Metrics) Handle(c *gin.Context) {
	start := time.Now()
	m.running.Inc()
	defer func() {
		m.running.Dec()
		m.durations.WithLabelValues(routeLabel(c), methodLabel(c.Request.Method), strconv.Itoa(c.Writer.Status())).
			Observe(time.Since(start).Seconds())
	}()
	c.Next()
}

func routeLabel(c *gin.Context) string {
	if route := c.FullPath(); route != "" {
		return route
	}
	return "unmatched"
}

func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "other"
	}
}
