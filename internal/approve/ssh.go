package approve

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"example.com/landfall/internal/fault"
)

// Namespace keeps signatures for Landfall apart from those for anything else
// (PROTOCOL.sshsig): one over a commit approves nothing.
const Namespace = "landfall"

const maxKeyBytes = 64 << 10

// bySignature has the statement signed, and accepts the signature as an
// auditor would.
func (s Settings) bySignature(ctx context.Context, statement string) (Identity, error) {
	content, err := s.readSigners()
	if err != nil {
		return Identity{}, err
	}
	known, err := parseSigners(content)
	if err != nil {
		return Identity{}, err
	}
	key, done, err := s.key(ctx, known)
	if err != nil {
		return Identity{}, err
	}
	defer done()
	signature, err := sshsig.Sign(strings.NewReader(statement), key, sshsig.HashSHA512, Namespace)
	if err != nil {
		return Identity{}, fault.Newf(fault.Denied, "sign with the key %s: %v", ssh.FingerprintSHA256(key.PublicKey()), plain(err)).Hintf("ssh-add -l")
	}
	armoured := string(sshsig.Armor(signature))
	principal, err := checkSignature(known, statement, armoured, s.now())
	if err != nil {
		return Identity{}, err
	}
	sum := sha256.Sum256(content)
	print := ssh.FingerprintSHA256(key.PublicKey())
	return Identity{By: principal, How: howSSH(print), Proof: map[string]string{
		proofStatement: statement, proofSignature: armoured, proofKey: print, proofPrincipal: principal, proofNamespace: Namespace,
		proofSigners: "sha256:" + hex.EncodeToString(sum[:]),
	}}, nil
}

func howSSH(print string) string { return "ssh signature of " + print }

func (s Settings) readSigners() ([]byte, error) {
	if s.SignersFile == "" {
		return nil, fault.Newf(fault.Invalid, "approve: landfall.yaml names no file of signers").Hintf("set approvals.signersFile")
	}
	content, err := readBounded(s.SignersFile, maxSignersBytes)
	return content, fault.Wrap(err, "read the signers", s.SignersFile)
}

// readBounded reads a file up to a size; a longer one gives one byte more.
func readBounded(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most+1))
}

// key returns what signs: the key that was named, or the one of the agent that
// belongs to a signer.
func (s Settings) key(ctx context.Context, known *signers) (ssh.Signer, func(), error) {
	path := s.Key
	if path == "" {
		path = s.env(KeyVariable)
	}
	if path == "" {
		return s.agentKey(ctx, nil, known)
	}
	signer, public, err := readKey(path)
	if err != nil {
		return nil, nil, err
	}
	if signer != nil {
		return signer, func() {}, nil
	}
	signer, done, err := s.agentKey(ctx, public, known)
	if err != nil {
		return nil, nil, fault.Of(fault.KindOf(err), "the key needs the agent", path, err).Hintf("ssh-add %s", strings.TrimSuffix(path, ".pub"))
	}
	return signer, done, nil
}

// readKey reads a private key. Of an encrypted one, and of the file of a public
// key, only the public half comes back: the agent has the other.
func readKey(path string) (ssh.Signer, ssh.PublicKey, error) {
	content, err := readBounded(path, maxKeyBytes)
	if err != nil {
		return nil, nil, fault.Wrap(err, "read the SSH key", path)
	}
	if public, _, _, _, err := ssh.ParseAuthorizedKey(content); err == nil {
		return nil, public, nil
	}
	if info, err := os.Stat(path); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		// ssh-keygen refuses such a key as well.
		return nil, nil, fault.Newf(fault.Denied, "read the SSH key %q: others can read it (mode %04o)", path, info.Mode().Perm()).Hintf("chmod 600 %s", path)
	}
	signer, err := ssh.ParsePrivateKey(content)
	if err == nil {
		return signer, nil, nil
	}
	encrypted, ok := errors.AsType[*ssh.PassphraseMissingError](err)
	if !ok {
		return nil, nil, fault.Newf(fault.Invalid, "read the SSH key %q: it is not a private key that can be used: %v", path, plain(err)).Hintf("ssh-keygen -t ed25519")
	}
	if encrypted.PublicKey != nil {
		return nil, encrypted.PublicKey, nil
	}
	// The older forms hold the public half encrypted too.
	if content, err = readBounded(path+".pub", maxKeyBytes); err == nil {
		if public, _, _, _, err := ssh.ParseAuthorizedKey(content); err == nil {
			return nil, public, nil
		}
	}
	return nil, nil, fault.Newf(fault.Denied, "read the SSH key %q: it is encrypted, and %q is not there", path, path+".pub").Hintf("ssh-add %s, and unset %s", path, KeyVariable)
}

// agentKey returns the key of the agent that is wanted, or, when wanted is nil,
// the first one that belongs to a signer. Keys of several persons are an error:
// the choice is not ours.
func (s Settings) agentKey(ctx context.Context, wanted ssh.PublicKey, known *signers) (ssh.Signer, func(), error) {
	socket := s.env(agentVariable)
	if socket == "" {
		return nil, nil, fault.Newf(fault.Denied, "approve: no SSH key was named and no agent runs").Hintf("set %s, or: eval $(ssh-agent) && ssh-add", KeyVariable)
	}
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, nil, fault.Newf(fault.Unavailable, "ask the SSH agent: %v", plain(err)).Hintf("eval $(ssh-agent) && ssh-add")
	}
	// An agent may wait for a person who confirms or touches a key.
	stop := context.AfterFunc(ctx, func() { _ = connection.Close() })
	done := func() { stop(); _ = connection.Close() }
	signer, err := s.choose(agent.NewClient(connection), wanted, known)
	if err != nil {
		done()
		return nil, nil, err
	}
	return signer, done, nil
}

func (s Settings) choose(a agent.Agent, wanted ssh.PublicKey, known *signers) (ssh.Signer, error) {
	all, err := a.Signers()
	if err != nil {
		return nil, fault.Newf(fault.Unavailable, "ask the SSH agent: %v", plain(err)).Hintf("ssh-add -l")
	}
	var chosen ssh.Signer
	var person string
	var why error
	for _, one := range all {
		if wanted != nil {
			if string(one.PublicKey().Marshal()) == string(wanted.Marshal()) {
				return one, nil
			}
			continue
		}
		principal, err := known.find(one.PublicKey(), s.now())
		switch {
		case err != nil:
			why = err
		case chosen == nil:
			chosen, person = one, principal
		case principal != person:
			return nil, fault.Newf(fault.Denied, "approve: the agent has keys of %q and of %q", person, principal).Hintf("set %s to the file of one", KeyVariable)
		}
	}
	switch {
	case wanted != nil:
		return nil, fault.Newf(fault.Denied, "the agent does not have the key %s", ssh.FingerprintSHA256(wanted))
	case chosen != nil:
		return chosen, nil
	case len(all) == 1:
		return nil, why
	}
	return nil, fault.Newf(fault.Denied, "approve: none of the %d keys of the agent belongs to a signer", len(all)).Hintf("ssh-add -l, and compare with %s", s.SignersFile)
}

// plain takes the address off errors of the net package and makes one line.
func plain(err error) string { return cut(strings.Join(strings.Fields(err.Error()), " "), 300) }
