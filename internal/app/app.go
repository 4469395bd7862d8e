// Package app is the composition root: it wires the hub's parts together,
// starts them in order and stops them in the opposite one.
package app

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"paymenthub/activities"
	"paymenthub/config"
	"paymenthub/internal/account"
	"paymenthub/internal/clock"
	"paymenthub/internal/country"
	"paymenthub/internal/customer"
	"paymenthub/internal/fx"
	"paymenthub/internal/gateway"
	"paymenthub/internal/idempotency"
	"paymenthub/internal/merchant"
	"paymenthub/internal/notice"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/internal/routing"
	"paymenthub/internal/store"
	"paymenthub/internal/telemetry"
	"paymenthub/internal/telemetry/metric"
	"paymenthub/internal/temporal"
	"paymenthub/internal/temporal/codec"
	"paymenthub/internal/temporal/orchestrator"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
	"paymenthub/internal/webhook/dispatch"
	"paymenthub/internal/webhook/post"
)

// Hub is the wired hub. Close releases what Open took.
type Hub struct {
	config  config.Config
	version string
	log     *zap.Logger
	clock   clock.Clock
	tracing *telemetry.Tracing
	metrics *metric.Metrics

	store    *store.Store
	vault    *vault.Vault
	codec    *codec.Codec
	gateways *gateway.Registry
	router   *gateway.Router
	accounts *account.Service
	receiver *notification.Receiver
	watcher  *payment.Watcher
	secrets  payment.ClientSecrets
	risk     *risk.Engine
	engine   *routing.Engine
	watch    *routing.Watch
	routing  merchantsRouting
	// stopWatch ends the watch; nil before it began.
	stopWatch func()
	fx        *fx.Service
	rates     *fx.Rates

	webhooks   *webhook.Service
	dispatcher *dispatch.Dispatcher
	sender     *post.Client
	courier    *notice.Courier

	temporal     client.Client
	orchestrator *orchestrator.Orchestrator
	payments     *payment.Service
	customers    *customer.Service
	auth         *merchant.Authenticator
}

// OpenStore opens the configured database alone, for commands that need no more.
func OpenStore(ctx context.Context, c config.Config, log *zap.Logger) (*store.Store, error) {
	return store.Open(ctx, store.Options{
		URL: string(c.Database.URL), SQLiteFile: c.Database.SQLiteFile, MaxConns: c.Database.MaxConns,
		Logger: log, SlowQuery: slowQuery,
	})
}

// Vault makes the vault that seals what the store keeps sealed.
func Vault(c config.Config, s *store.Store, now clock.Clock) (*vault.Vault, error) {
	keys, err := c.Keys.Vault.ByVersion()
	if err != nil {
		return nil, err
	}
	fingerprint, err := c.Keys.Fingerprint.Bytes()
	if err != nil {
		return nil, fmt.Errorf("keys.fingerprint %w", err)
	}
	return vault.New(s.Vault(), vault.Keys{Active: c.Keys.Vault.Active, ByVersion: keys, Fingerprint: fingerprint}, now)
}

// Codec makes the codec that seals what Temporal stores.
func Codec(c config.Config) (*codec.Codec, error) {
	keys, err := c.Keys.Codec.ByID()
	if err != nil {
		return nil, err
	}
	return codec.New(c.Keys.Codec.Active, keys)
}

// Open connects to the database and to Temporal and wires the hub. The
// database must be migrated.
func Open(ctx context.Context, c config.Config, version string, log *zap.Logger) (*Hub, error) {
	h := &Hub{
		config: c, version: version, log: log, clock: clock.Offset(c.Clock.Offset),
		watcher: payment.NewWatcher(), metrics: metric.New(),
	}
	for _, open := range []func(context.Context) error{h.openKeys, h.openTracing, h.openStore, h.openFX, h.openChoices, h.openTemporal, h.openWebhooks, h.openMail} {
		if err := open(ctx); err != nil {
			return nil, errors.Join(err, h.Close())
		}
	}
	h.payments = payment.NewService(h.store.Payments(), h.store.Customers(), h.orchestrator, h.router, h.vault, h.watcher, h.clock,
		payment.Options{Wait: c.Payments.Wait, Poll: pollInterval, Conversions: h.fx})
	h.customers = customer.NewService(h.store.Customers(), h.orchestrator, h.gateways, h.vault, h.clock, customer.Options{Wait: c.Payments.Wait})
	h.receiver = h.newReceiver()
	h.auth = merchant.NewAuthenticator(h.store.Merchants(), h.clock)
	return h, nil
}

func (h *Hub) openKeys(context.Context) error {
	secret, err := h.config.Keys.ClientSecret.Bytes()
	if err != nil {
		return fmt.Errorf("keys.client_secret %w", err)
	}
	h.secrets = payment.NewClientSecrets(secret)
	h.codec, err = Codec(h.config)
	return err
}

func (h *Hub) openTracing(ctx context.Context) (err error) {
	t := h.config.Telemetry
	h.tracing, err = telemetry.NewTracing(ctx, telemetry.TracingOptions{
		Endpoint: string(t.OTLPEndpoint), Version: h.version, SamplePercent: t.SamplePercent, Logger: h.log,
	})
	return err
}

