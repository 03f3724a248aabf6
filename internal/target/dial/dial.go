package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.com/landfall/internal/design/connect"
	"example.com/landfall/internal/target"
)

// Dialer tries connections.
type Dialer struct {
	timeout  time.Duration
	resolver *net.Resolver
	now      func() time.Time
}

var _ target.Dialer = Dialer{}

// Options say how to try.
type Options struct {
	// Timeout of one try; 5 s when 0.
	Timeout time.Duration
	// Resolver is the system's when nil.
	Resolver *net.Resolver
	Now      func() time.Time
}

// New returns a dialer.
func New(o Options) Dialer {
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	return Dialer{o.Timeout, o.Resolver, o.Now}
}

// Try resolves the name, connects, and speaks the protocol's first words.
func (d Dialer) Try(ctx context.Context, c connect.Check) connect.Result {
	began := d.now()
	out := connect.Result{ID: c.ID}
	if c.To.Host == "" {
		out.State, out.Detail = connect.NotTried, "the address of "+c.To.Name+" is not known yet"
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	d.try(ctx, c, &out)
	out.Seconds = d.now().Sub(began).Seconds()
	return out
}

func (d Dialer) try(ctx context.Context, c connect.Check, out *connect.Result) {
	addresses, err := d.resolver.LookupHost(ctx, c.To.Host)
	if err != nil || len(addresses) == 0 {
		out.State, out.Detail = connect.NoName, reason(err)
		return
	}
	out.Address = addresses[0]
	if c.Protocol == "dns" {
		d.ask(ctx, c, out)
		return
	}
	conn, err := (&net.Dialer{Resolver: d.resolver}).DialContext(ctx, "tcp", net.JoinHostPort(addresses[0], strconv.Itoa(c.Port)))
	if err != nil {
		out.State, out.Detail = stateOf(err), reason(err)
		return
	}
	defer conn.Close() //nolint:errcheck // nothing was sent that could be lost
	out.State = connect.Open
	switch c.Protocol {
	case "tls", "https":
		out.Detail, err = greet(ctx, conn, c.To.Host)
	case "http":
		out.Detail, err = head(ctx, conn, c.To.Host)
	}
	if err != nil {
		out.State, out.Detail = connect.Broken, reason(err)
	}
}

// greet does a TLS handshake. Whose certificate it is is not this check's
// business, only that the way is open to the end: an inspecting firewall shows
// by another name in the detail.
func greet(ctx context.Context, conn net.Conn, host string) (string, error) {
	client := tls.Client(conn, &tls.Config{ServerName: host, InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}) //nolint:gosec // nothing is sent over it
	if err := client.HandshakeContext(ctx); err != nil {
		return "", err
	}
	state := client.ConnectionState()
	if len(state.PeerCertificates) == 0 {
		return tls.VersionName(state.Version), nil
	}
	return tls.VersionName(state.Version) + ", certificate of " + state.PeerCertificates[0].Subject.CommonName, nil
}

// head asks for nothing but the headers of the root.
func head(ctx context.Context, conn net.Conn, host string) (string, error) {
	used := false
	client := http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
			if used {
				return nil, errors.New("the server wants a second connection")
			}
			used = true
			return conn, nil
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, "http://"+host+"/", http.NoBody)
	if err != nil {
		return "", err
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	return answer.Status, answer.Body.Close()
}

// ask sends a DNS question to the host itself.
func (d Dialer) ask(ctx context.Context, c connect.Check, out *connect.Result) {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(out.Address, strconv.Itoa(c.Port)))
	}}
	_, err := resolver.LookupNS(ctx, ".")
	var dns *net.DNSError
	switch {
	case err == nil, errors.As(err, &dns) && dns.IsNotFound:
		out.State = connect.Open
	default:
		out.State, out.Detail = stateOf(err), reason(err)
	}
}

// stateOf tells a refusal, which is an answer, from silence.
func stateOf(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return connect.Refused
	case errors.Is(err, syscall.ECONNRESET):
		return connect.Broken
	}
	return connect.Filtered
}

// reason is one line.
func reason(err error) string {
	if err == nil {
		return ""
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}
