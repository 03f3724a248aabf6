package certs_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"example.com/landfall/engine/internal/certs"
	"example.com/landfall/internal/engine/host"
)

var all = []string{host.FileCA, host.FileServerCert, host.FileClientCert}

func ensure(t *testing.T, dir string, now time.Time, want ...string) {
	t.Helper()
	made, err := certs.Ensure(dir, now)
	if err != nil || !slices.Equal(made, want) {
		t.Errorf("made %v, %v; want %v", made, err, want)
	}
}

func TestEnsureMakesOnceAndRenews(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ensure(t, dir, now, all...)
	ensure(t, dir, now.AddDate(0, 6, 0))
	// A year less 90 days later both are near their end; the authority is not.
	ensure(t, dir, now.AddDate(0, 10, 0), host.FileServerCert, host.FileClientCert)
	ensure(t, dir, now.AddDate(0, 10, 1))
	// A clock that was set back below the beginning of all is no reason to
	// keep what no peer would accept.
	ensure(t, dir, now.AddDate(-1, 0, 0), all...)
	ensure(t, dir, now.AddDate(25, 0, 0), all...)
}

// Whatever is missing or broken is made again, and all else that hangs on it.
func TestEnsureMends(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		host.FileCA: all, host.FileCAKey: all,
		host.FileServerCert: {host.FileServerCert}, host.FileServerKey: {host.FileServerCert},
		host.FileClientCert: {host.FileClientCert}, host.FileClientKey: {host.FileClientCert},
	} {
		for how, spoil := range map[string]func(path string) error{
			"removed": os.Remove,
			"garbage": func(path string) error { return os.WriteFile(path, []byte("garbage"), 0o644) },
		} {
			dir, now := t.TempDir(), time.Now()
			ensure(t, dir, now, all...)
			if err := spoil(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			t.Run(name+" "+how, func(t *testing.T) {
				ensure(t, dir, now, want...)
				ensure(t, dir, now)
				closed(t, dir)
			})
		}
	}
}

// closed checks that nobody but the owner can read the files.
func closed(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 6 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", entry.Name(), info.Mode(), err)
		}
	}
}

// made returns a folder with certificates and its provider.
func made(t *testing.T, now time.Time) (string, *certs.Provider) {
	t.Helper()
	dir := t.TempDir()
	ensure(t, dir, now, all...)
	p, err := certs.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, p
}

func clientPair(t *testing.T, dir string) []tls.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, host.FileClientCert), filepath.Join(dir, host.FileClientKey))
	if err != nil {
		t.Fatal(err)
	}
	return []tls.Certificate{pair}
}

// Only a peer of the same folder, with TLS 1.3, gets a word from the server.
func TestWhoIsLetIn(t *testing.T) {
	t.Parallel()
	now := time.Now()
	dir, provider := made(t, now)
	otherDir, other := made(t, now)
	server, _ := provider.GetFrontendServerConfig()
	services, _ := provider.GetInternodeClientConfig()
	trusting := func(change func(*tls.Config)) *tls.Config {
		c, _ := provider.GetFrontendClientConfig()
		c.GetClientCertificate, c.Certificates = nil, clientPair(t, dir)
		change(c)
		return c
	}
	foreign, _ := other.GetFrontendClientConfig()
	for name, c := range map[string]struct {
		client *tls.Config
		in     bool
	}{
		"client of the folder":        {trusting(func(*tls.Config) {}), true},
		"by its address":              {trusting(func(c *tls.Config) { c.ServerName = "127.0.0.1" }), true},
		"another service":             {services, true},
		"no certificate":              {trusting(func(c *tls.Config) { c.Certificates = nil }), false},
		"certificate of another":      {trusting(func(c *tls.Config) { c.Certificates = clientPair(t, otherDir) }), false},
		"TLS 1.2":                     {trusting(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }), false},
		"client that trusts another":  {foreign, false},
		"client that wants any other": {trusting(func(c *tls.Config) { c.ServerName = "landfall.example" }), false},
	} {
		if err := talk(t, server, c.client); (err == nil) != c.in {
			t.Errorf("%s: %v, want in: %v", name, err, c.in)
		}
	}
}

// talk makes a connection and waits for one byte of the server. With TLS 1.3
// a client hears of its refusal only then.
func talk(t *testing.T, server, client *tls.Config) error {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = c.Write([]byte("x")) // the client's side tells what became of it
		_ = c.Close()
	}()
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", l.Addr().String(), client)
	if err != nil {
		return err
	}
	_, err = io.ReadFull(c, make([]byte, 1))
	return errors.Join(err, c.Close())
}

// A renewal reaches settings that were given out before it.
func TestRenewalNeedsNoRestart(t *testing.T) {
	t.Parallel()
	now := time.Now()
	_, provider := made(t, now)
	server, _ := provider.GetInternodeServerConfig()
	before, _ := server.GetCertificate(nil)
	if made, err := provider.Renew(now); err != nil || made != nil {
		t.Errorf("too early: %v, %v", made, err)
	}
	if made, err := provider.Renew(now.AddDate(0, 11, 0)); err != nil || len(made) != 2 {
		t.Errorf("in time: %v, %v", made, err)
	}
	after, _ := server.GetCertificate(nil)
	if !after.Leaf.NotAfter.After(before.Leaf.NotAfter) {
		t.Errorf("the server shows the one until %v still", before.Leaf.NotAfter)
	}
}
