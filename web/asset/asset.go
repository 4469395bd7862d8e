// Package asset keeps the files that pages load: styles and scripts, each under a name
// that holds a hash of its content, so that it never changes under its name.
package asset

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
)

// File is a file that pages load.
type File struct {
	Name        string // "checkout.1f0c9a3b4d5e.js"
	contentType string
	Body        []byte
	compressed  func() []byte // the body, gzip, from when it is first asked for
	// Integrity is its hash as pages name it (W3C Subresource Integrity): what was
	// changed on its way does not run (PCI DSS 6.4.3).
	Integrity string
}

// Style is a stylesheet.
func Style(name string, body []byte) *File {
	return file(name, ".css", "text/css; charset=utf-8", body)
}

// Script is JavaScript.
func Script(name string, body []byte) *File {
	return file(name, ".js", "text/javascript; charset=utf-8", body)
}

func file(name, extension, contentType string, body []byte) *File {
	short, long := sha256.Sum256(body), sha512.Sum384(body)
	return &File{
		Name:        name + "." + hex.EncodeToString(short[:6]) + extension,
		contentType: contentType, Body: body, compressed: sync.OnceValue(func() []byte { return compress(body) }),
		Integrity: "sha384-" + base64.StdEncoding.EncodeToString(long[:]),
	}
}

func compress(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// Send answers with the file, to be kept for good, compressed where the client takes that.
func (f *File) Send(w http.ResponseWriter, r *http.Request) {
	header, body := w.Header(), f.Body
	header.Set("Content-Type", f.contentType)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		body = f.compressed()
	}
	_, _ = w.Write(body) // a client that has left needs no answer
}

// Files are the files of some pages, by their names.
type Files map[string]*File

// NewFiles gathers files.
func NewFiles(all ...*File) Files {
	files := Files{}
	for _, f := range all {
		files[f.Name] = f
	}
	return files
}
