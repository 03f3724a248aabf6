package load

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"
)

// maxBody bounds what is read of one answer.
const maxBody = 8 << 20

// client is one simulated user agent: its own DNS cache and connections.
type client struct {
	base     *url.URL
	resolver *resolver // nil: the system's resolver, inside the transport
	timeout  time.Duration

	mu         sync.Mutex
	transports map[netip.Addr]*http.Transport
}

func newClient(base *url.URL, opts Options, number uint64) *client {
	c := &client{base: base, timeout: opts.Timeout, transports: map[netip.Addr]*http.Transport{}}
	if _, err := netip.ParseAddr(base.Hostname()); opts.Resolver != "" && err != nil {
		c.resolver = &resolver{server: opts.Resolver, host: base.Hostname(), now: opts.Now, random: rand.New(rand.NewPCG(opts.Seed, 1<<40+number))}
	}
	return c
}

// answer is what came back.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	address string // the peer, for the report
}

// do sends one request and reads the whole answer.
func (c *client) do(ctx context.Context, method, path string, body io.Reader, accept string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	transport, address, err := c.transport(ctx)
	if err != nil {
		return answer{}, err
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base.String()+path, body)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("User-Agent", "bookshop-load/1")
	request.Header.Set("Accept", accept)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	// RoundTrip rather than a Client: a redirect is an answer like any other.
	response, err := transport.RoundTrip(request)
	if err != nil {
		return answer{address: address}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	return answer{response.StatusCode, response.Header, content, address}, err
}

// transport returns the connections to use now. There is a set per address,
// so that a connection to an address that DNS no longer gives is never used
// again, not even one that was busy when the answer changed.
func (c *client) transport(ctx context.Context) (*http.Transport, string, error) {
	var address netip.Addr // the zero address stands for "whatever the system says"
	target := c.base.Host
	if c.resolver != nil {
		var err error
		if address, err = c.resolver.resolve(ctx); err != nil {
			return nil, "", err
		}
		target = net.JoinHostPort(address.String(), port(c.base))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.transports[address] == nil {
		dialer := &net.Dialer{Timeout: 2 * time.Second}
		transport := &http.Transport{
			MaxIdleConnsPerHost: 256, MaxIdleConns: 256, IdleConnTimeout: 20 * time.Second,
			ResponseHeaderTimeout: c.timeout, DisableCompression: true,
		}
		transport.DialContext = func(ctx context.Context, network, hostport string) (net.Conn, error) {
			if c.resolver != nil {
				hostport = target
			}
			return dialer.DialContext(ctx, network, hostport)
		}
		c.transports[address] = transport
	}
	return c.transports[address], hostOf(target), nil
}

func (c *client) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, transport := range c.transports {
		transport.CloseIdleConnections()
	}
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}
