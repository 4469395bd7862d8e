package merchant

import (
	"bytes"
	"encoding/binary"
	"image"
	_ "image/jpeg" // decodes headers of image/jpeg
	_ "image/png"  // decodes headers of image/png
	"slices"

	"paymenthub/internal/fault"
)

// Logo is a picture for the hosted checkout page.
type Logo struct {
	MediaType string `json:"media_type"` // image/png, image/jpeg or image/webp
	Data      []byte `json:"-"`          // at most MaxLogo bytes
}

// Bounds of a logo.
const (
	MaxLogo     = 128 << 10 // bytes
	MaxLogoSide = 2048      // pixels; a small file may unpack to a picture that fills a phone's memory
)

// LogoTypes are the media types of logos. SVG is none of them: it is a document
// that may hold scripts and links.
var LogoTypes = []string{"image/png", "image/jpeg", "image/webp"}

// LogoNames are what a façade calls a logo's fields; they stand in the errors.
type LogoNames struct{ MediaType, Data string }

// NewLogo checks that data is a picture of the type that it is said to have.
// Errors: fault.Invalid naming the field.
func NewLogo(mediaType string, data []byte, names LogoNames) (*Logo, error) {
	switch {
	case !slices.Contains(LogoTypes, mediaType):
		return nil, fault.Field(names.MediaType, "Field '%s' must be 'image/png', 'image/jpeg' or 'image/webp'.", names.MediaType)
	case len(data) > MaxLogo:
		return nil, fault.Field(names.Data, "Field '%s' must have at most %d bytes before it is written as Base64.", names.Data, MaxLogo)
	}
	width, height := dimensions(mediaType, data)
	switch {
	case width < 1 || height < 1:
		return nil, fault.Field(names.Data, "Field '%s' must be a picture of the type in '%s'.", names.Data, names.MediaType)
	case width > MaxLogoSide || height > MaxLogoSide:
		return nil, fault.Field(names.Data, "Field '%s' must be a picture of at most %d by %d pixels.", names.Data, MaxLogoSide, MaxLogoSide)
	}
	return &Logo{MediaType: mediaType, Data: data}, nil
}

// dimensions reads a picture's size in pixels; 0 when it is none of that type.
func dimensions(mediaType string, data []byte) (width, height int) {
	if mediaType == "image/webp" {
		return webpDimensions(data)
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || "image/"+format != mediaType {
		return 0, 0
	}
	return config.Width, config.Height
}

// webpDimensions reads the head of a WebP file (RFC 9649): a RIFF container whose
// first chunk is lossy, lossless or extended, each with the size in its own place.
func webpDimensions(data []byte) (width, height int) {
	const head = 30 // bytes that hold the size in each of the three forms
	if len(data) < head || string(data[:4]) != "RIFF" || string(data[8:12]) != "WEBP" {
		return 0, 0
	}
	if riff := int64(binary.LittleEndian.Uint32(data[4:8])); riff+8 > int64(len(data)) {
		return 0, 0
	}
	body := data[20:]
	switch string(data[12:16]) {
	case "VP8 ":
		if !bytes.Equal(body[3:6], []byte{0x9d, 0x01, 0x2a}) { // the start code of a key frame (RFC 6386, 9.1)
			return 0, 0
		}
		return int(binary.LittleEndian.Uint16(body[6:]) & 0x3fff), int(binary.LittleEndian.Uint16(body[8:]) & 0x3fff)
	case "VP8L":
		if body[0] != 0x2f { // its signature
			return 0, 0
		}
		bits := binary.LittleEndian.Uint32(body[1:])
		return int(bits&0x3fff) + 1, int(bits>>14&0x3fff) + 1
	case "VP8X":
		return little24(body[4:]) + 1, little24(body[7:]) + 1
	default:
		return 0, 0
	}
}

func little24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
