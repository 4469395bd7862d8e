package interleave

import (
	"paymenthub/internal/clock"
	"paymenthub/internal/gateway"
	"paymenthub/internal/routing"
)

// RoutingRepository is what routing reads of its own.
type RoutingRepository interface {
	routing.Repository
	routing.Declines
}

// Routing makes what chooses the gateways of one process, which learns from what they
// do and tells nobody.
func Routing(gateways *gateway.Registry, r RoutingRepository, c clock.Clock) (*gateway.Router, *routing.Engine, *routing.Retries) {
	engine := routing.NewEngine(routing.Options{Repository: r, Clock: c})
	return gateway.NewRouter(gateways, engine), engine, &routing.Retries{Caps: routing.StandardRetryCaps(), Declines: r, Clock: c}
}
