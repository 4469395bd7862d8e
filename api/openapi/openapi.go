// Package openapi holds the API's documents, the single sources of what requests
// and responses look like: types.gen.go is generated from the Hub's, and package
// acquiring from the acquiring façade's.
package openapi

import _ "embed"

//go:generate go tool -modfile=../../tools.mod oapi-codegen -config generate.yaml -o types.gen.go openapi.yaml
//go:generate go tool -modfile=../../tools.mod oapi-codegen -config acquiring/generate.yaml -o acquiring/types.gen.go acquiring.yaml

// Document is the Hub's OpenAPI 3.1 document in YAML.
//
//go:embed openapi.yaml
var Document []byte

// AcquiringDocument is the acquiring façade's.
//
//go:embed acquiring.yaml
var AcquiringDocument []byte
