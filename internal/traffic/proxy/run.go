package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/traffic/proxy/rules"
)

// server is one listener at work.
type server struct {
	name     string
	http     *http.Server
	listener net.Listener
	certs    *certificates
}

// Run serves until ctx ends, then drains: the probe says no for the notice,
// then no new connection is taken, and what runs gets the timeout to end. It
// returns early when a listener breaks. It may be called once.
func (p *Proxy) Run(ctx context.Context) error {
	servers, err := p.open()
	if err != nil {
		p.close(nil)
		return err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	var parts sync.WaitGroup
	parts.Go(func() { p.watch(watching, servers) })
	failed := make(chan error, len(servers))
	for _, s := range servers {
		parts.Go(func() { failed <- s.serve() })
		p.tellListening(s)
	}
	select {
	case err = <-failed:
		p.options.Log.Error("a listener broke", "error", err)
	case <-ctx.Done():
		p.notice()
	}
	stop()
	p.shutdown(servers)
	p.close(servers)
	parts.Wait()
	return err
}

func (p *Proxy) tellListening(s server) {
	if p.options.Listening != nil {
		p.options.Listening(s.name, s.listener.Addr().String())
	}
}

func (s server) serve() error {
	var err error
	if s.certs != nil {
		err = s.http.ServeTLS(s.listener, "", "")
	} else {
		err = s.http.Serve(s.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fault.Wrap(err, "serve listener", s.name)
}

// open listens at each address, or at none.
func (p *Proxy) open() ([]server, error) {
	var all []server
	var err error
	for _, l := range p.state.Load().Listeners {
		var s server
		if s, err = p.openListener(l); err != nil {
			break
		}
		all = append(all, s)
	}
	if err == nil && p.options.Admin.Address != "" {
		var s server
		if s, err = p.openAdmin(); err == nil {
			all = append(all, s)
		}
	}
	if err != nil {
		for _, s := range all {
			_ = s.listener.Close() // the error of the other listener is the one to tell
		}
		return nil, err
	}
	return all, nil
}

func (p *Proxy) openListener(l rules.Listener) (server, error) {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(len(l.Certificates) > 0)
	protocols.SetUnencryptedHTTP2(l.UnencryptedHTTP2)
	s := server{name: l.Name, http: &http.Server{
		Handler: &handler{p, l}, Protocols: &protocols, MaxHeaderBytes: l.HeaderBytes,
		ReadHeaderTimeout: l.HeaderTimeout.Std(), IdleTimeout: l.IdleTimeout.Std(),
		BaseContext: func(net.Listener) context.Context { return p.base },
		// What clients do wrong fills an operator's log otherwise.
		ErrorLog: slog.NewLogLogger(p.options.Log.Handler(), slog.LevelDebug),
	}}
	err := s.listen(l.Address, l.Certificates)
	if err == nil {
		s.listener = netutil.LimitListener(s.listener, l.Connections)
	}
	return s, err
}

func (p *Proxy) openAdmin() (server, error) {
	a := p.options.Admin
	s := server{name: "admin", http: &http.Server{
		Handler: p.adminHandler(), ReadTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(p.options.Log.Handler(), slog.LevelDebug),
	}}
	var files []rules.Certificate
	if a.CertFile != "" {
		files = []rules.Certificate{{CertFile: a.CertFile, KeyFile: a.KeyFile}}
	}
	return s, s.listen(a.Address, files)
}

func (s *server) listen(address string, files []rules.Certificate) (err error) {
	s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if len(files) > 0 {
		if s.certs, err = openCertificates(files); err != nil {
			return err
		}
		s.http.TLSConfig = s.certs.config()
	}
	s.listener, err = net.Listen("tcp", address)
	return fault.Wrap(err, "listen at", address)
}

// notice gives load balancers the time to see that the probe says no. A drain
// that was begun before counts.
func (p *Proxy) notice() {
	p.Drain()
	rest := p.state.Load().Drain.Notice.Std()
	if since := p.drained.Load(); since != nil {
		rest -= p.options.Now().Sub(*since)
	}
	if rest > 0 {
		timer := time.NewTimer(rest)
		defer timer.Stop()
		<-timer.C
	}
}

// shutdown lets what runs end, and ends what does not in time. The server does
// not wait for connections that changed their protocol; idle does.
func (p *Proxy) shutdown(servers []server) {
	ctx, cancel := context.WithTimeout(context.Background(), p.state.Load().Drain.Timeout.Std())
	defer cancel()
	var all sync.WaitGroup
	for _, s := range servers {
		all.Go(func() {
			if err := s.http.Shutdown(ctx); err != nil {
				p.options.Log.Warn("requests are cut off: they outlast the drain", "listener", s.name)
			}
		})
	}
	all.Wait()
	p.idle(ctx)
}

// idle waits until no exchange runs, or ctx ends.
func (p *Proxy) idle(ctx context.Context) {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for p.running.Load() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// lastWords is how long exchanges that were cut off get to say so in the log.
const lastWords = 5 * time.Second

func (p *Proxy) close(servers []server) {
	p.end()
	for _, s := range servers {
		_ = s.http.Close() // a shutdown in time left nothing to close
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	p.idle(ctx)
	s := p.state.Load()
	for _, side := range s.sides {
		side.Retire()
	}
	s.mirror.Close()
	if err := p.log.Close(); err != nil {
		p.options.Log.Error("lines of the access log are lost", "error", err)
	}
}

// watch looks at the files until ctx ends.
func (p *Proxy) watch(ctx context.Context, servers []server) {
	ticker := time.NewTicker(p.options.Poll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.options.Hangup:
			if err := p.log.Reopen(); err != nil {
				p.options.Log.Error("the access log goes on in the old file", "error", err)
			}
		case <-ticker.C:
		}
		p.look(servers)
	}
}

// look reads the files again and takes what changed.
func (p *Proxy) look(servers []server) {
	for _, s := range servers {
		if s.certs == nil {
			continue
		}
		changed, err := s.certs.reload()
		switch {
		case err != nil:
			p.options.Log.Warn("the certificate in use stays", "listener", s.name, "error", err)
		case changed:
			p.options.Log.Info("certificate in use", "listener", s.name)
		}
	}
	p.lookAtFile()
}

// lookAtFile takes the configuration's file when it changed, and the files of
// the sides' TLS that it names.
func (p *Proxy) lookAtFile() {
	p.changing.Lock()
	defer p.changing.Unlock()
	before := p.state.Load()
	text, err := os.ReadFile(p.options.File)
	var parsed *rules.Rules
	if err == nil {
		parsed, err = p.parsed(before, text)
	}
	var next *state
	if err == nil {
		next, err = p.build(parsed)
	}
	if err != nil {
		p.refuse(err, text)
		return
	}
	if parsed == before.Rules && sameSides(before, next) {
		p.refused.Store(nil)
		return
	}
	p.swap(next)
}

func (p *Proxy) parsed(before *state, text []byte) (*rules.Rules, error) {
	if string(text) == string(before.Text) {
		return before.Rules, nil
	}
	return rules.Parse(p.options.File, text)
}

func sameSides(a, b *state) bool {
	for name, side := range b.sides {
		if a.sides[name] != side {
			return false
		}
	}
	return true
}

// refuse keeps why a file is not taken, and says it once.
func (p *Proxy) refuse(err error, text []byte) {
	said := p.refused.Load()
	if said != nil && said.Error == err.Error() {
		return
	}
	p.refused.Store(&Refusal{Fingerprint: rules.Fingerprint(text), Error: err.Error(), At: p.options.Now()})
	p.options.Log.Error("the configuration in use stays", "error", err)
}
