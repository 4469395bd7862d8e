package codec_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"paymenthub/internal/temporal/codec"
)

const uiOrigin = "http://127.0.0.1:8233"

func TestHandlerSpeaksTheRemoteCodecProtocol(t *testing.T) {
	c := newCodec(t, "k1", map[string][]byte{"k1": key(1)})
	server := httptest.NewServer(codec.Handler(c, []string{uiOrigin}, nil))
	defer server.Close()
	remote := converter.NewRemotePayloadCodec(converter.RemotePayloadCodecOptions{Endpoint: server.URL})

	p := payload(t, "readable")
	opened, err := remote.Decode([]*commonpb.Payload{seal(t, c, p)})
	require.NoError(t, err)
	require.True(t, proto.Equal(p, opened[0]))

	sealed, err := remote.Encode([]*commonpb.Payload{p})
	require.NoError(t, err)
	opened, err = c.Decode(sealed)
	require.NoError(t, err)
	require.True(t, proto.Equal(p, opened[0]))
}

func TestHandlerAnswersOnlyWhomItShould(t *testing.T) {
	c := newCodec(t, "k1", map[string][]byte{"k1": key(1)})
	body, err := protojson.Marshal(&commonpb.Payloads{Payloads: []*commonpb.Payload{seal(t, c, payload(t, "readable"))}})
	require.NoError(t, err)
	allow := func(*http.Request) error { return nil }
	refuse := func(*http.Request) error { return errors.New("internal reason") }

	for name, tc := range map[string]struct {
		remote, origin, forwarded string
		authorize                 func(*http.Request) error
		want                      int
	}{
		"local tool":                   {remote: "127.0.0.1:5000", want: http.StatusOK},
		"local tool over IPv6":         {remote: "[::1]:5000", want: http.StatusOK},
		"the UI":                       {remote: "127.0.0.1:5000", origin: uiOrigin, want: http.StatusOK},
		"another web page":             {remote: "127.0.0.1:5000", origin: "http://attacker.example", want: http.StatusForbidden},
		"opaque origin":                {remote: "127.0.0.1:5000", origin: "null", want: http.StatusForbidden},
		"another machine":              {remote: "192.0.2.7:5000", want: http.StatusForbidden},
		"another machine via a proxy":  {remote: "127.0.0.1:5000", forwarded: "192.0.2.7", want: http.StatusForbidden},
		"another machine, authorized":  {remote: "192.0.2.7:5000", origin: uiOrigin, authorize: allow, want: http.StatusOK},
		"this machine, not authorized": {remote: "127.0.0.1:5000", authorize: refuse, want: http.StatusForbidden},
		"authorized, another web page": {remote: "192.0.2.7:5000", origin: "http://attacker.example", authorize: allow, want: http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/codec/decode", strings.NewReader(string(body)))
			r.RemoteAddr = tc.remote
			if tc.origin != "" {
				r.Header.Set("Origin", tc.origin)
			}
			if tc.forwarded != "" {
				r.Header.Set("X-Forwarded-For", tc.forwarded)
			}
			w := httptest.NewRecorder()
			codec.Handler(c, []string{uiOrigin}, tc.authorize).ServeHTTP(w, r)
			require.Equal(t, tc.want, w.Code)
			require.NotContains(t, w.Body.String(), "internal reason")
			if tc.want == http.StatusOK {
				require.Equal(t, tc.origin, w.Header().Get("Access-Control-Allow-Origin"))
				require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			} else {
				require.NotContains(t, w.Body.String(), "payloads\":")
			}
		})
	}
}

func TestHandlerAnswersPreflights(t *testing.T) {
	c := newCodec(t, "k1", map[string][]byte{"k1": key(1)})
	r := httptest.NewRequest(http.MethodOptions, "/codec/decode", nil)
	r.Header.Set("Origin", uiOrigin)
	r.Header.Set("Access-Control-Request-Headers", "content-type,x-namespace")
	w := httptest.NewRecorder()
	codec.Handler(c, []string{uiOrigin}, nil).ServeHTTP(w, r)
	require.Equal(t, http.StatusNoContent, w.Code)
	require.Equal(t, uiOrigin, w.Header().Get("Access-Control-Allow-Origin"))
	require.Contains(t, w.Header().Get("Access-Control-Allow-Headers"), "X-Namespace")
}

func TestHandlerReportsUndecryptablePayloads(t *testing.T) {
	c := newCodec(t, "k1", map[string][]byte{"k1": key(1)})
	other := newCodec(t, "k2", map[string][]byte{"k2": key(2)})
	body, err := protojson.Marshal(&commonpb.Payloads{Payloads: []*commonpb.Payload{seal(t, other, payload(t, "x"))}})
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodPost, "/decode", strings.NewReader(string(body)))
	r.RemoteAddr = "127.0.0.1:5000"
	w := httptest.NewRecorder()
	codec.Handler(c, nil, nil).ServeHTTP(w, r)
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, w.Body.String(), codec.ErrUnknownKey.Error())
}
