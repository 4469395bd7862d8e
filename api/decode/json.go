// Package decode turns requests into values, strictly: what is unknown, given
// twice or of the wrong type is refused with a fault.Invalid that names the
// field. No error repeats a value: it could be a card number.
package decode

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"paymenthub/internal/fault"
)

var (
	exact  = json.MatchCaseInsensitiveNames(false)
	strict = json.JoinOptions(json.RejectUnknownMembers(true), exact)
)

// JSON reads body, one JSON object in UTF-8 (RFC 8259), into the struct that v
// points to. An empty body counts as {}; null counts as absent. special may
// read some types its own way and return a fault.
//
// Errors: fault.Invalid naming the field.
func JSON(body []byte, v any, special *json.Unmarshalers) error {
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) == 0 {
		return nil
	}
	if body[0] != '{' {
		return fault.New(fault.Invalid, "The request body must be a JSON object.")
	}
	if err := json.Unmarshal(body, v, strict, json.WithUnmarshalers(special)); err != nil {
		return explain(err)
	}
	return nil
}

// Open reads raw, the value of the field at param, into the struct that v points
// to, and ignores members that it does not know; null and nothing count as {}.
//
// Errors: fault.Invalid naming the field.
func Open(param string, raw jsontext.Value, v any) error {
	switch raw.Kind() {
	case 'n', 0:
		return nil
	case '{':
	default:
		return fault.Field(param, "Field '%s' must be an object.", param)
	}
	err := json.Unmarshal(raw, v, exact)
	if err == nil {
		return nil
	}
	f := fault.From(explain(err))
	return fault.Field(param+"."+f.Param, "%s", strings.Replace(f.Message, "'"+f.Param+"'", "'"+param+"."+f.Param+"'", 1))
}

// explain turns a decoder's error, which may quote the input, into ours, which
// must not.
func explain(err error) error {
	var ours *fault.Error
	if errors.As(err, &ours) {
		return ours
	}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		field := Path(semantic.JSONPointer)
		if errors.Is(semantic.Err, json.ErrUnknownName) {
			return fault.Field(field, "Unknown field '%s'.", field)
		}
		return fault.Field(field, "Field '%s' must be %s.", field, expected(semantic.GoType))
	}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) && errors.Is(syntactic.Err, jsontext.ErrDuplicateName) {
		field := Path(syntactic.JSONPointer)
		return fault.Field(field, "Field '%s' is given twice.", field)
	}
	return fault.New(fault.Invalid, "The request body is not valid JSON in UTF-8.")
}

// expected names, for people, what a Go type holds.
func expected(t reflect.Type) string {
	if t == nil {
		return "of another type"
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a positive integer"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "an array"
	default:
		return "a string"
	}
}

// Path writes a JSON pointer as callers know it, "payment_method.card.number".
// Names that are none, or that could hold a card number, are not repeated.
func Path(pointer jsontext.Pointer) string {
	var names []string
	for token := range pointer.Tokens() {
		names = append(names, SafeName(token))
	}
	return strings.Join(names, ".")
}

// unsafeName stands for a name that is not repeated.
const unsafeName = "(name withheld)"

// SafeName returns a name that a caller sent, if it may be repeated: up to 64
// letters, digits and marks, with fewer digits than a card number has.
func SafeName(name string) string {
	count, figures := 0, 0
	for _, r := range name {
		count++
		if unicode.IsDigit(r) {
			figures++
		} else if !unicode.IsLetter(r) && !strings.ContainsRune("_-.[]$ ", r) {
			return unsafeName
		}
	}
	if count == 0 || count > 64 || figures > 11 {
		return unsafeName
	}
	return name
}
