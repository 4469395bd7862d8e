// Package devserver runs a whole Temporal server, and its Web UI, inside this
// process on one SQLite file: what `paymenthub dev`, the bench and the
// end-to-end tests drive payments with. Production uses a Temporal cluster;
// binaries built with the tag slim leave the server out.
package devserver

import (
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.uber.org/zap"
)

// Options of a server.
type Options struct {
	// DataFile is the SQLite file that holds all state; it is made when missing
	// and survives kill -9. Empty keeps the state in memory.
	DataFile string
	// Address of the frontend, IP:port; port 0 picks a free one.
	Address string
	// UIAddress of the Web UI, IP:port; port 0 picks a free one, empty leaves it out.
	UIAddress string
	// Namespace to create when missing; empty means "default".
	Namespace string
	// Shards is the number of history shards, at least 4 (also the default). An
	// existing file keeps the number it was made with.
	Shards int
	// SearchAttributes to register in the namespace when missing, by name.
	SearchAttributes map[string]enumspb.IndexedValueType
	// CodecEndpoint is the URL at which the UI has payloads decoded; empty for none.
	CodecEndpoint string
	// Retention of closed workflows, at least 1 h; 0 means 30 days. An existing
	// namespace keeps its own.
	Retention time.Duration
	// Logger receives the server's warnings and errors. Nil silences them.
	Logger *zap.Logger
}
