package api

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"paymenthub/api/acquiring"
	"paymenthub/api/checkout"
	"paymenthub/api/hub"
	"paymenthub/api/inbound"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/api/returns"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

// Route is one row of the API's table.
type Route struct {
	Facade     string
	Method     string
	Path       string // with Gin's placeholders
	Access     middleware.Access
	Permission merchant.Permission // "": none
	Rate       middleware.Rate
	Idempotent bool // takes an Idempotency-Key
	Queued     bool // waits for its turn when too many run at once

	facade  *middleware.Facade
	handler gin.HandlerFunc
}

// check reports what cannot work.
func (r Route) check() error {
	byKey := r.Access == middleware.Secret || r.Access == middleware.Client
	write := r.Method != http.MethodGet && r.Access != middleware.Signed && r.Access != middleware.Public // a page's form
	switch {
	case (r.Permission != "") != byKey:
		return fmt.Errorf("api: route %s %s: a permission and authentication go together", r.Method, r.Path)
	case r.Idempotent && !byKey && r.Access != middleware.Shopper:
		return fmt.Errorf("api: route %s %s: idempotency keys belong to a merchant", r.Method, r.Path)
	case write != r.Idempotent:
		return fmt.Errorf("api: route %s %s: every merchant's write takes an Idempotency-Key, and nothing else does", r.Method, r.Path)
	}
	return nil
}

// Routes lists the table, for tests that go through every route.
func Routes() []Route {
	s := &server{hub: hub.New(hub.Options{}), acquiring: acquiring.New(acquiring.Options{}), returns: returns.New(nil, payment.ClientSecrets{}), checkout: checkout.New(checkout.Options{}), inbound: inbound.New(nil)}
	return s.routes()
}

// The words of the table.
const (
	get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete

	public   = middleware.Public
	signed   = middleware.Signed
	optional = middleware.Optional
	secret   = middleware.Secret
	client   = middleware.Client
	shopper  = middleware.Shopper

	perKey       = middleware.PerKey
	perAddress   = middleware.PerAddress
	unlimited    = middleware.Unlimited
	guesses      = middleware.Guesses
	connecting   = middleware.Connections
	redelivering = middleware.Redeliveries
	payments     = middleware.AcquiringPayments
	movements    = middleware.AcquiringTransactions
	shoppers     = middleware.Shoppers

	none           = merchant.Permission("")
	readPayments   = merchant.ReadPayments
	writePayments  = merchant.WritePayments
	confirm        = merchant.ConfirmPayments
	readRefunds    = merchant.ReadRefunds
	writeRefunds   = merchant.WriteRefunds
	readEvents     = merchant.ReadEvents
	readLedger     = merchant.ReadLedger
	readCustomers  = merchant.ReadCustomers
	writeCustomers = merchant.WriteCustomers
	readRisk       = merchant.ReadRisk
	readSettings   = merchant.ReadSettings
	writeSettings  = merchant.WriteSettings
	writeRisk      = merchant.WriteRisk
	readRouting    = merchant.ReadRouting
	writeRouting   = merchant.WriteRouting
	readGateways   = merchant.ReadGateways
	writeGateways  = merchant.WriteGateways
	readWebhooks   = merchant.ReadWebhooks
	writeWebhooks  = merchant.WriteWebhooks

	keyed, plain     = true, false // takes an Idempotency-Key
	queued, unqueued = true, false
)

