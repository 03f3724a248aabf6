package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"example.com/landfall/engine/internal/certs"
	"example.com/landfall/engine/internal/server"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/fault"
)

// dialling returns the error of a client with other TLS settings.
func dialling(t *testing.T, address string, settings *tls.Config) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := client.DialContext(ctx, client.Options{
		HostPort: address, Namespace: host.Namespace, ConnectionOptions: client.ConnectionOptions{TLS: settings},
	})
	if err == nil {
		c.Close()
	}
	return err
}

// settings are those of a proper client, changed.
func settings(t *testing.T, dir string, change func(*tls.Config)) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(dir, host.FileCA))
	if err != nil {
		t.Fatal(err)
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(pem)
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, host.FileClientCert), filepath.Join(dir, host.FileClientKey))
	if err != nil {
		t.Fatal(err)
	}
	c := &tls.Config{RootCAs: authorities, Certificates: []tls.Certificate{pair}, ServerName: host.ServerName}
	change(c)
	return c
}

// On none of its ports does the engine talk to anybody without a certificate
// of its folder; and no port is open to other machines.
func TestWhoIsRefused(t *testing.T) {
	t.Parallel()
	dir, otherDir := folder(t), t.TempDir()
	a := start(t, dir)
	if _, err := certs.Ensure(otherDir, time.Now()); err != nil {
		t.Fatal(err)
	}
	foreign, err := tls.LoadX509KeyPair(filepath.Join(otherDir, host.FileClientCert), filepath.Join(otherDir, host.FileClientKey))
	if err != nil {
		t.Fatal(err)
	}
	if err := dialling(t, a.Address, settings(t, dir, func(*tls.Config) {})); err != nil {
		t.Fatalf("a proper client is refused, so nothing is tested: %v", err)
	}
	refused := map[string]*tls.Config{
		"plain":                            nil,
		"no certificate":                   settings(t, dir, func(c *tls.Config) { c.Certificates = nil }),
		"certificate of another folder":    settings(t, dir, func(c *tls.Config) { c.Certificates = []tls.Certificate{foreign} }),
		"certificate, but TLS 1.2":         settings(t, dir, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }),
		"certificate, but expects another": settings(t, dir, func(c *tls.Config) { c.ServerName = "landfall.example" }),
	}
	for _, port := range ports(t, dir) {
		for name, c := range refused {
			if port != a.Address && name != "plain" && name != "no certificate" {
				continue // all ports have the same settings; each refusal takes seconds
			}
			t.Run(name+" at "+port, func(t *testing.T) {
				t.Parallel()
				if err := dialling(t, port, c); err == nil {
					t.Error("was let in")
				}
			})
		}
	}
	onLoopback(t, a.PID, ports(t, dir))
}

func ports(t *testing.T, dir string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, host.FilePorts))
	if err != nil {
		t.Fatal(err)
	}
	var p server.Ports
	if err := json.Unmarshal(data, &p); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, port := range []int{p.Frontend, p.History, p.Matching, p.Worker} {
		all = append(all, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	}
	return all
}

// onLoopback checks that the process listens at the four ports and nowhere
// else. The kernel's table says it (proc_net_tcp, kernel documentation).
func onLoopback(t *testing.T, pid int, want []string) {
	t.Helper()
	sockets := map[string]bool{}
	entries, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		target, _ := os.Readlink("/proc/" + strconv.Itoa(pid) + "/fd/" + entry.Name()) // it may be closed by now
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			sockets[strings.TrimSuffix(inode, "]")] = true
		}
	}
	found := []string{}
	for _, table := range []string{"tcp", "tcp6"} {
		data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/net/" + table)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			const listening = "0A"
			if f := strings.Fields(line); len(f) > 9 && f[3] == listening && sockets[f[9]] {
				found = append(found, f[1])
			}
		}
	}
	for i, address := range want {
		_, port, _ := net.SplitHostPort(address) // ports wrote it so
		number, _ := strconv.Atoi(port)
		want[i] = "0100007F:" + strings.ToUpper(strconv.FormatInt(int64(number), 16))
		if len(want[i]) == len("0100007F:FFF") {
			want[i] = strings.Replace(want[i], ":", ":0", 1)
		}
	}
	slices.Sort(found)
	slices.Sort(want)
	if !slices.Equal(found, want) {
		t.Errorf("listens at %v, want %v", found, want)
	}
}

// Clients of the folder say which way they are refused.
func TestAClientOfAnotherFolder(t *testing.T) {
	t.Parallel()
	dir, other := folder(t), folder(t)
	a := start(t, dir)
	start(t, other)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := host.Dial(ctx, host.Local(other, a, nil))
	if err == nil {
		c.Close()
	}
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v (%s)", err, fault.KindOf(err))
	}
}

func TestStatusAndCommands(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	if out, _, code := command(t, "status", "--dir", dir); code != 0 || !strings.Contains(out, "stopped") {
		t.Errorf("status of nothing: %d, %q", code, out)
	}
	a := start(t, dir)
	for range 2 {
		s, err := host.StatusOf(context.Background(), dir, nil)
		if err != nil || s.Address != a || s.PID != a.PID || s.MemoryBytes < 20<<20 || len(s.Files) < 3 {
			t.Errorf("status %+v, %v", s, err)
		}
		if s.State != host.Running && s.State != host.Silent { // a busy machine may not answer in time
			t.Errorf("state %q", s.State)
		}
	}
	out, _, code := command(t, "status", "--dir", dir, "--json")
	var s host.Status
	if err := json.Unmarshal([]byte(out), &s); err != nil || code != 0 || s.Address != a {
		t.Errorf("status --json: %d, %v, %s", code, err, out)
	}
	for line, want := range map[string]struct {
		code int
		says string
	}{
		"version":                     {0, "Temporal server " + a.Server + ", schema " + a.Schema},
		"stop --dir DIR":              {0, "stopped"},
		"serve":                       {2, "wants --dir"},
		"serve --dir DIR --hours -1":  {2, "--hours -1 is not between"},
		"serve --dir DIR --hours NaN": {2, "--hours NaN is not between"},
		"serve --dir DIR --limit limit.no.such=1":  {2, "there is no such limit"},
		"backup --dir DIR":                         {2, "wants --to"},
		"sevre":                                    {2, "sevre"},
		"status --dir DIR extra":                   {2, "extra"},
		"status --no-such-flag":                    {2, "no-such-flag"},
		"backup --dir DIR/none --to DIR/backup.db": {4, "not there"},
	} {
		var args []string
		for _, word := range strings.Fields(line) {
			args = append(args, strings.ReplaceAll(word, "DIR", dir))
		}
		out, errs, code := command(t, args...)
		if code != want.code || !strings.Contains(out+errs, want.says) {
			t.Errorf("%s: exit code %d, said %q; want %d and %q", line, code, out+errs, want.code, want.says)
		}
	}
	if out, _, code := command(t, "stop", "--dir", filepath.Join(dir, "none")); code != 0 || !strings.Contains(out, "not running") {
		t.Errorf("stop of nothing: %d, %q", code, out)
	}
}
