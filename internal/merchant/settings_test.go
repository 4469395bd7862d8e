package merchant_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
)

func picture(t *testing.T, width, height int, encode func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, encode(&b, image.NewNRGBA(image.Rect(0, 0, width, height))))
	return b.Bytes()
}

func asPNG(b *bytes.Buffer, i image.Image) error  { return png.Encode(b, i) }
func asJPEG(b *bytes.Buffer, i image.Image) error { return jpeg.Encode(b, i, nil) }

// webp is the head of a WebP file, which is all that is looked at.
func webp(kind string, body ...byte) []byte {
	chunk := append([]byte(kind), 0, 0, 0, 0)
	chunk = append(append(chunk, body...), make([]byte, 16)...)
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(chunk)+4))
	return append(append(head, "WEBP"...), chunk...)
}

func TestLogosArePictures(t *testing.T) {
	names := merchant.LogoNames{MediaType: "type", Data: "data"}
	for name, good := range map[string]struct {
		mediaType string
		data      []byte
	}{
		"PNG": {"image/png", picture(t, 64, 32, asPNG)}, "JPEG": {"image/jpeg", picture(t, 64, 32, asJPEG)},
		"largest":        {"image/png", picture(t, merchant.MaxLogoSide, 1, asPNG)},
		"WebP, lossy":    {"image/webp", webp("VP8 ", 0, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 32, 0)},
		"WebP, lossless": {"image/webp", webp("VP8L", 0x2f, 63, 0xc0, 0x07, 0)},
		"WebP, extended": {"image/webp", webp("VP8X", 0, 0, 0, 0, 63, 0, 0, 31, 0, 0)},
	} {
		logo, err := merchant.NewLogo(good.mediaType, good.data, names)
		require.NoError(t, err, name)
		require.Equal(t, &merchant.Logo{MediaType: good.mediaType, Data: good.data}, logo)
	}
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	for name, wrong := range map[string]struct {
		mediaType string
		data      []byte
		field     string
	}{
		"SVG": {"image/svg+xml", svg, "type"}, "SVG called PNG": {"image/png", svg, "data"}, "GIF": {"image/gif", nil, "type"},
		"PNG called JPEG": {"image/jpeg", picture(t, 9, 9, asPNG), "data"}, "JPEG called WebP": {"image/webp", picture(t, 9, 9, asJPEG), "data"},
		"nothing": {"image/png", nil, "data"}, "half a head": {"image/png", picture(t, 9, 9, asPNG)[:20], "data"},
		"too many bytes": {"image/png", append(picture(t, 9, 9, asPNG), make([]byte, merchant.MaxLogo)...), "data"},
		"too wide":       {"image/png", picture(t, merchant.MaxLogoSide+1, 1, asPNG), "data"},
		"WebP, cut":      {"image/webp", webp("VP8X", 0, 0, 0, 0, 63, 0, 0, 31, 0, 0)[:29], "data"},
		"WebP, too wide": {"image/webp", webp("VP8X", 0, 0, 0, 0, 0, 8, 0, 31, 0, 0), "data"},
		"WebP, no start": {"image/webp", webp("VP8 ", make([]byte, 10)...), "data"},
		"WebP, of sound": {"image/webp", webp("fmt ", make([]byte, 10)...), "data"},
	} {
		_, err := merchant.NewLogo(wrong.mediaType, wrong.data, names)
		var f *fault.Error
		require.ErrorAs(t, err, &f, name)
		require.Equal(t, wrong.field, f.Param, name)
	}
}

// shelf counts how often it is asked.
type shelf struct {
	merchant.SettingsRepository
	asked int
	fail  error
}

func (s *shelf) Settings(_ context.Context, scope merchant.Scope) (merchant.Settings, error) {
	s.asked++
	return merchant.Settings{Scope: scope}, s.fail
}

func TestSettingsAreRememberedForSeconds(t *testing.T) {
	at, repo := clock.NewManual(time.Unix(1_700_000_000, 0)), &shelf{}
	cache := merchant.NewSettingsCache(repo, at)
	sandbox, live := merchant.Scope{MerchantID: "m", Environment: merchant.Sandbox}, merchant.Scope{MerchantID: "m", Environment: merchant.Live}
	for range 3 {
		for _, scope := range []merchant.Scope{sandbox, live} {
			s, err := cache.Settings(t.Context(), scope)
			require.NoError(t, err)
			require.Equal(t, scope, s.Scope)
		}
	}
	require.Equal(t, 2, repo.asked)
	at.Advance(3 * time.Second)
	repo.fail = errors.New("down")
	_, err := cache.Settings(t.Context(), sandbox)
	require.ErrorIs(t, err, repo.fail)
	repo.fail = nil
	_, err = cache.Settings(t.Context(), sandbox)
	require.NoError(t, err, "a failure is not remembered")
	require.Equal(t, 4, repo.asked)
}
