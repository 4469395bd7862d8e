package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"paymenthub/internal/gateway/stripe"
	adyensim "paymenthub/internal/simulator/adyen"
	"paymenthub/internal/simulator/chassis"
	checkoutsim "paymenthub/internal/simulator/checkout"
	molliesim "paymenthub/internal/simulator/mollie"
	paypalsim "paymenthub/internal/simulator/paypal"
	stripesim "paymenthub/internal/simulator/stripe"
)

// simulatorKind is a provider's simulator as development mode knows it.
type simulatorKind struct {
	provider string
	title    string
	port     int // of `paymenthub simulator`, unless told otherwise
	open     func(chassis.Options) (provider, error)
	// credentials connect the account of a name at the simulator, by the provider's
	// names for them. The same name has the same ones always.
	credentials func(account string) map[string]string
}

// simulatorKinds are all, in the order in which gateways are preferred.
var simulatorKinds = []simulatorKind{
	{stripe.Name, "Stripe", 12111, openStripe, stripeCredentials},
	{"checkout", "Checkout.com", 12112, opening(checkoutsim.Open), checkoutsim.Credentials},
	{"adyen", "Adyen", 12113, opening(adyensim.Open), adyensim.Credentials},
	{"mollie", "Mollie", 12114, opening(molliesim.Open), molliesim.Credentials},
	{"paypal", "PayPal", 12115, opening(paypalsim.Open), paypalsim.Credentials},
}

// provider is an open simulator.
type provider interface {
	Handler() http.Handler
	Close() error
}

// opening makes the kind's open of a simulator's.
func opening[P provider](open func(chassis.Options) (P, error)) func(chassis.Options) (provider, error) {
	return func(o chassis.Options) (provider, error) { return open(o) }
}

// openStripe opens Stripe's simulator, which is older than the common options.
func openStripe(o chassis.Options) (provider, error) {
	options := stripesim.Options{
		DataFile: o.DataFile, Latency: o.Latency, BaseURL: o.BaseURL, SettleAfter: o.SettleAfter, Frozen: o.Frozen, Logger: o.Logger,
	}
	for _, w := range o.Webhooks {
		options.Webhooks = append(options.Webhooks, stripesim.Webhook{
			SecretKey: w.Credentials["secret_key"], Secret: w.Credentials["webhook_secret"], URL: w.URL, Events: stripe.WebhookEvents,
		})
	}
	return stripesim.Open(options)
}

func stripeCredentials(account string) map[string]string {
	mode := "test"
	if account == "live" {
		mode = "live"
	}
	return map[string]string{"secret_key": "sk_" + mode + "_paymenthub_dev", "webhook_secret": "whsec_paymenthub_dev"} //nolint:gosec // of the simulator in this process
}

// kindOf returns the kind of a provider's simulator, named by a flag.
func kindOf(name, flag string) (simulatorKind, error) {
	i := slices.IndexFunc(simulatorKinds, func(k simulatorKind) bool { return k.provider == name })
	if i < 0 {
		return simulatorKind{}, fmt.Errorf("%s must be of %s, not %q", flag, strings.Join(simulatorNames(), ", "), name)
	}
	return simulatorKinds[i], nil
}

// simulatorNames are the providers that have a simulator.
func simulatorNames() []string {
	names := make([]string, 0, len(simulatorKinds))
	for _, k := range simulatorKinds {
		names = append(names, k.provider)
	}
	return names
}

// simulator is a provider simulator that answers on a listener.
type simulator struct {
	provider provider
	server   *http.Server
}

// start opens a simulator and lets it answer; the listener is the simulator's then.
func (k simulatorKind) start(listener net.Listener, o chassis.Options) (*simulator, error) {
	o.BaseURL = "http://" + listener.Addr().String()
	opened, err := k.open(o)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s := &simulator{provider: opened, server: &http.Server{Handler: opened.Handler(), ReadHeaderTimeout: 5 * time.Second}}
	go func() { _ = s.server.Serve(listener) }() // ends with stop
	return s, nil
}

// stop refuses new calls, lets running ones end briefly, and closes the file.
func (s *simulator) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		_ = s.server.Close() // calls that hang are cut off
	}
	return s.provider.Close()
}

// stopAll ends simulators beside each other.
func stopAll(simulators []*simulator) error {
	failed := make(chan error, len(simulators))
	for _, s := range simulators {
		go func() { failed <- s.stop() }()
	}
	var errs []error
	for range simulators {
		errs = append(errs, <-failed)
	}
	return errors.Join(errs...)
}
