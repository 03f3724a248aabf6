package trail

import (
	"context"
	"time"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/records"
)

// Kind is what a log holds.
type Kind string

// The kinds of logs. Any is told by content, file by file.
const (
	Any       Kind = ""
	FlowLogs  Kind = "flow-logs"
	Events    Kind = "cloudtrail"
	AccessLog Kind = "access-logs"
	// DNSLog is of no use to the graph: only residual use reads it.
	DNSLog Kind = "dns-logs"
)

// Logs are files of one kind, or of one setting.
type Logs struct {
	Kind  Kind
	Files []records.File
	// Format is the LogFormat of flow logs whose files have no header.
	Format string
	// Hides says what is not known where these logs cannot be read: "who talks to
	// whom in vpc-1".
	Hides string
}

// Window is the time that is wanted: [From, To). Zero times are no bound.
type Window struct{ From, To time.Time }

// Sink takes what is to be told besides the result. It is safe for concurrent
// use; the sink of a scan is one.
type Sink interface {
	// Unread is something that exists or may exist and was not read.
	Unread(inventory.Unread)
	// Refused is a file, or lines of one, that could not be understood.
	Refused(inventory.Refused)
	// Input names something that was read, with its fingerprint.
	Input(name, fingerprint string)
	// Planned and Done count bytes as stored.
	Planned(n int64)
	Done(n int64)
}

// Finder tells where logs are. What it cannot look at goes to the sink; its
// error is only for a cancelled context or a use that can give nothing. It may
// be called again. Files that it returns are opened later, several at once.
type Finder interface {
	Find(ctx context.Context, inv inventory.Inventory, w Window, to Sink) ([]Logs, error)
}
