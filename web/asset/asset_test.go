package asset

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

var style = bytes.Repeat([]byte("p { color: red }\n"), 50)

func TestANameChangesWithTheContent(t *testing.T) {
	t.Parallel()
	a, b := Style("page", style), Style("page", style[1:])
	require.Regexp(t, `^page\.[0-9a-f]{12}\.css$`, a.Name)
	require.NotEqual(t, a.Name, b.Name)
	require.NotEqual(t, a.Integrity, b.Integrity)
	require.Regexp(t, `\.js$`, Script("page", style).Name)
	files := NewFiles(a, b)
	require.Same(t, a, files[a.Name])
	require.NotContains(t, files, "page.css")
}

func TestAFileIsSentForGood(t *testing.T) {
	t.Parallel()
	f := Style("page", style)
	send := func(accepted string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/assets/"+f.Name, nil)
		r.Header.Set("Accept-Encoding", accepted)
		w := httptest.NewRecorder()
		f.Send(w, r)
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "text/css; charset=utf-8", w.Header().Get("Content-Type"))
		require.Contains(t, w.Header().Get("Cache-Control"), "immutable")
		require.Equal(t, "Accept-Encoding", w.Header().Get("Vary"))
		return w
	}
	require.Equal(t, style, send("").Body.Bytes())

	small := send("br, gzip")
	require.Equal(t, "gzip", small.Header().Get("Content-Encoding"))
	require.Less(t, small.Body.Len(), len(style))
	r, err := gzip.NewReader(small.Body)
	require.NoError(t, err)
	body, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, style, body)
}
