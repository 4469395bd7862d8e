// Package metric counts what the payment engine does, for Prometheus.
package metric

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics counts gateway transactions by their outcome, what waits for an operator,
// and messages to merchants' endpoints. A nil Metrics counts nothing. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	outcomes *prometheus.CounterVec
	raised   *prometheus.CounterVec
	webhooks webhooks
}

// New makes the counters, in a registry of their own together with the metrics
// of the Go runtime and of the process.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "paymenthub_gateway_outcomes_total",
			Help: "Outcomes of gateway transactions that were recorded.",
		}, []string{"kind", "outcome", "gateway", "environment"}),
		raised: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "paymenthub_raised_total",
			Help: "Payments and refunds handed to an operator because their outcome stayed unknown.",
		}, []string{"object", "environment"}),
		webhooks: newWebhooks(),
	}
	m.registry.MustRegister(m.outcomes, m.raised,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(m.webhooks.collectors()...)
	return m
}

// Registry is what /metrics serves; others may register their metrics with it.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Outcome counts one recorded outcome. Kind is that of the transaction
// (authorization, sale, capture, void, refund), outcome its class (succeeded,
// declined, unknown …).
func (m *Metrics) Outcome(kind, outcome, gateway, environment string) {
	if m != nil {
		m.outcomes.WithLabelValues(kind, outcome, gateway, environment).Inc()
	}
}

// Raised counts one object ("payment" or "refund") that needs an operator.
func (m *Metrics) Raised(object, environment string) {
	if m != nil {
		m.raised.WithLabelValues(object, environment).Inc()
	}
}
