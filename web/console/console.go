// Package console draws the pages on which a merchant's people look after webhooks: HTML
// that reads well without its scripts, which add live parts and plots. It decides nothing
// and looks nothing up.
package console

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"

	"paymenthub/internal/merchant"
	"paymenthub/web/asset"
)

// Root is the address below which the pages are.
const Root = "/console/webhooks"

// View is what a page is drawn from.
type View interface {
	// page names the view's template and is what stands around it.
	page() (name string, around *Frame)
}

// Frame is what every page has.
type Frame struct {
	Environment merchant.Environment
	Now         time.Time
	Done        Done   // what was just done; "": nothing
	Alert       string // why something could not be done, in sentences; "": nothing was refused

	nonce string // lets in this page's scripts and no other
}

// Done says what was just done. It travels in the address of the page that says so.
type Done string

// What can have been done.
const (
	Saved       Done = "saved"
	Enabled     Done = "enabled"
	Disabled    Done = "disabled"
	Deleted     Done = "deleted"
	Redelivered Done = "redelivered"
	Replaying   Done = "replaying"
	Tested      Done = "tested"
)

// Text says it in a sentence; "" for anything else that an address may hold.
func (d Done) Text() string {
	switch d {
	case Saved:
		return "The changes are saved."
	case Enabled:
		return "The endpoint is enabled. It is told of events from now on."
	case Disabled:
		return "The endpoint is disabled. It is told of nothing until you enable it."
	case Deleted:
		return "The endpoint is deleted, and what was on its way to it is canceled."
	case Redelivered:
		return "The delivery is on its way again."
	case Replaying:
		return "The redelivery has begun. You can leave this page; it goes on."
	case Tested:
		return "The test was sent. This is what came of it."
	default:
		return ""
	}
}

// Link is the address of a page below Root in the view's environment. Names and values
// of its query follow the path; empty values are left out.
func (f Frame) Link(path string, query ...string) string {
	values := url.Values{}
	if f.Environment == merchant.Live {
		values.Set("environment", string(merchant.Live))
	}
	for i := 0; i+1 < len(query); i += 2 {
		if query[i+1] != "" {
			values.Set(query[i], query[i+1])
		}
	}
	if len(values) == 0 {
		return Root + path
	}
	return Root + path + "?" + values.Encode()
}

// Live reports whether the page is about real money.
func (f Frame) Live() bool { return f.Environment == merchant.Live }

// Nonce is what the page's policy knows its scripts by.
func (f Frame) Nonce() string { return f.nonce }

// Asset returns one of the page's files.
func (f Frame) Asset(name string) *asset.File { return files[name] }

//go:embed *.html
var sources embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"count": count, "took": took, "lasting": lasting, "bytes": size, "host": host, "join": strings.Join, "stamp": stamp, "header": headerLines, "words": words,
}).ParseFS(sources, "*.html"))

// Page is a page that is ready to be sent.
type Page struct {
	Body   []byte
	Policy string // its Content-Security-Policy
}

// Draw draws a view. The same view is always the same page, but for its nonce.
func Draw(v View) Page {
	name, around := v.page()
	around.nonce = rand.Text()
	return Page{Body: execute(name, v), Policy: policy(around.nonce)}
}

// policy lets a page load its own files, talk to its own hub and do nothing else. Of all
// scripts that this origin serves the nonce lets in the page's own.
func policy(nonce string) string {
	return "default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}

// Part is a piece of a page that is fetched again by itself.
type Part interface {
	part() string // the name of its template
}

// DrawPart draws a piece, and returns a tag that changes when it does.
func DrawPart(p Part) (body []byte, tag string) {
	body = execute(p.part(), p)
	digest := sha256.Sum256(body)
	return body, `"` + hex.EncodeToString(digest[:12]) + `"`
}

func execute(name string, v any) []byte {
	var body bytes.Buffer
	if err := templates.ExecuteTemplate(&body, name, v); err != nil {
		panic(fmt.Sprintf("console: template %s does not execute: %v", name, err)) // a defect of the template
	}
	return body.Bytes()
}

// Styles and Scripts are the files that every page loads, in order.
func (f Frame) Styles() []string { return []string{"uplotStyle", "style"} }

// Scripts are as Styles.
func (f Frame) Scripts() []string { return []string{"htmx", "uplot", "script"} }