func (h *Hub) openStore(ctx context.Context) (err error) {
	if h.store, err = OpenStore(ctx, h.config, h.log); err != nil {
		return err
	}
	if err := h.tracing.TraceSQL(h.store); err != nil {
		return err
	}
	h.vault, err = Vault(h.config, h.store, h.clock)
	return err
}

// fraudTestCard is the sandbox's card that is declined by fraud (contracts/acquiring.md).
const fraudTestCard vault.Secret = "4000000000000259"

// openChoices makes who judges attempts and who chooses their gateways: both know where
// cards are from.
func (h *Hub) openChoices(ctx context.Context) error {
	live, err := country.Open(h.config.Risk.BINFile)
	if err != nil {
		return fmt.Errorf("risk.bin_file: %w", err)
	}
	h.openRisk(live)
	h.gateways = gateway.NewRegistry()
	if err := h.openAccounts(); err != nil {
		return err
	}
	return h.openRouting(ctx, live)
}

// openRisk makes the engine that judges attempts.
func (h *Hub) openRisk(live country.Lookup) {
	h.risk = risk.NewEngine(risk.Options{
		Repository: h.store.Risk(), Sandbox: country.Sandbox(), Live: live,
		TestCard: func(merchantID string) string {
			return h.vault.Fingerprint(merchantID, vault.Card{Number: fraudTestCard})
		},
		Clock: h.clock,
	})
}

func (h *Hub) openTemporal(ctx context.Context) (err error) {
	t := h.config.Temporal
	if h.temporal, err = dial(ctx, h, t); err != nil {
		return err
	}
	h.orchestrator = orchestrator.New(h.temporal)
	return temporal.EnsureSearchAttributes(ctx, h.temporal, t.Namespace)
}

// Store is the hub's database.
func (h *Hub) Store() *store.Store { return h.store }

// Temporal is the hub's client.
func (h *Hub) Temporal() client.Client { return h.temporal }

// Webhooks is what merchants do with their webhook endpoints.
func (h *Hub) Webhooks() *webhook.Service { return h.webhooks }

// Notifications applies what gateways tell unasked.
func (h *Hub) Notifications() *notification.Receiver { return h.receiver }

// Close releases connections and writes what is still to be written. The hub
// must not be running.
func (h *Hub) Close() error {
	var errs []error
	if h.receiver != nil {
		h.receiver.Close()
	}
	if h.stopWatch != nil {
		h.stopWatch()
	}
	if h.auth != nil && h.store != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		errs = append(errs, h.auth.Flush(ctx))
	}
	if h.temporal != nil {
		h.temporal.Close()
	}
	if h.store != nil {
		errs = append(errs, h.store.Close())
	}
	if h.tracing != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		errs = append(errs, h.tracing.Close(ctx))
	}
	return errors.Join(errs...)
}

// steps holds what activities work with.
func (h *Hub) steps() *activities.Payments {
	return &activities.Payments{
		Repository: h.store.Payments(), Customers: h.store.Customers(), Gateways: h.gateways, Router: h.router, Observer: h.engine, Retries: h.retries(), Risk: h.risk, Vault: h.vault, Watcher: h.watcher,
		Clock: h.clock, ReturnURL: h.returnURL, Notifications: h.store.Notifications(), Metrics: h.metrics, Logger: h.log,
	}
}

// newReceiver takes what gateways tell unasked.
func (h *Hub) newReceiver() *notification.Receiver {
	return notification.NewReceiver(notification.Options{
		Account: func(ctx context.Context, provider, of string) (notification.Account, error) {
			a, err := h.gateways.Webhooks(ctx, provider, of)
			if err != nil {
				return notification.Account{}, err
			}
			return notification.Account{Environment: a.Environment, Gateway: a.Name, Reader: a}, nil
		},
		Known:      h.gateways.Known,
		Repository: h.store.Notifications(), Payments: h.store.Payments(), Orchestrator: h.orchestrator,
		Sealer: h.vault, Clock: h.clock,
		Raised: func(n notification.Notification) {
			h.metrics.Raised("notification", string(n.Environment))
			h.log.Error("notification needs an operator", zap.String("notification_id", n.ID), zap.String("gateway", n.Gateway),
				zap.String("event_id", n.EventID), zap.String("type", n.Type), zap.String("merchant_id", n.MerchantID), zap.String("payment_id", n.PaymentID), zap.String("why", n.Why))
		},
		Failed: func(notificationID string, err error) {
			h.log.Warn("notification not applied yet", zap.String("notification_id", notificationID), zap.Error(err))
		},
	})
}

func (h *Hub) sweeper() *activities.Sweeper {
	return &activities.Sweeper{
		Repository: h.store.Payments(), Orchestrator: h.orchestrator, Notifications: h.receiver, Vault: h.vault,
		Methods: h.store.Customers(), Keeper: h.orchestrator,
		Idempotency: h.store.Idempotency(), Sightings: h.risk, Webhooks: h.backlog(), Notices: h.courier, Clock: h.clock, Logger: h.log,
	}
}

func (h *Hub) returnURL(paymentID string) string {
	return h.publicURL() + "/return/" + paymentID + "?" + payment.ReturnToken + "=" + h.secrets.ForReturn(paymentID)
}

// guard is the idempotency service of all façades.
func (h *Hub) guard() *idempotency.Guard {
	return idempotency.NewGuard(h.store.Idempotency(), h.vault, h.clock, idempotencyWait)
}
