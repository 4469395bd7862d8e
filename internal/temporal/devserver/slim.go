//go:build slim

package devserver

import (
	"context"
	"errors"
)

// ErrLeftOut is what Start answers in slim builds.
var ErrLeftOut = errors.New("this build leaves the embedded Temporal out; name a server with --temporal-address")

// Server is never made in slim builds.
type Server struct{}

// Start answers ErrLeftOut.
func Start(context.Context, Options) (*Server, error) { return nil, ErrLeftOut }

// Address is empty.
func (*Server) Address() string { return "" }

// UIAddress is empty.
func (*Server) UIAddress() string { return "" }

// Stop does nothing.
func (*Server) Stop() {}
