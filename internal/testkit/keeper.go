package testkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/part"
)

// maxLeaseBytes bounds an answer of the keeper.
const maxLeaseBytes = 64 << 10

// lease is what one call gets of a shared server.
type lease struct {
	// Site is where the server lives.
	Site part.Site
	// Number counts the leases of a server from 0.
	Number int
	// Name and Secret are credentials: of the server, or of this lease.
	Name, Secret string
	// Error and Hint are set instead when the server does not run.
	Error, Hint string
}

// keeper owns the shared servers of a test binary. It listens on a socket in
// its folder, and starts a server when the first test asks for it.
type keeper struct {
	dir      string
	host     part.Host
	listener net.Listener
	server   *http.Server
	life     context.Context
	end      context.CancelFunc

	mu    sync.Mutex
	kinds map[string]*shared
}

// shared is one server of the keeper.
type shared struct {
	start   sync.Once
	running *part.Running
	err     error
	// grant makes one lease; it may be called concurrently.
	grant func(ctx context.Context, l *lease) error
	mu    sync.Mutex
	given int
}

func newKeeper() (*keeper, error) {
	parent := os.TempDir()
	// What others left does no harm here, and another test binary may be
	// sweeping it in the same moment: no reason not to run the tests.
	if err := sweepDead(parent); err != nil {
		fmt.Fprintln(os.Stderr, "testkit: sweep what dead test binaries left:", err)
	}
	tag := newTag()
	dir := filepath.Join(parent, tag)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	host, err := newHost(tag, dir)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "control"))
	if err != nil {
		return nil, err
	}
	k := &keeper{dir: dir, host: host, listener: listener, kinds: map[string]*shared{}}
	k.life, k.end = context.WithCancel(context.Background())
	k.server = &http.Server{Handler: k, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = k.server.Serve(listener) }() // ends with close, with nothing to say
	return k, nil
}

func (k *keeper) address() string { return k.listener.Addr().String() }

// close stops every server and removes the folder.
func (k *keeper) close() error {
	k.end()
	ctx, cancel := context.WithTimeout(context.Background(), 2*stopWithin)
	defer cancel()
	errs := []error{k.server.Shutdown(ctx)}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.kinds {
		if s.running != nil {
			errs = append(errs, s.running.Stop(ctx))
		}
	}
	errs = append(errs, closeHost(ctx, k.host), os.RemoveAll(k.dir))
	return errors.Join(errs...)
}

// ServeHTTP answers a request for a lease: the path is the kind of server.
func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l := lease{}
	if err := k.lease(filepath.Base(r.URL.Path), &l); err != nil {
		l = lease{Error: err.Error(), Hint: fault.HintOf(err)}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(l) // a caller that is gone needs no answer
}

func (k *keeper) lease(kind string, l *lease) error {
	s, err := k.shared(kind)
	if err != nil {
		return err
	}
	s.mu.Lock()
	l.Number = s.given
	s.given++
	s.mu.Unlock()
	l.Site = s.running.Site()
	if err := s.running.Check(k.life); err != nil {
		return err
	}
	return s.grant(k.life, l)
}

func (k *keeper) shared(kind string) (*shared, error) {
	k.mu.Lock()
	s := k.kinds[kind]
	if s == nil {
		s = &shared{}
		k.kinds[kind] = s
	}
	k.mu.Unlock()
	s.start.Do(func() {
		var server part.Server
		if server, s.grant, s.err = sharedServer(kind); s.err == nil {
			s.running, s.err = part.Start(k.life, k.host, patient(server))
		}
	})
	return s, s.err
}

// askKeeper returns a lease, and false when this test binary has no keeper.
func askKeeper(t testing.TB, kind string) (lease, bool) {
	t.Helper()
	address := os.Getenv(controlVariable)
	if address == "" {
		return lease{}, false
	}
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", address)
		},
	}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://keeper/"+kind, nil)
	check(t, err)
	res, err := client.Do(req)
	check(t, err)
	defer res.Body.Close()
	var l lease
	check(t, json.NewDecoder(io.LimitReader(res.Body, maxLeaseBytes)).Decode(&l))
	if l.Error != "" {
		t.Fatalf("%s\nhint: %s", l.Error, l.Hint)
	}
	return l, true
}
