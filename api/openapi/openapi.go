// Package openapi holds the API's document, the single source of what requests
// and responses look like: types.gen.go is generated from it.
package openapi

import _ "embed"

//go:generate go tool -modfile=../../tools.mod oapi-codegen -config generate.yaml -o types.gen.go openapi.yaml

// Document is the OpenAPI 3.1 document in YAML.
//
//go:embed openapi.yaml
var Document []byte
