//go:build !slim

package devserver

import (
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/temporalio/ui-server/v2/server/api"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/cors"
	"github.com/temporalio/ui-server/v2/server/csrf"
	"github.com/temporalio/ui-server/v2/server/headers"
	"github.com/temporalio/ui-server/v2/server/route"
	assets "github.com/temporalio/ui-server/v2/ui"
)

// callerHeaders are passed on from the browser to the frontend.
var callerHeaders = []string{"Caller-Type", "Authorization-Extras"}

// ui is the Web UI. It is put together from the parts of Temporal's ui-server,
// whose own Start ends the process when its port is taken and does not take a
// listener.
type ui struct {
	address string
	server  *http.Server
}

func startUI(l net.Listener, frontend string, o Options) (*ui, error) {
	provider, err := config.NewConfigProviderWithRefresh(&config.Config{
		TemporalGRPCAddress: frontend,
		EnableUI:            true,
		DefaultNamespace:    o.Namespace,
		DisableNewsFetch:    true,
		Codec: config.Codec{
			Endpoint:            o.CodecEndpoint,
			DefaultErrorMessage: "Payloads are encrypted and the hub's codec endpoint does not answer.",
		},
		CORS: config.CORS{CookieInsecure: true}, // served over plain HTTP on this machine
	})
	if err != nil {
		return nil, err
	}
	handler, err := uiHandler(provider)
	if err != nil {
		return nil, err
	}
	u := &ui{
		address: l.Addr().String(),
		server:  &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second},
	}
	go func() { _ = u.server.Serve(l) }() // ends with stop
	return u, nil
}

func uiHandler(provider *config.ConfigProviderWithRefresh) (http.Handler, error) {
	e := echo.New()
	e.Use(
		middleware.Recover(),
		middleware.Gzip(),
		cors.CORSMiddleware(cors.CORSConfig{ConfigProvider: provider}),
		middleware.Secure(),
		csrf.EnsureTokenCookie(false),
		middleware.CSRFWithConfig(csrf.MiddlewareConfig(provider, false)),
	)
	route.SetHealthRoute(e)
	forward := []api.Middleware{headers.WithForwardHeaders(callerHeaders)}
	if err := route.SetAPIRoutes(e, provider, forward); err != nil {
		return nil, err
	}
	files, err := assets.Assets()
	if err != nil {
		return nil, fmt.Errorf("assets: %w", err)
	}
	if files, err = fs.Sub(files, "local"); err != nil {
		return nil, fmt.Errorf("assets: %w", err)
	}
	if err := route.SetUIRoutes(e, "", files); err != nil {
		return nil, err
	}
	route.SetRenderRoute(e, "")
	return e, nil
}

func (u *ui) stop() { _ = u.server.Close() }
