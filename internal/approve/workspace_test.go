package approve

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.com/landfall/internal/fault"
)

const statement = "landfall manifest sha256:4f5c0d0bd1c2f7f9e1b3a1b1a6a7f0f5e2d3c4b5a69788796a5b4c3d2e1f0011"

func TestWorkspaceKeyIsMadeOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys", "manifest")
	var all sync.WaitGroup
	prints := make([]string, 8)
	makers := make([]bool, len(prints))
	for i := range prints {
		all.Go(func() {
			key, made, err := OpenWorkspaceKey(path)
			if err != nil {
				t.Error(err)
				return
			}
			prints[i], makers[i] = key.Fingerprint(), made
		})
	}
	all.Wait()
	n := 0
	for i := range prints {
		if prints[i] == "" || prints[i] != prints[0] {
			t.Errorf("key %d is %q, and %q", i, prints[i], prints[0])
		}
		if makers[i] {
			n++
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || n != 1 {
		t.Errorf("%v, %v, made %d times", info, err, n)
	}
}

func TestWorkspaceSignature(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, _, err := OpenWorkspaceKey(filepath.Join(dir, "a"))
	other, _, otherErr := OpenWorkspaceKey(filepath.Join(dir, "b"))
	if err != nil || otherErr != nil {
		t.Fatal(err, otherErr)
	}
	signature, err := key.Sign(statement)
	if err != nil {
		t.Fatal(err)
	}
	if err := VerifyWorkspace(statement, signature, key.Public()); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"another statement": VerifyWorkspace(statement+"0", signature, key.Public()),
		"another key":       VerifyWorkspace(statement, signature, other.Public()),
		"no signature":      VerifyWorkspace(statement, "", key.Public()),
	} {
		if !fault.Is(err, fault.Found) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Nobody can approve with it, whoever trusts the key.
	known, err := parseSigners([]byte("w " + key.Public() + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := checkSignature(known, statement, signature, noon()); !fault.Is(err, fault.Denied) {
		t.Errorf("a manifest's signature approves: %v", err)
	}
	// Any implementation of the form can check it.
	if err := os.WriteFile(filepath.Join(dir, "signers"), []byte("w "+key.Public()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sig"), []byte(signature), 0o600); err != nil {
		t.Fatal(err)
	}
	verify := exec.CommandContext(t.Context(), "ssh-keygen", "-Y", "verify", "-f", filepath.Join(dir, "signers"), "-I", "w", "-n", ManifestNamespace, "-s", filepath.Join(dir, "sig"))
	verify.Stdin = strings.NewReader(statement)
	if out, err := verify.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestWorkspaceKeyThatOthersCanRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if _, _, err := OpenWorkspaceKey(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenWorkspaceKey(path); !fault.Is(err, fault.Denied) {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(path, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenWorkspaceKey(path); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
}
