package host_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/engine/codec"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/fault"
)

func TestKeyring(t *testing.T) {
	t.Parallel()
	dir, kept, given := t.TempDir(), codec.NewKeyring(), codec.NewKeyring()
	if _, err := host.Keyring(dir, nil); !fault.Is(err, fault.NotFound) || !strings.Contains(fault.HintOf(err), host.KeyringVariable) {
		t.Errorf("without one: %v", err)
	}
	if err := host.WriteKeyring(dir, kept); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, host.FileKeyring)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v", info.Mode(), err)
	}
	if k, err := host.Keyring(dir, nil); err != nil || k.Current() != kept.Current() {
		t.Errorf("from the folder: %v, %v", k, err)
	}
	env := lookup(map[string]string{host.KeyringVariable: string(given.Marshal())})
	if k, err := host.Keyring(dir, env); err != nil || k.Current() != given.Current() {
		t.Errorf("from the environment: %v, %v", k, err)
	}
	if _, err := host.Keyring(dir, lookup(map[string]string{host.KeyringVariable: "hunter2"})); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("broken variable: %v", err)
	}
}

// A connection that cannot be made as wanted is refused before a byte is sent.
func TestDialRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := host.WriteKeyring(dir, codec.NewKeyring()); err != nil {
		t.Fatal(err)
	}
	garbage := filepath.Join(dir, "garbage.pem")
	if err := os.WriteFile(garbage, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	ok := host.Config{Address: "127.0.0.1:1", KeyringDir: dir, Env: lookup(map[string]string{"KEY": "secret"})}
	for name, c := range map[string]struct {
		change func(*host.Config)
		kind   fault.Kind
		says   string
	}{
		"no keyring":             {func(c *host.Config) { c.KeyringDir = filepath.Join(dir, "none") }, fault.NotFound, "keyring"},
		"API key without TLS":    {func(c *host.Config) { c.TLS.Off, c.APIKeyVariable = true, "KEY" }, fault.Refused, "plain text"},
		"API key that is not":    {func(c *host.Config) { c.APIKeyVariable = "OTHER" }, fault.Denied, `"OTHER" is not set`},
		"authority not there":    {func(c *host.Config) { c.TLS.CA = filepath.Join(dir, "none.pem") }, fault.NotFound, "none.pem"},
		"authority is none":      {func(c *host.Config) { c.TLS.CA = garbage }, fault.Invalid, "holds no certificate"},
		"certificate not there":  {func(c *host.Config) { c.TLS.Cert, c.TLS.Key = filepath.Join(dir, "c"), garbage }, fault.NotFound, "client certificate"},
		"certificate is garbage": {func(c *host.Config) { c.TLS.Cert, c.TLS.Key = garbage, garbage }, fault.Invalid, "client certificate"},
		"nothing listens":        {func(*host.Config) {}, fault.Unavailable, "127.0.0.1:1"},
		"nothing listens, plain": {func(c *host.Config) { c.TLS.Off = true }, fault.Unavailable, "127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			config := ok
			c.change(&config)
			connected, err := host.Dial(ctx, config)
			if err == nil {
				connected.Close()
			}
			if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v (%s), want %s with %q", err, fault.KindOf(err), c.kind, c.says)
			}
		})
	}
}
