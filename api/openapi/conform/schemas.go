package conform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemas are the schemas of a document, each compiled once: the OpenAPI library compiles
// one anew for each value, which takes longer than the request that answered it.
type schemas struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	compiled map[*openapi3.SchemaRef]*jsonschema.Schema
}

// component is where the compiler finds the schemas that the others refer to.
const component = "https://document.invalid/components#/$defs/"

func newSchemas(doc *openapi3.T) (*schemas, error) {
	s := &schemas{compiler: jsonschema.NewCompiler(), compiled: map[*openapi3.SchemaRef]*jsonschema.Schema{}}
	s.compiler.DefaultDraft(jsonschema.Draft2020)
	s.compiler.AssertFormat()
	address, _, _ := strings.Cut(component, "#")
	return s, s.add(address, map[string]any{"$defs": doc.Components.Schemas})
}

// add makes a schema known by its address.
func (s *schemas) add(address string, schema any) error {
	text, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	text = bytes.ReplaceAll(text, []byte(`"#/components/schemas/`), []byte(`"`+component))
	plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.compiler.AddResource(address, plain)
}

// check holds a value, as jsonschema.UnmarshalJSON reads it, against a schema.
func (s *schemas) check(schema *openapi3.SchemaRef, value any) error {
	compiled, err := s.of(schema)
	if err != nil {
		return err
	}
	return compiled.Validate(value)
}

func (s *schemas) of(schema *openapi3.SchemaRef) (*jsonschema.Schema, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok := s.compiled[schema]; ok {
		return found, nil
	}
	address := fmt.Sprintf("https://document.invalid/%d", len(s.compiled))
	if err := s.add(address, schema); err != nil {
		return nil, err
	}
	compiled, err := s.compiler.Compile(address)
	if err == nil {
		s.compiled[schema] = compiled
	}
	return compiled, err
}
