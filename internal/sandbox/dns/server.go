package dns

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	mdns "github.com/miekg/dns"

	"example.com/landfall/internal/fault"
)

const (
	// answerWithin bounds one answer; resolvers ask again after five seconds.
	answerWithin = 4 * time.Second
	// maxAtOnce bounds the questions being answered; more are told to try
	// again.
	maxAtOnce = 512
	// maxUDP is the largest UDP answer, whatever a client says it can take;
	// the DNS community's recommendation against fragments.
	maxUDP = 1232
	// maxQuestion is the largest question taken by UDP.
	maxQuestion = 4096
	// receiveBuffer is how many bytes of questions may wait.
	receiveBuffer = 1 << 20
	// portTries bounds the search for a port that is free for UDP and TCP.
	portTries = 20
	// maxWarned bounds the troubles that are remembered so as to be logged once.
	maxWarned = 1000
)

// Options configures a Server. Zones, Profiles and Hosts may each be nil.
type Options struct {
	// Address is a loopback host:port for UDP and TCP; port 0 means any.
	Address  string
	Zones    ZoneSource
	Profiles ProfileSource
	Hosts    *HostMap
	// Region is the AWS region, Location the Azure region that the server
	// pretends its clients are in.
	Region, Location string
	// Seed decides every random choice.
	Seed uint64
	// MaxStale is how long zones are used that could not be read again; 30
	// seconds when 0.
	MaxStale time.Duration
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Log is told what cannot be answered, each trouble once; nil is silent.
	Log *slog.Logger
}

// Server answers until it is closed.
type Server struct {
	options Options
	dice    *dice
	cache   *zoneCache
	slots   chan struct{}
	address netip.AddrPort
	servers []*mdns.Server

	end  context.CancelFunc
	life context.Context
	wait sync.WaitGroup

	mu     sync.Mutex
	warned map[string]bool
}

// New starts a server; it answers when New returns. A port that is taken is a
// Conflict, an address outside loopback is Refused.
func New(o Options) (*Server, error) {
	address, err := netip.ParseAddrPort(o.Address)
	if err != nil {
		return nil, fault.Of(fault.Invalid, "read address", o.Address, err)
	}
	if !address.Addr().IsLoopback() {
		return nil, fault.Newf(fault.Refused, "listen on %q: not a loopback address", o.Address)
	}
	s := newServer(o)
	udp, tcp, err := listen(address)
	if err != nil {
		s.end()
		return nil, err
	}
	s.address = tcp.Addr().(*net.TCPAddr).AddrPort()
	s.servers = []*mdns.Server{
		{PacketConn: udp, Handler: s, UDPSize: maxQuestion},
		{Listener: tcp, Handler: s},
	}
	for _, one := range s.servers {
		if err := s.start(one); err != nil {
			ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
			defer cancel()
			return nil, errors.Join(err, s.Close(ctx))
		}
	}
	return s, nil
}

// start returns when the listener answers, or cannot.
func (s *Server) start(one *mdns.Server) error {
	started, ended := make(chan struct{}), make(chan error, 1)
	one.NotifyStartedFunc = func() { close(started) }
	s.wait.Go(func() {
		err := one.ActivateAndServe()
		ended <- err
		if err != nil && s.life.Err() == nil {
			s.warn([]string{"stopped listening: " + err.Error()})
		}
	})
	select {
	case <-started:
		return nil
	case err := <-ended:
		return fault.Wrap(err, "answer on", s.address.String())
	}
}

