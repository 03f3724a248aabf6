package approve

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/redact"
)

const said = "approve runbook sha256:4f5c0d0bd1c2f7f9e1b3a1b1a6a7f0f5e2d3c4b5a69788796a5b4c3d2e1f0011"

func noon() time.Time { return time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC) }

// pair is a key in all its forms.
type pair struct {
	raw    any
	signer ssh.Signer
	line   string // kind and key, as in a file
}

func newPair(t *testing.T, raw any) pair {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	return pair{raw: raw, signer: signer, line: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))}
}

func edPair(t *testing.T) pair {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return newPair(t, key)
}

func rsaPair(t *testing.T, bits int) pair {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return newPair(t, key)
}

func ecPair(t *testing.T) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return newPair(t, key)
}

// file writes the private key, encrypted when there is a passphrase.
func (p pair) file(t *testing.T, passphrase string) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(p.raw, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(p.raw, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "key", string(pem.EncodeToMemory(block)))
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// withSSH are settings for signatures, with these lines and this environment.
func withSSH(t *testing.T, lines string, env map[string]string) Settings {
	t.Helper()
	return Settings{Way: SSH, SignersFile: write(t, "signers", lines), Now: noon, Roles: map[string]string{"ann@example.com": "lead"},
		Getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
}

func keygen(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Fatal("ssh-keygen is not installed: apt-get install openssh-client")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdin, cmd.Env = strings.NewReader(stdin), []string{"PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// What Landfall makes is what OpenSSH checks, for every kind of key.
func TestOpenSSHAcceptsOurSignatures(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]pair{"ed25519": edPair(t), "rsa": rsaPair(t, 2048), "ecdsa": ecPair(t)} {
		s := withSSH(t, "# people\n\nann@example.com namespaces=\"git,landfall\" "+p.line+" of ann\n", map[string]string{KeyVariable: p.file(t, "")})
		who, err := New(s)(t.Context(), said)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		print := ssh.FingerprintSHA256(p.signer.PublicKey())
		if who.By != "ann@example.com" || who.Role != "lead" || who.How != "ssh signature of "+print || who.Proof["keyFingerprint"] != print {
			t.Errorf("%s: identity = %+v", name, who)
		}
		signature := write(t, "sig", who.Proof["signature"])
		verify := []string{"-Y", "verify", "-f", s.SignersFile, "-I", who.Proof["principal"], "-n", who.Proof["namespace"], "-s", signature}
		if out, err := keygen(t, who.Proof["statement"], verify...); err != nil {
			t.Errorf("%s: ssh-keygen refuses: %s", name, out)
		}
		if out, err := keygen(t, who.Proof["statement"]+" ", verify...); err == nil {
			t.Errorf("%s: ssh-keygen accepts another statement: %s", name, out)
		}
		content, _ := os.ReadFile(s.SignersFile)
		claim := Claim{By: who.By, How: who.How, Statement: said, At: noon(), Proof: who.Proof}
		if worth, err := Verify(claim, content); err != nil || worth != Signed {
			t.Errorf("%s: Verify = %q, %v", name, worth, err)
		}
		asAny := map[string]any{}
		for k, v := range who.Proof {
			asAny[k] = v
		}
		if at, found := redact.Find(map[string]any{"proof": asAny, "how": who.How}); found {
			t.Errorf("%s: the ledger would refuse %q", name, at)
		}
	}
}

// What OpenSSH makes Landfall accepts, with both hashes.
func TestWeAcceptSignaturesOfOpenSSH(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "id")
	if out, err := keygen(t, "", "-q", "-t", "ed25519", "-N", "", "-f", key); err != nil {
		t.Fatal(out)
	}
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	parsed, _, _, _, err := ssh.ParseAuthorizedKey(public)
	if err != nil {
		t.Fatal(err)
	}
	print := ssh.FingerprintSHA256(parsed)
	for _, hash := range []string{"sha256", "sha512"} {
		data := write(t, "statement", said)
		if out, err := keygen(t, "", "-q", "-Y", "sign", "-f", key, "-n", Namespace, "-O", "hashalg="+hash, data); err != nil {
			t.Fatal(out)
		}
		signature, err := os.ReadFile(data + ".sig")
		if err != nil {
			t.Fatal(err)
		}
		claim := Claim{By: "ann", How: "ssh signature of " + print, Statement: said, At: noon(), Proof: map[string]string{
			"statement": said, "signature": string(signature), "keyFingerprint": print, "principal": "ann", "namespace": Namespace}}
		if worth, err := Verify(claim, []byte("ann "+string(public))); err != nil || worth != Signed {
			t.Errorf("%s: Verify = %q, %v", hash, worth, err)
		}
	}
}

// A key that was good when it approved stays good for an auditor, here and with
// OpenSSH at the time of the entry.
func TestAKeyThatIsOverSince(t *testing.T) {
	t.Parallel()
	ann := edPair(t)
	s := withSSH(t, `ann valid-before="20270301120000Z" `+ann.line+"\n", map[string]string{KeyVariable: ann.file(t, "")})
	who, err := New(s)(t.Context(), said)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(s.SignersFile)
	if err != nil {
		t.Fatal(err)
	}
	claim := Claim{By: who.By, How: who.How, Statement: said, At: noon(), Proof: who.Proof}
	if worth, err := Verify(claim, content); worth != Signed || err != nil {
		t.Errorf("%q, %v", worth, err)
	}
	for at, good := range map[string]bool{"20270301120000Z": true, "20270301120001Z": false} {
		out, err := keygen(t, said, "-Y", "verify", "-O", "verify-time="+at, "-f", s.SignersFile, "-I", "ann", "-n", Namespace, "-s", write(t, "sig", who.Proof["signature"]))
		if (err == nil) != good {
			t.Errorf("at %s: %s", at, out)
		}
		claim.At, _ = timestamp(at)
		if _, err := Verify(claim, content); (err == nil) != good {
			t.Errorf("at %s: %v", at, err)
		}
	}
	s.Now = func() time.Time { return noon().Add(time.Second) }
	if _, err := New(s)(t.Context(), said); !fault.Is(err, fault.Denied) {
		t.Errorf("a key that is over approves: %v", err)
	}
}

func TestSignaturesThatDoNotCount(t *testing.T) {
	t.Parallel()
	ann, bob := edPair(t), edPair(t)
	sign := func(p pair, text, namespace string) string {
		s, err := sshsig.Sign(strings.NewReader(text), p.signer, sshsig.HashSHA512, namespace)
		if err != nil {
			t.Fatal(err)
		}
		return string(sshsig.Armor(s))
	}
	print := ssh.FingerprintSHA256(ann.signer.PublicKey())
	good := Claim{By: "ann", How: howSSH(print), Statement: said, At: noon(), Proof: map[string]string{
		proofStatement: said, proofSignature: sign(ann, said, Namespace), proofKey: print, proofPrincipal: "ann", proofNamespace: Namespace}}
	file := "ann " + ann.line + "\nbob " + bob.line + "\n"
	if worth, err := Verify(good, []byte(file)); err != nil || worth != Signed {
		t.Fatalf("the good one: %q, %v", worth, err)
	}
	for name, c := range map[string]struct {
		with map[string]string
		by   string
		file string
		want string
	}{
		"other statement":       {with: map[string]string{proofStatement: "approve runbook sha256:00"}, want: "not for"},
		"signed something else": {with: map[string]string{proofSignature: sign(ann, "approve runbook sha256:00", Namespace)}, want: "not one of"},
		"other namespace":       {with: map[string]string{proofSignature: sign(ann, said, "git")}, want: `namespace "git"`},
		"other person's key":    {with: map[string]string{proofSignature: sign(bob, said, Namespace)}, want: `that of "bob"`},
		"claims to be bob":      {by: "bob", want: `that of "ann"`},
		"unknown key":           {file: "bob " + bob.line, want: "not among the signers"},
		"key not for Landfall":  {file: `ann namespaces="git*" ` + ann.line, want: "not for the namespace"},
		"key taken out":         {file: `ann namespaces="*,!landfall" ` + ann.line, want: "not for the namespace"},
		"over":                  {file: `ann valid-before="20270301115959Z" ` + ann.line, want: "counted until"},
		"not yet":               {file: `ann valid-after="20270302Z" ` + ann.line, want: "counts from"},
		"no signature":          {with: map[string]string{proofSignature: ""}, want: "no SSH signature"},
		"cut signature":         {with: map[string]string{proofSignature: sign(ann, said, Namespace)[:120]}, want: "cannot be read"},
		"two signatures":        {with: map[string]string{proofSignature: strings.Repeat(sign(ann, said, Namespace), 2)}, want: "no SSH signature"},
		"other key named":       {with: map[string]string{proofKey: "SHA256:x"}, want: "another key"},
		"other principal named": {with: map[string]string{proofPrincipal: "bob"}, want: "that of"},
		"broken signers":        {file: "ann", want: "line 1"},
	} {
		claim := good
		claim.Proof = map[string]string{}
		for k, v := range good.Proof {
			claim.Proof[k] = v
		}
		for k, v := range c.with {
			claim.Proof[k] = v
		}
		if c.by != "" {
			claim.By = c.by
		}
		if c.file == "" {
			c.file = file
		}
		_, err := Verify(claim, []byte(c.file))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestKeyFiles(t *testing.T) {
	t.Parallel()
	ann := edPair(t)
	open := ann.file(t, "")
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key, hint string
		kind      fault.Kind
	}{
		"not there":       {filepath.Join(t.TempDir(), "none"), "", fault.NotFound},
		"no key":          {write(t, "k", "hello"), "ssh-keygen -t ed25519", fault.Invalid},
		"others read it":  {open, "chmod 600 " + open, fault.Denied},
		"encrypted":       {ann.file(t, "pass"), "ssh-add", fault.Denied},
		"a public key":    {write(t, "k.pub", ann.line), "ssh-add", fault.Denied},
		"neither":         {"", "ssh-agent", fault.Denied},
		"of someone else": {edPair(t).file(t, ""), "", fault.Denied},
	} {
		_, err := New(withSSH(t, "ann "+ann.line, map[string]string{KeyVariable: c.key}))(t.Context(), said)
		if !fault.Is(err, c.kind) || !strings.Contains(fault.HintOf(err), c.hint) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v (%s), hint %q", name, err, fault.KindOf(err), fault.HintOf(err))
		}
	}
	s := withSSH(t, "ann "+ann.line, map[string]string{KeyVariable: edPair(t).file(t, "")})
	s.Key = ann.file(t, "")
	if who, err := New(s)(t.Context(), said); err != nil || who.By != "ann" {
		t.Errorf("the key that is named before that of the environment: %q, %v", who.By, err)
	}
	s.SignersFile = ""
	if _, err := New(s)(t.Context(), said); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.HintOf(err), "approvals.signersFile") {
		t.Errorf("without a file: %v", err)
	}
	s.SignersFile = filepath.Join(t.TempDir(), "none")
	if _, err := New(s)(t.Context(), said); !fault.Is(err, fault.NotFound) {
		t.Errorf("without the file: %v", err)
	}
}

// serveAgent serves a keyring on a socket, as ssh-agent does.
func serveAgent(t *testing.T, keys ...any) string {
	t.Helper()
	ring := agent.NewKeyring()
	for _, key := range keys {
		if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "agent") // a socket's path has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, c); _ = c.Close() }()
		}
	}()
	return listener.Addr().String()
}

