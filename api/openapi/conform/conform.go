// Package conform checks, in tests, that what the API answers is what its
// documents say. It is not used at run time.
package conform

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"paymenthub/api/openapi"
)

type specification struct {
	doc    *openapi3.T
	router routers.Router
}

// specifications are the documents of all façades.
type specifications struct{ hub, acquiring specification }

// of returns the one that describes a path.
func (s specifications) of(path string) specification {
	if strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/openapi/") {
		return s.acquiring
	}
	return s.hub
}

// load reads the documents once, and validates them with all their examples.
var load = sync.OnceValues(func() (all specifications, err error) {
	for _, text := range []string{"text/html", "application/yaml"} { // the library knows no pages
		openapi3filter.RegisterBodyDecoder(text, openapi3filter.FileBodyDecoder)
	}
	if all.hub, err = parse(openapi.Document); err != nil {
		return all, err
	}
	all.acquiring, err = parse(openapi.AcquiringDocument)
	return all, err
})

func parse(document []byte) (specification, error) {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return specification{}, err
	}
	router, err := legacy.NewRouter(doc)
	return specification{doc, router}, err
}

func loaded(t testing.TB) specifications {
	t.Helper()
	all, err := load()
	if err != nil {
		t.Fatalf("an OpenAPI document is not valid: %v", err)
	}
	return all
}

// Documents returns the parsed documents of all façades, the Hub's first.
func Documents(t testing.TB) []*openapi3.T {
	t.Helper()
	all := loaded(t)
	return []*openapi3.T{all.hub.doc, all.acquiring.doc}
}

// Document returns the parsed document that describes a path.
func Document(t testing.TB, path string) *openapi3.T {
	t.Helper()
	return loaded(t).of(path).doc
}

// Check fails the test unless the path's document allows this response to req: status,
// headers, content type and body. Of a path or method that the document does
// not have, it wants the error envelope.
func Check(t testing.TB, req *http.Request, status int, header http.Header, body []byte) {
	t.Helper()
	loaded(t)
	if err := check(req, status, header, body); err != nil {
		t.Errorf("%s %s answered %d, which the OpenAPI document does not allow: %v\n%s", req.Method, req.URL.Path, status, err, body)
	}
}

func check(req *http.Request, status int, header http.Header, body []byte) error {
	all, err := load()
	if err != nil {
		return err
	}
	spec := all.of(req.URL.Path)
	// The document's server is relative: any host serves it. An escaped slash is
	// part of its segment, as it is for the hub's router.
	local := req.Clone(context.Background())
	local.URL = &url.URL{Path: req.URL.EscapedPath(), RawQuery: req.URL.RawQuery}
	route, params, err := spec.router.FindRoute(local)
	if err != nil || slices.Contains(slices.Collect(maps.Values(params)), "") { // the library lets a segment be missing
		return spec.checkUnknown(status, body)
	}
	if route.Operation.Responses.Status(status) == nil { // the library lets some redirects pass
		return errors.New("the operation has no such status")
	}
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: local, PathParams: params, Route: route},
		Status:                 status,
		Header:                 header,
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
}

// checkUnknown checks the answer to what the document does not have.
func (s specification) checkUnknown(status int, body []byte) error {
	if status != http.StatusNotFound && status != http.StatusMethodNotAllowed {
		return errors.New("the document has no such operation")
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	return s.doc.Components.Schemas["Error"].Value.VisitJSON(value, openapi3.EnableJSONSchema2020())
}

// Transport is an http.RoundTripper that checks every response that passes.
func Transport(t testing.TB, base http.RoundTripper) http.RoundTripper {
	return transport{t, base}
}

type transport struct {
	t    testing.TB
	base http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (tr transport) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := tr.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	if closeErr := res.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	Check(tr.t, req, res.StatusCode, res.Header, body)
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}
