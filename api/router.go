// Package api is the hub's HTTP surface: the routes of all façades, and the
// stations that a request passes.
package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"paymenthub/api/acquiring"
	"paymenthub/api/checkout"
	"paymenthub/api/console"
	"paymenthub/api/hub"
	"paymenthub/api/inbound"
	"paymenthub/api/middleware"
	"paymenthub/api/returns"
	"paymenthub/internal/clock"
	"paymenthub/internal/event"
	"paymenthub/internal/fault"
	"paymenthub/internal/idempotency"
	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
	"paymenthub/internal/notice"
	"paymenthub/internal/payment"
	"paymenthub/internal/webhook"
)

// Payments is what the façades ask of the payment core; payment.Service is it.
type Payments interface {
	hub.Payments
	acquiring.Payments
	returns.Payments
	checkout.Payments
}

// Check is one part that the hub cannot work without.
type Check = hub.Check

// RateLimit bounds how often one caller may ask.
type RateLimit struct {
	PerMinute int // requests a minute, in the long run
	Burst     int // requests at once
}

// AcquiringLimits bound the acquiring façade.
type AcquiringLimits struct {
	PaymentsPerSecond     int // per merchant
	PaymentsPerHour       int // per merchant
	TransactionsPerSecond int // per merchant
	PublicPerSecond       int // per address
}

// Options are what the API stands on.
type Options struct {
	Payments      Payments
	Customers     hub.Customers
	Accounts      hub.GatewayAccounts
	Notifications inbound.Receiver
	Webhooks      hub.Webhooks
	Renderer      webhook.Renderer
	Notices       notice.Repository
	Events        event.Repository
	Ledger        ledger.Repository
	Risk          hub.Risk
	FX            hub.FX
	Routing       hub.Routing
	Authenticator *merchant.Authenticator
	Idempotency   *idempotency.Guard
	Secrets       payment.ClientSecrets
	Settings      merchant.SettingsRepository
	Console       *console.Console // nil: there is none
	PublicURL     string           // where shoppers reach the hub, without a slash at its end
	Health        []Check          // each is bounded to 2 s and believed for 1 s
	Version       string
	Logger        *zap.Logger
	Clock         clock.Clock

	Metrics        *prometheus.Registry // nil: nothing is measured and there is no /metrics
	TracerProvider trace.TracerProvider // nil: no traces
	TrustedProxies []string             // addresses and CIDR ranges whose X-Forwarded-* headers are believed

	HubLimit       RateLimit       // per secret key; zero: 600 a minute, burst 100
	ConnectLimit   RateLimit       // per merchant and environment, on connecting gateway accounts; zero: 10 a minute, burst 30
	RedeliverLimit RateLimit       // per merchant and environment, on testing webhook endpoints and sending messages again; zero: 30 a minute, burst 10
	PublicLimit    RateLimit       // per address, where there is no secret key; zero: 600 a minute, burst 100
	Acquiring      AcquiringLimits // zero: as contracts/acquiring.md says
	RequestTimeout time.Duration   // 0: 20 s
	MaxInFlight    int             // requests at once, and as many more in the queue; 0: 512
}

// withDefaults checks that nothing is missing and fills in what may be.
func (o Options) withDefaults() (Options, error) {
	for _, need := range []struct {
		name    string
		missing bool
	}{
		{"Payments", o.Payments == nil}, {"Customers", o.Customers == nil}, {"Accounts", o.Accounts == nil}, {"Notifications", o.Notifications == nil}, {"Webhooks", o.Webhooks == nil}, {"Renderer", o.Renderer == nil}, {"Notices", o.Notices == nil},
		{"Events", o.Events == nil}, {"Ledger", o.Ledger == nil}, {"Risk", o.Risk == nil}, {"FX", o.FX == nil}, {"Routing", o.Routing == nil},
		{"Authenticator", o.Authenticator == nil}, {"Idempotency", o.Idempotency == nil}, {"Health", len(o.Health) == 0},
		{"Settings", o.Settings == nil}, {"PublicURL", o.PublicURL == ""}, {"Version", o.Version == ""}, {"Logger", o.Logger == nil}, {"Clock", o.Clock == nil},
	} {
		if need.missing {
			return o, fmt.Errorf("api: Options.%s is missing", need.name)
		}
	}
	standard := RateLimit{PerMinute: 600, Burst: 100}
	orDefault(&o.HubLimit, standard)
	orDefault(&o.PublicLimit, standard)
	orDefault(&o.ConnectLimit, RateLimit{PerMinute: 10, Burst: 30})
	orDefault(&o.RedeliverLimit, RateLimit{PerMinute: 30, Burst: 10})
	orDefault(&o.Acquiring, AcquiringLimits{PaymentsPerSecond: 20, PaymentsPerHour: 10_000, TransactionsPerSecond: 100, PublicPerSecond: 50})
	a := o.Acquiring
	if min(a.PaymentsPerSecond, a.PaymentsPerHour, a.TransactionsPerSecond, a.PublicPerSecond) < 1 {
		return o, errors.New("api: the acquiring façade's rate limits must be positive")
	}
	for _, l := range []RateLimit{o.HubLimit, o.PublicLimit, o.ConnectLimit, o.RedeliverLimit} {
		if min(l.PerMinute, l.Burst) < 1 {
			return o, errors.New("api: rate limits must be positive")
		}
	}
	if o.RequestTimeout < 0 || o.MaxInFlight < 0 {
		return o, errors.New("api: no limit may be negative")
	}
	orDefault(&o.RequestTimeout, 20*time.Second)
	orDefault(&o.MaxInFlight, 512)
	return o, nil
}

