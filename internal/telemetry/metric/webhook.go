package metric

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// webhooks measures messages to merchants' endpoints.
type webhooks struct {
	attempts *prometheus.CounterVec
	took     prometheus.Histogram
	lag      prometheus.Histogram
}

func newWebhooks() webhooks {
	return webhooks{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "paymenthub_webhook_attempts_total",
			Help: "Requests to merchants' endpoints, by what came of them.",
		}, []string{"outcome", "environment"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "paymenthub_webhook_attempt_seconds", Help: "How long merchants' endpoints took to answer.",
			Buckets: []float64{.005, .02, .05, .1, .25, .5, 1, 2, 5, 15},
		}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "paymenthub_webhook_lag_seconds", Help: "From an event to the first attempt to tell it.",
			Buckets: []float64{.005, .01, .025, .05, .1, .2, .5, 1, 5, 30, 300},
		}),
	}
}

func (w webhooks) collectors() []prometheus.Collector {
	return []prometheus.Collector{w.attempts, w.took, w.lag}
}

// WebhookAttempt counts one request to an endpoint: whether the endpoint took the message
// and how long that took. Lag is the time since the event, 0 for all but first attempts.
func (m *Metrics) WebhookAttempt(taken bool, environment string, took, lag time.Duration) {
	if m == nil {
		return
	}
	outcome := "failed"
	if taken {
		outcome = "succeeded"
	}
	m.webhooks.attempts.WithLabelValues(outcome, environment).Inc()
	m.webhooks.took.Observe(took.Seconds())
	if lag > 0 {
		m.webhooks.lag.Observe(lag.Seconds())
	}
}
