// Package console serves the console: the pages on which a merchant's people look after
// webhooks. It acts for one merchant without asking who is there, so it is for the machine
// that it runs on alone.
package console

import (
	"context"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"paymenthub/api/middleware"
	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/web/console"
)

// Options are what the console stands on.
type Options struct {
	Webhooks Webhooks
	// Merchant names whom the console acts for; "" while there is nobody yet.
	Merchant func() string
	Clock    clock.Clock
}

// Console serves the pages.
type Console struct {
	Options
	origins    *http.CrossOriginProtection
	operations *operations
}

// New makes it.
func New(o Options) *Console { return &Console{o, http.NewCrossOriginProtection(), newOperations()} }

// Facade is what the shared middleware needs to know.
func (h *Console) Facade() *middleware.Facade {
	return &middleware.Facade{Name: "console", KeyOf: func(*http.Request) string { return "" }, Page: failurePage}
}

// Route is one address of the console.
type Route struct {
	Method  string
	Path    string // with Gin's placeholders
	File    bool   // one of the files that pages load
	Handler gin.HandlerFunc
}

// Routes are all of them, each guarded.
func (h *Console) Routes() []Route {
	const get, post = http.MethodGet, http.MethodPost
	const one, delivery = console.Root + "/endpoints/:id", console.Root + "/deliveries/:id"
	routes := []Route{
		{get, console.Root, false, h.overview},
		{get, console.Root + "/new", false, h.newEndpoint},
		{get, console.Root + "/endpoints", false, toOverview}, // of an address that was cut short
		{post, console.Root + "/endpoints", false, h.create},
		{get, one, false, h.endpoint},
		{get, one + "/edit", false, h.edit},
		{post, one + "/edit", false, h.save},
		{post, one + "/test", false, h.test},
		{post, one + "/enable", false, h.enable},
		{post, one + "/disable", false, h.disable},
		{get, one + "/redeliver", false, h.askRedeliver},
		{post, one + "/redeliver", false, h.redeliverMany},
		{get, one + "/rotate", false, h.askRotate},
		{post, one + "/rotate", false, h.rotate},
		{get, one + "/delete", false, h.askDelete},
		{post, one + "/delete", false, h.delete},
		{get, delivery, false, h.delivery},
		{post, delivery + "/redeliver", false, h.redeliver},
		{get, "/console/assets/:file", true, asset},
	}
	for i := range routes {
		routes[i].Handler = h.guarded(routes[i].Handler)
	}
	return routes
}

// desk is what a request looks at: whose, and at what time.
type desk struct {
	context.Context
	scope merchant.Scope
	frame console.Frame
}

// desk reads what every page needs of a request.
func (h *Console) desk(c *gin.Context) (desk, error) {
	d := desk{Context: c.Request.Context(), frame: frameOf(c)}
	d.frame.Now = h.Clock.Now()
	d.scope = merchant.Scope{MerchantID: h.Merchant(), Environment: d.frame.Environment}
	if d.scope.MerchantID == "" {
		return d, fault.New(fault.Unavailable, "The merchant is being made. Load the page again in a moment.")
	}
	return d, nil
}

func frameOf(c *gin.Context) console.Frame {
	f := console.Frame{Environment: merchant.Sandbox, Done: console.Done(c.Query("done"))}
	if c.Query("environment") == string(merchant.Live) {
		f.Environment = merchant.Live
	}
	return f
}

// page answers with what draw makes, or with why it cannot.
func (h *Console) page(c *gin.Context, draw func(desk) (console.View, error)) {
	d, err := h.desk(c)
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	v, err := draw(d)
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	send(c, http.StatusOK, v)
}

func toOverview(c *gin.Context) {
	c.Redirect(http.StatusSeeOther, frameOf(c).Link(""))
}

// posted reads what a form sent; where it cannot it answers, and ok is false.
func (h *Console) posted(c *gin.Context) (d desk, form url.Values, ok bool) {
	d, err := h.desk(c)
	if err == nil {
		form, err = formOf(c)
	}
	if err != nil {
		middleware.Fail(c, err)
	}
	return d, form, err == nil
}

// act does something and sends the browser on to where it is seen; what was refused is
// told on the page that otherwise makes of it.
func (h *Console) act(c *gin.Context, do func(d desk, form url.Values) (to string, err error), otherwise func(desk) (console.View, error)) {
	d, form, ok := h.posted(c)
	if !ok {
		return
	}
	to, err := do(d, form)
	if err == nil {
		c.Redirect(http.StatusSeeOther, to)
		return
	}
	f := fault.From(err)
	if f.Code != fault.InvalidState && f.Code != fault.Invalid && f.Code != fault.Unavailable {
		middleware.Fail(c, err)
		return
	}
	d.frame.Alert, d.frame.Done = f.Message, ""
	v, err := otherwise(d)
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	send(c, middleware.PageStatus(f.Code), v)
}

func formOf(c *gin.Context) (url.Values, error) {
	form, err := url.ParseQuery(string(middleware.Body(c)))
	if err != nil {
		return nil, fault.New(fault.Invalid, "The form cannot be read.")
	}
	return form, nil
}

const (
	contentType = "text/html; charset=utf-8"
	partPolicy  = "default-src 'none'; frame-ancestors 'none'; sandbox" // opened by itself, a part does nothing
)

func send(c *gin.Context, status int, v console.View) {
	drawn := console.Draw(v)
	c.Header("Content-Security-Policy", drawn.Policy)
	c.Data(status, contentType, drawn.Body)
}

// sendPart answers with a piece of a page, unless the browser shows it already.
func sendPart(c *gin.Context, p console.Part) {
	body, tag := console.DrawPart(p)
	c.Header("ETag", tag)
	c.Header("Content-Security-Policy", partPolicy)
	if c.GetHeader("If-None-Match") == tag {
		c.Status(http.StatusNotModified)
		return
	}
	c.Data(http.StatusOK, contentType, body)
}

func asset(c *gin.Context) {
	middleware.SendAsset(c, console.Assets)
}

// failurePage shows a failure to people.
func failurePage(c *gin.Context, err error) middleware.Answer {
	f := fault.From(err)
	v := &console.Failure{Frame: frameOf(c), Title: "This did not work", Text: f.Message}
	v.Done = ""
	switch f.Code {
	case fault.NotFound:
		v.Title = "There is nothing here"
		v.Text = "It may have been deleted, be of the other environment, or be older than the 30 days that events are kept."
	case fault.Forbidden:
		v.Title = "Not from here"
	case fault.MethodNotAllowed:
		v.Title = "Not in this way"
		v.Text = "What is at this address is asked for in another way. Go to the page before it and choose it there."
	case fault.PayloadTooLarge:
		v.Text = "What was sent is too large. Nothing was changed."
	case fault.UnsupportedMediaType:
		v.Text = "What was sent is not a form of these pages. Nothing was changed."
	case fault.RateLimited:
		v.Title = "Too many requests"
	case fault.Unavailable:
		v.Title = "Not just now"
		v.Text = "A part of the hub does not answer. Load the page again in a moment."
	case fault.Internal:
		v.Text = "Something went wrong on our side. The hub’s log says what."
	}
	drawn := console.Draw(v)
	c.Header("Content-Security-Policy", drawn.Policy)
	return middleware.Answer{Status: middleware.PageStatus(f.Code), ContentType: contentType, Body: drawn.Body}
}
