package link

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"example.com/landfall/internal/fault"
)

// Link forwards TCP connections from its own loopback address to a part. Its
// methods may be called concurrently and while connections are open; faults
// apply to open connections too.
type Link struct {
	proxy *toxiproxy.Proxy
}

// Fault is one disturbance. The zero value of a field leaves that out.
type Fault struct {
	// Latency is added to each chunk from the part to its client, give or
	// take Jitter.
	Latency, Jitter time.Duration
	// KilobytesPerSecond bounds the flow in both directions.
	KilobytesPerSecond int64
	// ResetAfter cuts a connection with a TCP reset that long after its first
	// byte; see also Reset.
	ResetAfter time.Duration
	// Reset cuts each connection at its first byte.
	Reset bool
	// CloseAfterBytes ends a connection after that many bytes from the part:
	// an answer that was cut off.
	CloseAfterBytes int64
	// BlackHole swallows everything in both directions and answers nothing.
	BlackHole bool
}

// New opens a link to the part at the address (host:port). Close it when done.
// The error is of kind fault.Conflict when no port could be had.
func New(upstream string) (*Link, error) {
	log := zerolog.New(io.Discard)
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), log)
	proxy := toxiproxy.NewProxy(server, "link", "127.0.0.1:0", upstream)
	if err := proxy.Start(); err != nil {
		return nil, fault.Of(fault.Conflict, "open link to", upstream, err)
	}
	return &Link{proxy}, nil
}

// Address is where to dial instead of the part.
func (l *Link) Address() string { return l.proxy.Listen }

// Close cuts every connection and frees the port.
func (l *Link) Close() { l.proxy.Stop() }

// Cut refuses connections and cuts the open ones, as a pulled cable on the
// part's side does. Mend undoes it.
func (l *Link) Cut() { l.proxy.Stop() }

// Mend takes every fault away, and a cut too.
func (l *Link) Mend(ctx context.Context) error {
	l.proxy.Toxics.ResetToxics(ctx)
	if l.proxy.Enabled {
		return nil
	}
	if err := l.proxy.Start(); err != nil {
		return fault.Of(fault.Conflict, "open link again at", l.proxy.Listen, err)
	}
	return nil
}

// Disturb applies the fault until Mend. Calling it again replaces the fault
// before.
func (l *Link) Disturb(ctx context.Context, f Fault) error {
	l.proxy.Toxics.ResetToxics(ctx)
	for _, t := range f.toxics() {
		data, err := json.Marshal(t)
		if err != nil {
			return fault.Of(fault.Internal, "encode fault", t.Type, err)
		}
		if _, err := l.proxy.Toxics.AddToxicJson(bytes.NewReader(data)); err != nil {
			return fault.Of(fault.Internal, "apply fault", t.Type, err)
		}
	}
	return nil
}

// toxic is toxiproxy's own description of a fault in one direction.
type toxic struct {
	Name       string           `json:"name"`
	Type       string           `json:"type"`
	Stream     string           `json:"stream"`
	Attributes map[string]int64 `json:"attributes"`
}

func (f Fault) toxics() []toxic {
	const toClient, toPart = "downstream", "upstream"
	var all []toxic
	add := func(kind, stream string, attributes map[string]int64) {
		all = append(all, toxic{kind + "_" + stream, kind, stream, attributes})
	}
	if f.Latency > 0 || f.Jitter > 0 {
		add("latency", toClient, map[string]int64{"latency": f.Latency.Milliseconds(), "jitter": f.Jitter.Milliseconds()})
	}
	if f.KilobytesPerSecond > 0 {
		add("bandwidth", toClient, map[string]int64{"rate": f.KilobytesPerSecond})
		add("bandwidth", toPart, map[string]int64{"rate": f.KilobytesPerSecond})
	}
	if f.Reset || f.ResetAfter > 0 {
		add("reset_peer", toPart, map[string]int64{"timeout": f.ResetAfter.Milliseconds()})
	}
	if f.CloseAfterBytes > 0 {
		add("limit_data", toClient, map[string]int64{"bytes": f.CloseAfterBytes})
	}
	if f.BlackHole {
		// A timeout of 0 means for ever: nothing passes, nothing is closed.
		add("timeout", toClient, map[string]int64{"timeout": 0})
		add("timeout", toPart, map[string]int64{"timeout": 0})
	}
	return all
}
