package arm_test

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/arm"
)

func TestCertificate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tls")
	first, ca, err := arm.Certificate(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"ca.pem": 0o644, "ca-key.pem": 0o600, "server.pem": 0o644, "server-key.pem": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	authority, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	for _, host := range []string{"127.0.0.1", "localhost"} {
		if _, err := first.Leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: host}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	again, _, err := arm.Certificate(dir, nil)
	if err != nil || !again.Leaf.Equal(first.Leaf) {
		t.Errorf("a good certificate was not used again: %v", err)
	}
	more, _, err := arm.Certificate(dir, []string{"arm.sandbox.example"})
	if err != nil || more.Leaf.Equal(first.Leaf) || more.Leaf.VerifyHostname("arm.sandbox.example") != nil {
		t.Errorf("a host was added: %v", err)
	}
	if _, err := more.Leaf.Verify(x509.VerifyOptions{Roots: pool}); err != nil {
		t.Errorf("the authority stays: %v", err)
	}
	if err := os.WriteFile(ca, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := arm.Certificate(dir, nil); err == nil || fault.HintOf(err) == "" {
		t.Errorf("a broken file is somebody's: %v", err)
	}
}