func orDefault[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

// server is the API while it is put together.
type server struct {
	options   Options
	hub       *hub.API
	acquiring *acquiring.API
	returns   *returns.Returns
	checkout  *checkout.Checkout
	inbound   *inbound.Inbound
	proxies   middleware.Proxies
	limits    middleware.Limits
	guesses   *middleware.TokenBuckets
	gate      *middleware.Gate
	metrics   *middleware.Metrics
}

// New makes the API's handler. Errors: a dependency is missing, a route is
// inconsistent, a proxy's address is malformed.
func New(o Options) (http.Handler, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	settings := merchant.NewSettingsCache(o.Settings, o.Clock)
	s := &server{
		options: o, gate: middleware.NewGate(o.MaxInFlight), returns: returns.New(o.Payments, o.Secrets), inbound: inbound.New(o.Notifications),
		limits: o.limits(), guesses: o.buckets(o.PublicLimit),
		hub: hub.New(hub.Options{
			Payments: o.Payments, Customers: o.Customers, Accounts: o.Accounts, Webhooks: o.Webhooks, Renderer: o.Renderer, Notices: o.Notices, Events: o.Events, Ledger: o.Ledger, Risk: o.Risk, FX: o.FX, Routing: o.Routing, Settings: o.Settings, Secrets: o.Secrets,
			PublicURL: o.PublicURL, Checks: o.Health, Version: o.Version, Clock: o.Clock,
		}),
		acquiring: acquiring.New(acquiring.Options{
			Payments: o.Payments, Customers: o.Customers, Settings: settings, Secrets: o.Secrets, PublicURL: o.PublicURL, Clock: o.Clock,
		}),
	}
	if s.proxies, err = middleware.ParseProxies(o.TrustedProxies); err != nil {
		return nil, err
	}
	s.checkout = checkout.New(checkout.Options{Payments: o.Payments, Settings: settings, Secrets: o.Secrets, Proxies: s.proxies, Clock: o.Clock})
	if o.Metrics != nil {
		if s.metrics, err = middleware.NewMetrics(o.Metrics); err != nil {
			return nil, err
		}
	}
	return s.engine()
}

// limits makes the limiters of each rate class.
func (o Options) limits() middleware.Limits {
	perMinute := func(l RateLimit) []middleware.Limiter { return []middleware.Limiter{o.buckets(l)} }
	perSecond := func(requests int) middleware.Limiter {
		return middleware.NewTokenBuckets(requests, time.Second, requests, o.Clock)
	}
	return middleware.Limits{
		middleware.PerKey:                perMinute(o.HubLimit),
		middleware.PerAddress:            perMinute(o.PublicLimit),
		middleware.Connections:           perMinute(o.ConnectLimit),
		middleware.Redeliveries:          perMinute(o.RedeliverLimit),
		middleware.AcquiringPayments:     {perSecond(o.Acquiring.PaymentsPerSecond), middleware.NewWindows(o.Acquiring.PaymentsPerHour, time.Hour, o.Clock)},
		middleware.AcquiringTransactions: {perSecond(o.Acquiring.TransactionsPerSecond)},
		middleware.Shoppers:              {perSecond(o.Acquiring.PublicPerSecond)},
	}
}

// buckets makes a limiter.
func (o Options) buckets(l RateLimit) *middleware.TokenBuckets {
	return middleware.NewTokenBuckets(l.PerMinute, time.Minute, l.Burst, o.Clock)
}

// engine builds the router.
func (s *server) engine() (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	e.RedirectFixedPath = false
	e.UseRawPath = true // an escaped slash stays part of its segment
	if err := e.SetTrustedProxies(s.options.TrustedProxies); err != nil {
		return nil, err
	}
	e.RemoteIPHeaders = []string{"X-Forwarded-For"} // what proxies write; X-Real-IP may be the client's own
	for _, r := range s.routes() {
		if err := r.check(); err != nil {
			return nil, err
		}
		e.Handle(r.Method, r.Path, s.stations(r)...)
	}
	if s.options.Metrics != nil {
		e.GET("/metrics", middleware.Internal, gin.WrapH(promhttp.HandlerFor(s.options.Metrics, promhttp.HandlerOpts{})))
	}
	unknown := fault.New(fault.NotFound, "There is nothing at this path.")
	e.NoRoute(append(s.entrance(s.facadeAt()), func(c *gin.Context) { middleware.Fail(c, unknown) })...)
	refused := fault.New(fault.MethodNotAllowed, "This path does not take this method; header 'Allow' says which it takes.")
	e.NoMethod(append(s.entrance(s.facadeAt()), func(c *gin.Context) { middleware.Fail(c, refused) })...)
	return e, nil
}

// facadeAt returns which façade answers for what no route serves: the one whose
// base path a request is under, or the Hub's.
func (s *server) facadeAt() func(*http.Request) *middleware.Facade {
	hubFacade, servers, browsers := s.hub.Facade(), s.acquiring.Facade(), s.acquiring.PublicFacade()
	return func(r *http.Request) *middleware.Facade {
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, "/api/v1/"), strings.HasPrefix(path, "/openapi/"):
			return servers
		case strings.HasPrefix(path, "/api/public/"):
			return browsers
		case strings.HasPrefix(path, "/console/") && s.options.Console != nil:
			return s.options.Console.Facade()
		default:
			return hubFacade
		}
	}
}