func TestAgent(t *testing.T) {
	t.Parallel()
	ann, second, bob, stranger := edPair(t), rsaPair(t, 2048), ecPair(t), edPair(t)
	lines := "ann@example.com " + ann.line + "\nann@example.com " + second.line + "\nbob " + bob.line + "\n"
	for name, c := range map[string]struct {
		keys []any
		key  string
		by   string
		want string
	}{
		"one of several":            {keys: []any{stranger.raw, ann.raw}, by: "ann@example.com"},
		"an RSA key":                {keys: []any{second.raw}, by: "ann@example.com"},
		"two keys of one person":    {keys: []any{ann.raw, second.raw}, by: "ann@example.com"},
		"keys of two persons":       {keys: []any{ann.raw, bob.raw}, want: `keys of "ann@example.com" and of "bob"`},
		"two persons, one named":    {keys: []any{ann.raw, bob.raw}, key: write(t, "k.pub", bob.line), by: "bob"},
		"encrypted, in the agent":   {keys: []any{ann.raw}, key: ann.file(t, "secret"), by: "ann@example.com"},
		"encrypted, not there":      {keys: []any{bob.raw}, key: ann.file(t, "secret"), want: "does not have the key"},
		"strangers":                 {keys: []any{stranger.raw, edPair(t).raw}, want: "none of the 2 keys"},
		"one stranger":              {keys: []any{stranger.raw}, want: "not among the signers"},
		"an empty agent":            {want: "none of the 0 keys"},
		"named key is no signer":    {keys: []any{stranger.raw}, key: write(t, "k.pub", stranger.line), want: "not among the signers"},
		"named file wins over ring": {keys: []any{bob.raw}, key: ann.file(t, ""), by: "ann@example.com"},
	} {
		who, err := New(withSSH(t, lines, map[string]string{"SSH_AUTH_SOCK": serveAgent(t, c.keys...), KeyVariable: c.key}))(t.Context(), said)
		switch {
		case c.want == "" && (err != nil || who.By != c.by):
			t.Errorf("%s: %q, %v", name, who.By, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %q, %v, want %q", name, who.By, err, c.want)
		}
	}
	gone := withSSH(t, lines, map[string]string{"SSH_AUTH_SOCK": filepath.Join(t.TempDir(), "gone")})
	if _, err := New(gone)(t.Context(), said); !fault.Is(err, fault.Unavailable) {
		t.Errorf("no agent at the socket: %v", err)
	}
}

// An agent that waits for a person who never comes is given up with the caller.
func TestAnAgentThatHangs(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = c.Read(make([]byte, 5)) // the question has come
		cancel()
	}()
	if _, err := New(withSSH(t, "", map[string]string{"SSH_AUTH_SOCK": listener.Addr().String()}))(ctx, said); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a hanging agent: %v", err)
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	who, err := New(Settings{User: "ann", Roles: map[string]string{"ANN": "dba"}})(t.Context(), said)
	if err != nil || who.By != "ann" || who.How != "local user" || who.Role != "dba" || who.Proof != nil {
		t.Errorf("local = %+v, %v", who, err)
	}
	if worth, err := Verify(Claim{By: who.By, How: who.How}, nil); worth != Unproved || err != nil {
		t.Errorf("Verify = %q, %v", worth, err)
	}
	for _, s := range []Settings{{}, {Way: "badge", User: "ann"}} {
		if _, err := New(s)(t.Context(), said); err == nil || fault.HintOf(err) == "" {
			t.Errorf("%+v: %v", s, err)
		}
	}
	for _, c := range []Claim{{By: "ann", How: "badge", Statement: said, Proof: map[string]string{"statement": said}}, {By: "ann", How: "local user", Proof: map[string]string{}}, {How: "ssh signature of x", Statement: said}} {
		if worth, err := Verify(c, nil); err == nil {
			t.Errorf("%+v is worth %q", c, worth)
		}
	}
}

// A certificate and a key that is too weak count for nothing, whoever lists it.
func TestWeakKeys(t *testing.T) {
	t.Parallel()
	ca, ann := edPair(t), edPair(t)
	certificate := &ssh.Certificate{Key: ann.signer.PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{"ann"}, ValidBefore: ssh.CertTimeInfinity}
	if err := certificate.SignCert(rand.Reader, ca.signer); err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewCertSigner(certificate, ann.signer)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := sshsig.Sign(bytes.NewReader([]byte(said)), signer, sshsig.HashSHA512, Namespace)
	if err != nil {
		t.Fatal(err)
	}
	known, err := parseSigners([]byte("ann " + ann.line))
	if err != nil {
		t.Fatal(err)
	}
	if who, err := checkSignature(known, said, string(sshsig.Armor(signature)), noon()); err == nil || !strings.Contains(err.Error(), "certificates") {
		t.Errorf("a certificate signs for %q, %v", who, err)
	}
	for _, line := range []string{rsaPair(t, 1024).line, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(certificate)))} {
		if _, err := parseSigners([]byte("ann " + line)); err == nil {
			t.Errorf("accepted: %s", fmt.Sprintf("%.60s", line))
		}
	}
}
