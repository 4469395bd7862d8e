package post

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
)

const notHTTP = "The endpoint's answer is not HTTP."

// sentence says to the merchant why there was no answer. It is made of our own words
// alone: errors of the network hold addresses, some of them of our side.
func (c *Client) sentence(parent context.Context, err error) string {
	var (
		name      *net.DNSError
		timeout   net.Error
		plaintext tls.RecordHeaderError
	)
	switch {
	case errors.Is(parent.Err(), context.Canceled):
		return "The request was broken off, since the hub is stopping."
	case errors.Is(err, errClosedNetwork):
		return "The endpoint's name resolves to an address that webhooks are not sent to."
	case errors.As(err, &name) && name.IsNotFound:
		return "The endpoint's name could not be resolved: no address is known for it."
	case errors.As(err, &name) && !name.IsTimeout:
		return "The endpoint's name could not be resolved."
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("The endpoint did not answer within %g seconds.", c.timeout.Seconds())
	case errors.Is(err, syscall.ECONNREFUSED):
		return "The endpoint refused the connection."
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "The endpoint could not be reached."
	case errors.As(err, &plaintext):
		return "The endpoint does not speak TLS on this port."
	case certificate(err) != "":
		return "The endpoint's certificate is not valid: " + certificate(err) + "."
	case says(err, "tls: "):
		return "No TLS connection could be made: the endpoint must accept TLS 1.2 or later, with a cipher that is in use today."
	case says(err, "response headers exceeded", "header list larger", "COMPRESSION_ERROR"): // the last of one long line in HTTP/2
		return fmt.Sprintf("The header of the endpoint's answer is larger than %d KiB.", maxAnswerHead>>10)
	case says(err, "malformed", "bad Content-Length", "connection error:"):
		return notHTTP
	case closed(err):
		return "The endpoint closed the connection before it had answered."
	default:
		return "The connection to the endpoint failed before it had answered."
	}
}

// certificate says what is wrong with a certificate; "" when something else went wrong.
func certificate(err error) string {
	var (
		refused *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &unknown):
		return "it was issued by an authority that is not known, or its chain is not sent whole"
	case errors.As(err, &name):
		return "it is for another name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "it has expired, or is not valid yet"
	case errors.As(err, &invalid), errors.As(err, &refused):
		return "its chain cannot be verified"
	default:
		return ""
	}
}

// closed reports whether the other side ended the connection or the stream.
func closed(err error) bool {
	return errors.Is(err, errReplayed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		says(err, "server closed", "stream error", "GOAWAY")
}

// says looks for words in an error whose type net/http and crypto/tls keep to themselves.
func says(err error, words ...string) bool {
	text := err.Error()
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
}