// entrance is what every request passes, whatever it asks for; of says which
// façade it belongs to.
func (s *server) entrance(of func(*http.Request) *middleware.Facade) []gin.HandlerFunc {
	chain := []gin.HandlerFunc{middleware.RequestID(of)}
	if s.options.TracerProvider != nil {
		chain = append(chain, middleware.Tracing(s.options.TracerProvider))
	}
	if s.metrics != nil {
		chain = append(chain, s.metrics.Handle)
	}
	return append(chain, middleware.AccessLog(s.options.Logger), middleware.Recovery(s.options.Logger), middleware.Path)
}

// stations is the way of a route's requests, in order. Who has no key to show is
// counted and heard to the end before they take one of the places in which requests
// are handled: somebody who speaks slowly keeps nobody else waiting.
func (s *server) stations(r Route) []gin.HandlerFunc {
	write := r.Method != http.MethodGet
	own := func(*http.Request) *middleware.Facade { return r.facade }
	chain := append(s.entrance(own), middleware.Deadline(s.options.RequestTimeout, write))
	limit := middleware.RateLimit(s.limits, r.Rate)
	switch {
	case r.Access == middleware.Signed:
		chain = append(chain, middleware.GuessLimit(s.guesses, s.inbound.Knows), middleware.ReadSigned, s.gate.Handle)
	case r.Access == middleware.Public && write:
		chain = append(chain, limit, middleware.ReadForm, s.gate.Handle)
	case r.Access == middleware.Shopper:
		chain = append(chain, limit)
		if write {
			chain = append(chain, middleware.ReadShoppers)
		}
		chain = append(chain, s.gate.Handle, middleware.ClientSecret(s.options.Secrets, s.options.Payments, s.proxies))
	default:
		if r.Queued {
			chain = append(chain, s.gate.Handle)
		}
		chain = append(chain, middleware.Authentication(s.options.Authenticator, r.Access, s.proxies), middleware.Permission(r.Permission), limit)
		if write {
			chain = append(chain, middleware.ReadBody)
		}
	}
	if r.Idempotent {
		chain = append(chain, middleware.Idempotency(s.options.Idempotency, s.options.Logger))
	}
	return append(chain, r.handler)
}
