package dns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/testkit"
)

// listening starts a server on a free port of loopback.
func listening(t *testing.T, o Options) *Server {
	t.Helper()
	o.Address = "127.0.0.1:0"
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func ask(t *testing.T, s *Server, network string, m *mdns.Msg) *mdns.Msg {
	t.Helper()
	c := &mdns.Client{Net: network, Timeout: 10 * time.Second}
	out, _, err := c.ExchangeContext(t.Context(), m, s.Address().String())
	if err != nil {
		t.Fatalf("%s %s: %v", network, m.Question[0].String(), err)
	}
	return out
}

func TestBothTransports(t *testing.T) {
	t.Parallel()
	s := listening(t, Options{Zones: shopZones(), Hosts: shopHosts(t)})
	for _, network := range []string{"udp", "tcp"} {
		if got := show(ask(t, s, network, question("www.shop.example.", "A"))); got != "NOERROR | aa | www.shop.example. 60 A 127.0.0.2" {
			t.Errorf("%s: %s", network, got)
		}
	}
}

// Go's own resolver finds names, and tells a name that is not there from a
// server that does not answer.
func TestGoResolver(t *testing.T) {
	t.Parallel()
	s := listening(t, Options{Zones: shopZones(), Hosts: shopHosts(t)})
	r := Resolver(s.Address().String())
	for name, want := range map[string]string{"www.shop.example.": "127.0.0.2", "c1.shop.example.": "127.0.0.7", "lb.shop.example.": "127.1.0.1", "any.wild.shop.example.": "127.0.0.5"} {
		got, err := r.LookupNetIP(t.Context(), "ip", name)
		if err != nil || !slices.Equal(got, []netip.Addr{netip.MustParseAddr(want)}) {
			t.Errorf("%s: %v, %v, want %s", name, got, err, want)
		}
	}
	if txt, err := r.LookupTXT(t.Context(), "shop.example."); err != nil || len(txt) != 1 || txt[0] != "v=spf1 -allsecond; part" {
		t.Errorf("TXT: %q, %v", txt, err)
	}
	if cname, err := r.LookupCNAME(t.Context(), "c2.shop.example."); err != nil || cname != "www.other.example." {
		t.Errorf("CNAME: %q, %v", cname, err)
	}
	_, err := r.LookupNetIP(t.Context(), "ip", "nothing.shop.example.")
	if e, ok := errors.AsType[*net.DNSError](err); !ok || !e.IsNotFound {
		t.Errorf("a name that is not there: %v", err)
	}
	_, err = r.LookupNetIP(t.Context(), "ip4", "loop.shop.example.")
	if e, ok := errors.AsType[*net.DNSError](err); !ok || e.IsNotFound {
		t.Errorf("a circle: %v", err)
	}
}

func bigZone() zonesOf {
	var values []string
	for i := range 120 {
		values = append(values, fmt.Sprintf("127.1.%d.%d", i/250, i%250+1))
	}
	return zonesOf{{ID: "Z", Name: "big.example.", Sets: []RecordSet{set("all.big.example.", "A", 5, values...)}}}
}

// An answer that does not fit into a UDP packet is cut and says so; by TCP,
// and with a larger buffer as far as that goes, it is whole.
func TestTruncation(t *testing.T) {
	t.Parallel()
	s := listening(t, Options{Zones: bigZone()})
	plain := new(mdns.Msg)
	plain.SetQuestion("all.big.example.", mdns.TypeA)
	for _, c := range []struct {
		buffer uint16
		max    int
	}{{0, 512}, {100, 512}, {1000, 1000}, {65000, maxUDP}} {
		m := plain.Copy()
		if c.buffer > 0 {
			m.SetEdns0(c.buffer, false)
		}
		cut := ask(t, s, "udp", m)
		cut.Compress = true // as it came
		if !cut.Truncated || cut.Len() > c.max || len(cut.Answer) == 0 {
			t.Errorf("buffer %d: cut %v, %d bytes, %d records", c.buffer, cut.Truncated, cut.Len(), len(cut.Answer))
		}
	}
	whole := ask(t, s, "tcp", plain)
	if whole.Truncated || len(whole.Answer) != 120 {
		t.Errorf("TCP: cut %v, %d records", whole.Truncated, len(whole.Answer))
	}
	got, err := Resolver(s.Address().String()).LookupNetIP(t.Context(), "ip4", "all.big.example.")
	if err != nil || len(got) != 120 {
		t.Errorf("Go's resolver, which asks again by TCP: %d addresses, %v", len(got), err)
	}
}

func TestEDNS(t *testing.T) {
	t.Parallel()
	s := listening(t, Options{Zones: shopZones()})
	m := ask(t, s, "udp", question("www.shop.example.", "A"))
	if opt := m.IsEdns0(); opt == nil || opt.UDPSize() != maxUDP {
		t.Errorf("no EDNS in the answer: %v", opt)
	}
	plain := new(mdns.Msg)
	plain.SetQuestion("www.shop.example.", mdns.TypeA)
	if m := ask(t, s, "udp", plain); m.IsEdns0() != nil {
		t.Error("EDNS in the answer to a question without")
	}
	future := question("www.shop.example.", "A")
	future.IsEdns0().SetVersion(1)
	if m := ask(t, s, "udp", future); m.Rcode != mdns.RcodeBadVers {
		t.Errorf("EDNS version 1: %s", mdns.RcodeToString[m.Rcode])
	}
}

func TestUnusualQuestions(t *testing.T) {
	t.Parallel()
	s := listening(t, Options{Zones: shopZones()})
	change := func(f func(*mdns.Msg)) *mdns.Msg {
		m := question("www.shop.example.", "A")
		f(m)
		return m
	}
	for _, c := range []struct {
		name string
		m    *mdns.Msg
		want int
	}{
		{"an update", change(func(m *mdns.Msg) { m.Opcode = mdns.OpcodeUpdate }), mdns.RcodeNotImplemented},
		{"a notify", change(func(m *mdns.Msg) { m.Opcode = mdns.OpcodeNotify }), mdns.RcodeNotImplemented},
		{"two questions", change(func(m *mdns.Msg) { m.Question = append(m.Question, m.Question[0]) }), mdns.RcodeFormatError},
		{"another class", change(func(m *mdns.Msg) { m.Question[0].Qclass = mdns.ClassCHAOS }), mdns.RcodeRefused},
		{"a zone transfer", change(func(m *mdns.Msg) { m.Question[0].Qtype = mdns.TypeAXFR }), mdns.RcodeRefused},
	} {
		if got := ask(t, s, "udp", c.m); got.Rcode != c.want {
			t.Errorf("%s: %s, want %s", c.name, mdns.RcodeToString[got.Rcode], mdns.RcodeToString[c.want])
		}
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	t.Parallel()
	s := listening(t, Options{})
	for address, want := range map[string]fault.Kind{
		"0.0.0.0:0": fault.Refused, "192.0.2.1:53": fault.Refused, "localhost:0": fault.Invalid, "": fault.Invalid,
		s.Address().String(): fault.Conflict,
	} {
		if _, err := New(Options{Address: address}); !fault.Is(err, want) {
			t.Errorf("%q: %v, want %s", address, err, want)
		}
	}
}

// Many ask at once, while weights change; every answer is one of the records.
func TestConcurrentQuestions(t *testing.T) {
	t.Parallel()
	var turn atomic.Uint64
	zones := sourceFunc(func(context.Context) ([]Zone, error) {
		w := turn.Add(1) % 2
		return []Zone{{ID: "Z", Name: "example.", Sets: []RecordSet{
			weighted("w.example.", "1", w, "127.0.0.1"), weighted("w.example.", "2", 1-w, "127.0.0.2"),
		}}}, nil
	})
	s := listening(t, Options{Zones: zones, Hosts: shopHosts(t)})
	var wait sync.WaitGroup
	for i := range 16 {
		wait.Go(func() {
			c := &mdns.Client{Net: []string{"udp", "tcp"}[i%2], Timeout: 10 * time.Second}
			for range 60 {
				m, _, err := c.Exchange(question("w.example.", "A"), s.Address().String())
				if err != nil || m.Rcode != mdns.RcodeSuccess || len(m.Answer) != 1 {
					t.Errorf("%v, %v", m, err)
					return
				}
			}
		})
	}
	wait.Wait()
	if n := turn.Load(); n > 12 {
		t.Errorf("the source was read %d times", n)
	}
}

// Packets that are not questions are answered with an error or not at all, and
// the server answers the next question.
func TestMalformedPackets(t *testing.T) {
	t.Parallel()
	s := listening(t, Options{Zones: shopZones()})
	conn, err := net.Dial("udp", s.Address().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	good, err := question("www.shop.example.", "A").Pack()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		bad := bytes.Clone(good)
		for range 1 + r.IntN(6) {
			bad[r.IntN(len(bad))] = byte(r.Uint32())
		}
		if _, err := conn.Write(bad[:r.IntN(len(bad)+1)]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Write(make([]byte, 5000)); err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Dial("tcp", s.Address().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tcp.Write([]byte{0, 3, 1, 2, 3, 255, 255}); err != nil {
		t.Fatal(err)
	}
	tcp.Close()
	for _, network := range []string{"udp", "tcp"} {
		// The flood may push a packet out of the socket's buffer: as any
		// client does, ask again.
		c := &mdns.Client{Net: network, Timeout: 500 * time.Millisecond}
		testkit.Eventually(t, 20*time.Second, func() error {
			m, _, err := c.ExchangeContext(t.Context(), question("www.shop.example.", "A"), s.Address().String())
			if err == nil && m.Rcode != mdns.RcodeSuccess {
				t.Fatalf("%s afterwards: %s", network, mdns.RcodeToString[m.Rcode])
			}
			return err
		})
	}
}

// What cannot be answered is logged, once.
func TestTroubleIsLoggedOnce(t *testing.T) {
	t.Parallel()
	var b lockedBuffer
	s := listening(t, Options{Zones: shopZones(), Log: slog.New(slog.NewTextHandler(&b, nil))})
	for range 5 {
		ask(t, s, "udp", question("cidr.shop.example.", "A"))
	}
	if got := strings.Count(b.String(), "cidr.shop.example."); got != 1 {
		t.Errorf("logged %d times:\n%s", got, b.String())
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// FuzzReply: whatever comes in, there is an answer to it that can be sent and
// is not too long.
func FuzzReply(f *testing.F) {
	for _, q := range []struct{ name, rrtype string }{
		{"www.shop.example.", "A"}, {"c1.shop.example.", "AAAA"}, {"x.wild.shop.example.", "TXT"}, {".", "ANY"},
		{"shop.trafficmanager.net.", "A"}, {`a\.b\000.shop.example.`, "A"}, {"all.big.example.", "A"},
	} {
		b, err := question(q.name, q.rrtype).Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{})
	s := newServer(Options{
		Zones: append(shopZones(), bigZone()...), Hosts: shopHosts(f),
		Profiles: profilesOf{{Name: "shop", Enabled: true, Method: ByWeight, TTL: 1, Endpoints: []Endpoint{endpoint("1", 1, "Online")}}},
	})
	f.Cleanup(s.end)
	f.Fuzz(func(t *testing.T, b []byte) {
		q := new(mdns.Msg)
		if q.Unpack(b) != nil {
			return
		}
		size := udpSize(q)
		m := s.reply(context.Background(), q, size)
		packed, err := m.Pack()
		if err != nil {
			t.Fatalf("%v\ncannot be sent: %v", m, err)
		}
		if m.Id != q.Id || !m.Response || len(packed) > size {
			t.Errorf("id %d for %d, response %v, %d bytes of %d", m.Id, q.Id, m.Response, len(packed), size)
		}
	})
}
