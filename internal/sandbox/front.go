package sandbox

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/awsgate"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
)

// headerWithin bounds the time a client may take to send its headers.
const headerWithin = 30 * time.Second

// serveHere serves a handler in the supervisor and lists it as a part. With a
// TLS configuration it speaks TLS. The URL it is reached under is returned.
func (s *supervisor) serveHere(ctx context.Context, name, address string, handler http.Handler, secure *tls.Config) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		if proc.PortTaken(address) {
			return "", fault.Wrap(proc.CheckPort(ctx, address), "start "+name, "")
		}
		return "", fault.Of(fault.KindOf(err), "start "+name+" on", address, err)
	}
	scheme := "http"
	if secure != nil {
		scheme = "https"
	}
	server := &http.Server{
		Handler: handler, TLSConfig: secure, ReadHeaderTimeout: headerWithin,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // what clients do wrong
	}
	go func() {
		var err error
		if secure != nil {
			err = server.ServeTLS(listener, "", "")
		} else {
			err = server.Serve(listener)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			s.partChanged(part.Status{Name: name, State: part.Failed, Trouble: err.Error(), Log: s.layout.supervisorLog()})
		}
	}()
	s.stack.add(rankFront, name, func(ctx context.Context) error { return shutDown(ctx, server) })
	s.hosted(name, listener.Addr().String())
	return scheme + "://" + listener.Addr().String(), nil
}

// shutDown lets requests under way finish for a moment; who still talks then
// is cut off, since a kept connection must not hold up "down".
func shutDown(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return server.Close()
	}
	return nil
}

// hosted lists a service of the supervisor's own among the parts.
func (s *supervisor) hosted(name, address string) {
	self := s.record.snapshot()
	s.record.partChanged(part.Status{
		Name: name, State: part.Ready, Addresses: []string{address}, Process: self.Supervisor,
		Started: s.options.Now(), Log: s.layout.supervisorLog(),
	})
	s.record.say(name, "ready")
}

// startGate starts the AWS endpoint.
func (s *supervisor) startGate(ctx context.Context) error {
	dir := filepath.Join(s.layout.data(), "trail")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fault.Wrap(err, "make folder", dir)
	}
	gate, err := awsgate.New(awsgate.Options{
		Upstream: mustURL(s.moto.URL(0)), ObjectStore: mustURL(s.objects.URL(0)),
		ObjectKey: s.secrets.ObjectKey, ObjectSecret: s.secrets.ObjectSecret, AdminKey: s.secrets.RootKey,
		Account: account, Region: region, Dir: dir, Seed: s.order.Seed, Now: s.options.Now, Log: s.log.With(slog.String("part", "awsgate")),
	})
	if err != nil {
		return err
	}
	address := net.JoinHostPort("127.0.0.1", itoa(s.order.AWSPort))
	url, err := s.serveHere(ctx, "awsgate", address, gate, nil)
	// After the listener, which has the same rank: it is closed by itself, and
	// the gate waits for what it delivers.
	s.stack.add(rankBehind, "awsgate deliveries", gate.Close)
	if err != nil {
		return err
	}
	s.gateURL = url
	s.record.change(func(st *State) { st.Endpoints.AWS = url })
	return nil
}

// frontSteps are what answers in the supervisor itself, the seed and the shop.
func (s *supervisor) frontSteps() []step {
	return []step{
		{name: "awsgate", needs: []string{"moto", "objectstore", "ports"}, run: s.startGate},
		{name: "operator", needs: []string{"awsgate", "certificates"}, run: s.makeOperator},
		{name: "dns", needs: []string{"moto"}, run: s.startDNS},
		{name: "arm", needs: []string{"azurite", firstCluster, "dns"}, run: s.startARM},
		{name: "seed", needs: []string{"operator", "dns", "postgres-aws", "ports"}, run: s.seedAccount},
		{name: "shop-migrate", needs: []string{"postgres-aws"}, run: s.migrateShop},
		{name: "shop-rows", needs: []string{"shop-migrate"}, run: s.stockRows},
		{name: "shop-covers", needs: []string{"shop-rows", "seed"}, run: s.stockCovers},
		{name: "shop", needs: []string{"shop-covers"}, run: s.startShop},
	}
}