// routes is the table: who may call what.
func (s *server) routes() []Route {
	h, hubFacade, returnFacade := s.hub, s.hub.Facade(), s.returns.Facade()
	answer := hub.Answer
	acq, acquire := s.acquiring, acquiring.Answer
	acqFacade, publicFacade := acq.Facade(), acq.PublicFacade()
	page, pageFacade := s.checkout, s.checkout.Facade()
	rows := []struct {
		facade     *middleware.Facade
		method     string
		path       string
		access     middleware.Access
		permission merchant.Permission
		rate       middleware.Rate
		keyed      bool
		queued     bool
		handler    gin.HandlerFunc
	}{
		{hubFacade, get, "/v3/payments/health", optional, none, perKey, plain, unqueued, h.GetHealth},
		{hubFacade, post, "/v3/payments/intents", secret, writePayments, perKey, keyed, queued, answer(h.CreateIntent)},
		{hubFacade, get, "/v3/payments/intents", secret, readPayments, perKey, plain, queued, answer(h.ListIntents)},
		{hubFacade, get, "/v3/payments/intents/:id", secret, readPayments, perKey, plain, queued, answer(h.GetIntent)},
		{hubFacade, post, "/v3/payments/intents/:id/confirm", client, confirm, perKey, keyed, queued, answer(h.ConfirmIntent)},
		{hubFacade, post, "/v3/payments/intents/:id/capture", secret, writePayments, perKey, keyed, queued, answer(h.CaptureIntent)},
		{hubFacade, post, "/v3/payments/intents/:id/cancel", secret, writePayments, perKey, keyed, queued, answer(h.CancelIntent)},
		{hubFacade, post, "/v3/payments/refunds", secret, writeRefunds, perKey, keyed, queued, answer(h.CreateRefund)},
		{hubFacade, get, "/v3/payments/refunds", secret, readRefunds, perKey, plain, queued, answer(h.ListRefunds)},
		{hubFacade, get, "/v3/payments/refunds/:id", secret, readRefunds, perKey, plain, queued, answer(h.GetRefund)},
		{hubFacade, post, "/v3/customers", secret, writeCustomers, perKey, keyed, queued, answer(h.CreateCustomer)},
		{hubFacade, get, "/v3/customers", secret, readCustomers, perKey, plain, queued, answer(h.ListCustomers)},
		{hubFacade, get, "/v3/customers/:id", secret, readCustomers, perKey, plain, queued, answer(h.GetCustomer)},
		{hubFacade, post, "/v3/customers/:id", secret, writeCustomers, perKey, keyed, queued, answer(h.UpdateCustomer)},
		{hubFacade, post, "/v3/payment_methods", secret, writeCustomers, perKey, keyed, queued, answer(h.CreatePaymentMethod)},
		{hubFacade, get, "/v3/payment_methods", secret, readCustomers, perKey, plain, queued, answer(h.ListPaymentMethods)},
		{hubFacade, get, "/v3/payment_methods/:id", secret, readCustomers, perKey, plain, queued, answer(h.GetPaymentMethod)},
		{hubFacade, post, "/v3/payment_methods/:id/detach", secret, writeCustomers, perKey, keyed, queued, answer(h.DetachPaymentMethod)},
		{hubFacade, post, "/v3/payment_methods/:id/default", secret, writeCustomers, perKey, keyed, queued, answer(h.SetDefaultPaymentMethod)},
		{hubFacade, get, "/v3/disputes", secret, readPayments, perKey, plain, queued, answer(h.ListDisputes)},
		{hubFacade, get, "/v3/disputes/:id", secret, readPayments, perKey, plain, queued, answer(h.GetDispute)},
		{hubFacade, get, "/v3/events", secret, readEvents, perKey, plain, queued, answer(h.ListEvents)},
		{hubFacade, get, "/v3/events/:id", secret, readEvents, perKey, plain, queued, answer(h.GetEvent)},
		{hubFacade, get, "/v3/ledger/balances", secret, readLedger, perKey, plain, queued, answer(h.ListBalances)},
		{hubFacade, get, "/v3/ledger/entries", secret, readLedger, perKey, plain, queued, answer(h.ListEntries)},
		{hubFacade, get, "/v3/risk/rules", secret, readRisk, perKey, plain, queued, answer(h.GetRiskRules)},
		{hubFacade, post, "/v3/fx/quotes", secret, merchant.WriteFX, perKey, keyed, queued, answer(h.CreateQuote)},
		{hubFacade, get, "/v3/fx/quotes/:id", secret, merchant.ReadFX, perKey, plain, queued, answer(h.GetQuote)},
		{hubFacade, get, "/v3/settings", secret, readSettings, perKey, plain, queued, answer(h.GetSettings)},
		{hubFacade, put, "/v3/settings", secret, writeSettings, perKey, keyed, queued, answer(h.PutSettings)},
		{hubFacade, put, "/v3/risk/rules", secret, writeRisk, perKey, keyed, queued, answer(h.PutRiskRules)},
		{hubFacade, get, "/v3/routing", secret, readRouting, perKey, plain, queued, answer(h.GetRouting)},
		{hubFacade, post, "/v3/routing/profiles", secret, writeRouting, perKey, keyed, queued, answer(h.CreateRoutingProfile)},
		{hubFacade, get, "/v3/routing/profiles", secret, readRouting, perKey, plain, queued, answer(h.ListRoutingProfiles)},
		{hubFacade, get, "/v3/routing/profiles/:id", secret, readRouting, perKey, plain, queued, answer(h.GetRoutingProfile)},
		{hubFacade, post, "/v3/routing/profiles/:id", secret, writeRouting, perKey, keyed, queued, answer(h.UpdateRoutingProfile)},
		{hubFacade, post, "/v3/routing/profiles/:id/versions", secret, writeRouting, perKey, keyed, queued, answer(h.CreateRoutingVersion)},
		{hubFacade, get, "/v3/routing/profiles/:id/versions", secret, readRouting, perKey, plain, queued, answer(h.ListRoutingVersions)},
		{hubFacade, get, "/v3/routing/profiles/:id/versions/:version", secret, readRouting, perKey, plain, queued, answer(h.GetRoutingVersion)},
		{hubFacade, put, "/v3/routing/profiles/:id/versions/:version", secret, writeRouting, perKey, keyed, queued, answer(h.PutRoutingVersion)},
		{hubFacade, post, "/v3/routing/profiles/:id/versions/:version/activate", secret, writeRouting, perKey, keyed, queued, answer(h.ActivateRoutingVersion)},
		{hubFacade, post, "/v3/routing/profiles/:id/rollback", secret, writeRouting, perKey, keyed, queued, answer(h.RollbackRouting)},
		{hubFacade, post, "/v3/routing/simulate", secret, readRouting, perKey, keyed, queued, answer(h.SimulateRouting)},
		{hubFacade, get, "/v3/routing/stats", secret, readRouting, perKey, plain, queued, answer(h.GetRoutingStats)},
		{hubFacade, get, "/v3/gateway_accounts/providers", secret, readGateways, perKey, plain, queued, answer(h.ListGatewayProviders)},
		{hubFacade, post, "/v3/gateway_accounts", secret, writeGateways, connecting, keyed, queued, answer(h.CreateGatewayAccount)},
		{hubFacade, get, "/v3/gateway_accounts", secret, readGateways, perKey, plain, queued, answer(h.ListGatewayAccounts)},
		{hubFacade, get, "/v3/gateway_accounts/:id", secret, readGateways, perKey, plain, queued, answer(h.GetGatewayAccount)},
		{hubFacade, post, "/v3/gateway_accounts/:id", secret, writeGateways, connecting, keyed, queued, answer(h.UpdateGatewayAccount)},
		{hubFacade, del, "/v3/gateway_accounts/:id", secret, writeGateways, perKey, keyed, queued, answer(h.DisableGatewayAccount)},

		{hubFacade, post, "/v3/webhook_endpoints", secret, writeWebhooks, perKey, keyed, queued, answer(h.CreateWebhookEndpoint)},
		{hubFacade, get, "/v3/webhook_endpoints", secret, readWebhooks, perKey, plain, queued, answer(h.ListWebhookEndpoints)},
		{hubFacade, get, "/v3/webhook_endpoints/:id", secret, readWebhooks, perKey, plain, queued, answer(h.GetWebhookEndpoint)},
		{hubFacade, post, "/v3/webhook_endpoints/:id", secret, writeWebhooks, perKey, keyed, queued, answer(h.UpdateWebhookEndpoint)},
		{hubFacade, del, "/v3/webhook_endpoints/:id", secret, writeWebhooks, perKey, keyed, queued, answer(h.DeleteWebhookEndpoint)},
		{hubFacade, post, "/v3/webhook_endpoints/:id/rotate_secret", secret, writeWebhooks, perKey, keyed, queued, answer(h.RotateWebhookSecret)},
		{hubFacade, post, "/v3/webhook_endpoints/:id/test", secret, writeWebhooks, redelivering, keyed, queued, answer(h.TestWebhookEndpoint)},
		{hubFacade, get, "/v3/webhook_endpoints/:id/deliveries", secret, readWebhooks, perKey, plain, queued, answer(h.ListWebhookDeliveries)},
		{hubFacade, get, "/v3/webhook_endpoints/:id/activity", secret, readWebhooks, perKey, plain, queued, answer(h.ListWebhookActivity)},
		{hubFacade, post, "/v3/webhook_endpoints/:id/redeliver", secret, writeWebhooks, redelivering, keyed, queued, answer(h.RedeliverToWebhookEndpoint)},
		{hubFacade, get, "/v3/webhook_endpoints/:id/replays", secret, readWebhooks, perKey, plain, queued, answer(h.ListWebhookReplays)},
		{hubFacade, get, "/v3/webhook_replays/:id", secret, readWebhooks, perKey, plain, queued, answer(h.GetWebhookReplay)},
		{hubFacade, get, "/v3/webhook_deliveries/:id", secret, readWebhooks, perKey, plain, queued, answer(h.GetWebhookDelivery)},
		{hubFacade, post, "/v3/webhook_deliveries/:id/redeliver", secret, writeWebhooks, redelivering, keyed, queued, answer(h.RedeliverWebhookDelivery)},
		{hubFacade, get, "/v3/events/:id/deliveries", secret, readWebhooks, perKey, plain, queued, answer(h.ListEventDeliveries)},
		{hubFacade, get, "/v3/events/:id/payload", secret, readEvents, perKey, plain, queued, answer(h.GetEventPayload)},
		{hubFacade, get, "/v3/notices", secret, readWebhooks, perKey, plain, queued, answer(h.ListNotices)},

		{acqFacade, post, "/api/v1/payments/authorize", secret, writePayments, payments, keyed, queued, acquire(acq.Authorize)},
		{acqFacade, post, "/api/v1/payments/sale", secret, writePayments, payments, keyed, queued, acquire(acq.Sale)},
		{acqFacade, get, "/api/v1/payments/:id", secret, readPayments, payments, plain, queued, acquire(acq.GetPayment)},
		{acqFacade, post, "/api/v1/payments/:id/capture", secret, writePayments, payments, keyed, queued, acquire(acq.CapturePayment)},
		{acqFacade, post, "/api/v1/payments/:id/void", secret, writePayments, payments, keyed, queued, acquire(acq.VoidPayment)},
		{acqFacade, post, "/api/v1/payments/:id/refund", secret, writeRefunds, payments, keyed, queued, acquire(acq.RefundPayment)},
		{acqFacade, post, "/api/v1/payment-intents", secret, writePayments, payments, keyed, queued, acquire(acq.CreatePaymentIntent)},
		{acqFacade, post, "/api/v1/payment-intents/:id/cancel", secret, writePayments, payments, keyed, queued, acquire(acq.CancelPaymentIntent)},
		{publicFacade, get, "/api/public/payment-intents/:id", shopper, none, shoppers, plain, queued, acquire(acq.GetPublicIntent)},
		{publicFacade, post, "/api/public/payment-intents/:id/confirm", shopper, none, shoppers, keyed, queued, acquire(acq.ConfirmPublicIntent)},
		{acqFacade, get, "/api/v1/transactions", secret, readPayments, movements, plain, queued, acquire(acq.ListTransactions)},
		{acqFacade, get, "/api/v1/transactions/:id", secret, readPayments, movements, plain, queued, acquire(acq.GetTransaction)},

		{hubFacade, post, "/webhooks/:gateway/:account", signed, none, guesses, plain, queued, s.inbound.Receive},
		{returnFacade, get, "/return/:payment_id", public, none, perAddress, plain, queued, s.returns.Return},
		{pageFacade, get, "/checkout/:id", public, none, perAddress, plain, queued, page.Page},
		{pageFacade, post, "/checkout/:id/pay", public, none, perAddress, plain, queued, page.Pay},
		{pageFacade, get, "/checkout/:id/logo", public, none, perAddress, plain, queued, page.Logo},
		{pageFacade, get, "/checkout/assets/:file", public, none, unlimited, plain, unqueued, page.Asset},

		{hubFacade, get, "/openapi.yaml", public, none, unlimited, plain, unqueued, openapi.ServeDocument},
		{acqFacade, get, "/openapi/acquiring.yaml", public, none, unlimited, plain, unqueued, openapi.ServeAcquiringDocument},
		{hubFacade, get, "/docs", public, none, unlimited, plain, unqueued, openapi.ServeDocs},
		{hubFacade, get, "/docs/assets/:file", public, none, unlimited, plain, unqueued, openapi.ServeAsset},
		{hubFacade, get, "/", public, none, unlimited, plain, unqueued, openapi.Home},
	}
	table := make([]Route, 0, len(rows))
	for _, r := range rows {
		table = append(table, Route{
			Facade: r.facade.Name, Method: r.method, Path: r.path, Access: r.access, Permission: r.permission,
			Rate: r.rate, Idempotent: r.keyed, Queued: r.queued, facade: r.facade, handler: r.handler,
		})
	}
	return append(table, s.console()...)
}

// console is the table of the console's pages, which guard themselves and let in nobody but
// who is at this machine: there is nobody to count. None where there is no console.
func (s *server) console() []Route {
	if s.options.Console == nil {
		return nil
	}
	facade := s.options.Console.Facade()
	var table []Route
	for _, r := range s.options.Console.Routes() {
		table = append(table, Route{
			Facade: facade.Name, Method: r.Method, Path: r.Path, Access: public, Rate: unlimited, Queued: !r.File, facade: facade, handler: r.Handler,
		})
	}
	return table
}