// newServer is a server that does not listen.
func newServer(o Options) *Server {
	if o.Hosts == nil {
		o.Hosts = &HostMap{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxStale <= 0 {
		o.MaxStale = defaultMaxStale
	}
	s := &Server{options: o, dice: newDice(o.Seed), slots: make(chan struct{}, maxAtOnce), warned: map[string]bool{}}
	s.life, s.end = context.WithCancel(context.Background())
	if o.Zones != nil {
		s.cache = &zoneCache{source: o.Zones, now: o.Now, maxStale: o.MaxStale, trouble: s.warn, life: s.life, wait: &s.wait}
	}
	return s
}

// listen takes the same port for UDP and TCP.
func listen(address netip.AddrPort) (udp net.PacketConn, tcp net.Listener, err error) {
	for range portTries {
		tcp, err = net.Listen("tcp", address.String())
		if err != nil {
			return nil, nil, fault.Wrap(err, "listen on", address.String())
		}
		udp, err = net.ListenPacket("udp", tcp.Addr().String())
		if err == nil {
			// A burst of questions waits in the socket's buffer. The kernel may
			// give less than is asked for, which only makes a burst smaller.
			_ = udp.(*net.UDPConn).SetReadBuffer(receiveBuffer)
			return udp, tcp, nil
		}
		err = errors.Join(fault.Wrap(err, "listen on", tcp.Addr().String()), tcp.Close())
		if address.Port() != 0 {
			break // a port that was asked for is not exchanged
		}
	}
	return nil, nil, err
}

// Address is where the server listens, by UDP and TCP.
func (s *Server) Address() netip.AddrPort { return s.address }

// Close stops listening and waits for answers under way, until ctx ends.
func (s *Server) Close(ctx context.Context) error {
	s.end()
	var errs []error
	for _, one := range s.servers {
		errs = append(errs, one.ShutdownContext(ctx))
	}
	done := make(chan struct{})
	go func() {
		s.wait.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		errs = append(errs, ctx.Err())
	}
	return fault.Wrap(errors.Join(errs...), "stop name server", s.address.String())
}

// Resolver returns a resolver for Go programs that asks the server at the
// address and nobody else.
func Resolver(address string) *net.Resolver {
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}
}

// ServeDNS answers one question; the listeners call it.
func (s *Server) ServeDNS(w mdns.ResponseWriter, question *mdns.Msg) {
	size := mdns.MaxMsgSize
	if w.LocalAddr().Network() == "udp" {
		size = udpSize(question)
	}
	ctx, cancel := context.WithTimeout(s.life, answerWithin)
	defer cancel()
	// A client that is gone needs no answer, and there is nobody else to tell.
	_ = w.WriteMsg(s.reply(ctx, question, size))
}

// udpSize is how large an answer the client takes by UDP.
func udpSize(question *mdns.Msg) int {
	if opt := question.IsEdns0(); opt != nil {
		return min(max(int(opt.UDPSize()), mdns.MinMsgSize), maxUDP)
	}
	return mdns.MinMsgSize
}

// reply makes the answer to a question, of at most size bytes.
func (s *Server) reply(ctx context.Context, question *mdns.Msg, size int) *mdns.Msg {
	m := new(mdns.Msg)
	m.SetReply(question)
	m.Compress = true
	opt := question.IsEdns0()
	if opt != nil {
		m.SetEdns0(maxUDP, opt.Do())
	}
	if rcode, ok := acceptable(question, opt); !ok {
		m.Rcode = rcode
		return m
	}
	why := ""
	select {
	case s.slots <- struct{}{}:
		why = s.fill(ctx, m, question.Question[0])
		<-s.slots
	default:
		m.Rcode, why = mdns.RcodeServerFailure, "too many questions at once"
	}
	if why != "" && opt != nil {
		explain(m, why)
	}
	m.Truncate(size)
	return m
}

// acceptable refuses what is not an ordinary question.
func acceptable(question *mdns.Msg, opt *mdns.OPT) (rcode int, ok bool) {
	switch {
	case question.Opcode != mdns.OpcodeQuery:
		return mdns.RcodeNotImplemented, false
	case len(question.Question) != 1:
		return mdns.RcodeFormatError, false
	case opt != nil && opt.Version() != 0:
		return mdns.RcodeBadVers, false
	}
	switch q := question.Question[0]; {
	case q.Qclass != mdns.ClassINET:
		return mdns.RcodeRefused, false
	case q.Qtype == mdns.TypeAXFR, q.Qtype == mdns.TypeIXFR:
		return mdns.RcodeRefused, false
	}
	return mdns.RcodeSuccess, true
}

// fill answers the question in m, and says why when it cannot.
func (s *Server) fill(ctx context.Context, m *mdns.Msg, q mdns.Question) (why string) {
	name := mdns.CanonicalName(q.Name)
	left := maxChain
	r := &resolution{server: s, left: &left, zones: func() (*index, error) { return s.zones(ctx) }}
	r.follow(name, q.Qtype)
	if q.Qtype == mdns.TypeANY && r.rcode == mdns.RcodeSuccess && !r.referral {
		r.answer, r.authority = []mdns.RR{minimalAny(name)}, nil
	}
	for _, rr := range r.answer {
		// The name comes back in the letters in which it was asked for, which
		// resolvers that mix cases against forged answers look at.
		if rr.Header().Name == name {
			rr.Header().Name = q.Name
		}
	}
	if r.rcode == mdns.RcodeServerFailure {
		s.warn([]string{r.why})
	}
	m.Rcode, m.Answer, m.Ns = r.rcode, r.answer, r.authority
	ours := r.rcode != mdns.RcodeRefused
	m.Authoritative = ours && !r.referral
	// Chains are followed as far as the sandbox goes, which is what a client
	// that asks for recursion wants to know.
	m.RecursionAvailable = ours
	return r.why
}

// zones returns the hosted zones as they are now; none without a source.
func (s *Server) zones(ctx context.Context) (*index, error) {
	if s.cache == nil {
		return &index{}, nil
	}
	return s.cache.get(ctx)
}

// minimalAny is the answer that RFC 8482 gives to "everything, please".
func minimalAny(name string) mdns.RR {
	return &mdns.HINFO{Hdr: header(name, mdns.TypeHINFO, hostTTL), Cpu: "RFC8482", Os: ""}
}

// explain adds an extended DNS error (RFC 8914), which dig and others show.
func explain(m *mdns.Msg, why string) {
	opt := m.IsEdns0()
	if opt == nil {
		return
	}
	const longest = 200
	if len(why) > longest {
		why = why[:longest]
	}
	opt.Option = append(opt.Option, &mdns.EDNS0_EDE{InfoCode: mdns.ExtendedErrorCodeOther, ExtraText: why})
}

// warn logs each trouble once.
func (s *Server) warn(words []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range words {
		if s.warned[w] {
			continue
		}
		if len(s.warned) >= maxWarned {
			clear(s.warned)
		}
		s.warned[w] = true
		s.options.Log.Warn("name server cannot answer", slog.String("cause", w))
	}
}
