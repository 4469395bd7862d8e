package decode_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"paymenthub/api/decode"
	"paymenthub/internal/fault"
)

type inner struct {
	Count *int64  `json:"count,omitempty"`
	Names []inner `json:"names,omitempty"`
}

type outer struct {
	Text  string `json:"text"`
	Flag  *bool  `json:"flag,omitempty"`
	Inner inner  `json:"inner"`
}

func TestErrorsNameTheField(t *testing.T) {
	for body, want := range map[string]string{
		`{"inner":{"count":"7"}}`:                "Field 'inner.count' must be a positive integer.",
		`{"inner":{"names":[{},{"count":1.5}]}}`: "Field 'inner.names.1.count' must be a positive integer.",
		`{"inner":[]}`:                           "Field 'inner' must be an object.",
		`{"inner":{"names":{}}}`:                 "Field 'inner.names' must be an array.",
		`{"text":1}`:                             "Field 'text' must be a string.",
		`{"flag":"true"}`:                        "Field 'flag' must be true or false.",
		`{"inner":{"cuont":1}}`:                  "Unknown field 'inner.cuont'.",
		`{"text":"a","text":"b"}`:                "Field 'text' is given twice.",
		`{"4242424242424242":1}`:                 "Unknown field '(name withheld)'.",
		`{"<script>":1}`:                         "Unknown field '(name withheld)'.",
		`{"text":"\ud800"}`:                      "The request body is not valid JSON in UTF-8.",
		`{"text":"a"} {}`:                        "The request body is not valid JSON in UTF-8.",
		`{"text":"a",}`:                          "The request body is not valid JSON in UTF-8.",
		`{"text":NaN}`:                           "The request body is not valid JSON in UTF-8.",
		`7`:                                      "The request body must be a JSON object.",
	} {
		var v outer
		err := decode.JSON([]byte(body), &v, nil)
		require.True(t, fault.Is(err, fault.Invalid), body)
		require.Equal(t, want, fault.From(err).Message, body)
	}
}

func TestEmptyAndNull(t *testing.T) {
	var v outer
	require.NoError(t, decode.JSON([]byte(" \n"), &v, nil))
	require.NoError(t, decode.JSON([]byte(`{"flag":null,"inner":null,"text":"é"}`), &v, nil))
	require.Equal(t, outer{Text: "é"}, v)
}

func TestAQueryMayHaveAList(t *testing.T) {
	request := func(query string) *http.Request { return httptest.NewRequest("GET", "/?"+query, nil) }
	values, err := decode.QueryWithList(request("type=a&type=b&limit=1"), "type", "limit")
	require.NoError(t, err)
	require.Equal(t, url.Values{"type": {"a", "b"}, "limit": {"1"}}, values)
	for _, query := range []string{"type=a&type=", "limit=1&limit=2", "other=1", "=1"} {
		_, err := decode.QueryWithList(request(query), "type", "limit")
		require.True(t, fault.Is(err, fault.Invalid), query)
	}
	_, err = decode.Query(request("=1"), "limit")
	require.True(t, fault.Is(err, fault.Invalid))
}

func TestQueryTimes(t *testing.T) {
	r := httptest.NewRequest("GET", "/?a=0&b=2026-01-01T00:00:00Z&c=253402300800&d=9999999999999999999999", nil)
	values, err := decode.Query(r, "a", "b", "c", "d")
	require.NoError(t, err)
	at, err := decode.Time(values, "a")
	require.NoError(t, err)
	require.True(t, at.Equal(time.Unix(0, 0)))
	for _, name := range []string{"c", "d"} {
		_, err = decode.Time(values, name)
		require.Error(t, err, name)
	}
}

func TestOpenIgnoresWhatItDoesNotKnow(t *testing.T) {
	type person struct {
		Name *string `json:"name"`
		Age  *int    `json:"age"`
	}
	for _, nothing := range []string{``, `null`, `{}`, `{"name":null}`, `{"NAME":"x","other":{"name":[1]}}`} {
		var p person
		require.NoError(t, decode.Open("customer", jsontext.Value(nothing), &p), nothing)
		require.Equal(t, person{}, p, nothing)
	}
	var p person
	require.NoError(t, decode.Open("customer", jsontext.Value(` {"x":1,"name":"A"}`), &p))
	require.Equal(t, "A", *p.Name)
	for text, want := range map[string]string{
		`[]`: "Field 'customer' must be an object.", `"4242424242424242"`: "Field 'customer' must be an object.",
		`{"name":4242424242424242}`: "Field 'customer.name' must be a string.", `{"age":"x"}`: "Field 'customer.age' must be a positive integer.",
	} {
		f := fault.From(decode.Open("customer", jsontext.Value(text), &person{}))
		require.Equal(t, []any{fault.Invalid, want}, []any{f.Code, f.Message})
		require.Contains(t, want, "'"+f.Param+"'")
	}
}
