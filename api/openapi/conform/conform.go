// Package conform checks, in tests, that what the API answers is what its
// documents say. It is not used at run time.
package conform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"paymenthub/api/openapi"
)

type specification struct {
	doc     *openapi3.T
	router  routers.Router
	schemas *schemas
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

// load reads the documents once, and validates them.
var load = sync.OnceValues(func() (all specifications, err error) {
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
	router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation()) // a test of the documents looks at them
	if err != nil {
		return specification{}, err
	}
	all, err := newSchemas(doc)
	return specification{doc, router, all}, err
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

// JSON holds a text against a schema of the path's document.
func JSON(t testing.TB, path string, schema *openapi3.SchemaRef, text []byte) error {
	t.Helper()
	return loaded(t).of(path).checkJSON(schema, text)
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
	response := route.Operation.Responses.Status(status)
	if response == nil {
		return errors.New("the operation has no such status")
	}
	if err := spec.checkHeaders(response.Value, header); err != nil || req.Method == http.MethodHead {
		return err
	}
	return spec.checkBody(response.Value, header.Get("Content-Type"), body)
}

func (s specification) checkHeaders(response *openapi3.Response, header http.Header) error {
	for name, described := range response.Headers {
		given := header.Get(name)
		if given == "" {
			if described.Value.Required {
				return fmt.Errorf("the header %s is missing", name)
			}
			continue
		}
		var value any = given
		if !described.Value.Schema.Value.Type.Permits(openapi3.TypeString) {
			var err error
			if value, err = jsonschema.UnmarshalJSON(strings.NewReader(given)); err != nil {
				return fmt.Errorf("the header %s: %w", name, err)
			}
		}
		if err := s.schemas.check(described.Value.Schema, value); err != nil {
			return fmt.Errorf("the header %s: %w", name, err)
		}
	}
	return nil
}

func (s specification) checkBody(response *openapi3.Response, contentType string, body []byte) error {
	if len(response.Content) == 0 {
		return nil // a redirect's link is for browsers of old
	}
	described := response.Content.Get(contentType)
	if described == nil {
		return fmt.Errorf("the content type %q", contentType)
	}
	if strings.HasPrefix(contentType, "application/json") {
		return s.checkJSON(described.Schema, body)
	}
	return s.schemas.check(described.Schema, string(body))
}

func (s specification) checkJSON(schema *openapi3.SchemaRef, body []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return s.schemas.check(schema, value)
}

// checkUnknown checks the answer to what the document does not have.
func (s specification) checkUnknown(status int, body []byte) error {
	if status != http.StatusNotFound && status != http.StatusMethodNotAllowed {
		return errors.New("the document has no such operation")
	}
	return s.checkJSON(s.doc.Components.Schemas["Error"], body)
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
