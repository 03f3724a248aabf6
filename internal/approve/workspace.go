package approve

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"example.com/landfall/internal/fault"
)

// ManifestNamespace keeps signatures over manifests apart from words of people:
// with the key of a workspace nobody can approve anything.
const ManifestNamespace = "landfall-manifest"

// WorkspaceKey signs in the name of a workspace what Landfall itself has found.
// It proves that a document has not changed since, and not who made it: whoever
// can read the workspace's private folder can use it.
type WorkspaceKey struct{ signer ssh.Signer }

// OpenWorkspaceKey reads the key of a workspace, in OpenSSH's form, and makes it
// when there is none; made says that it did.
func OpenWorkspaceKey(path string) (key WorkspaceKey, made bool, err error) {
	for range 2 {
		signer, _, err := readKey(path)
		switch {
		case err == nil && signer == nil:
			return WorkspaceKey{}, false, fault.Newf(fault.Invalid, "read the key of the workspace %q: it is not a private key without a passphrase", path).
				Hintf("move it away: the next run makes another one")
		case err == nil:
			return WorkspaceKey{signer}, made, nil
		case !errors.Is(err, fs.ErrNotExist):
			return WorkspaceKey{}, false, err
		}
		if made, err = makeKey(path); err != nil {
			return WorkspaceKey{}, false, err
		}
	}
	return WorkspaceKey{}, false, fault.Newf(fault.Storage, "read the key of the workspace %q: it goes away as soon as it is made", path)
}

// makeKey writes a new key. One that another process made meanwhile stays.
func makeKey(path string) (bool, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return false, fault.Of(fault.Internal, "make the key of the workspace", "", err)
	}
	block, err := ssh.MarshalPrivateKey(private, "landfall workspace")
	if err != nil {
		return false, fault.Of(fault.Internal, "make the key of the workspace", "", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return false, fault.Wrap(err, "make folder", filepath.Dir(path))
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".key") // with mode 0600
	if err != nil {
		return false, fault.Wrap(err, "write the key of the workspace", path)
	}
	defer os.Remove(temporary.Name()) //nolint:errcheck // a second name at most
	_, err = temporary.Write(pem.EncodeToMemory(block))
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return false, fault.Of(fault.Storage, "write the key of the workspace", path, err)
	}
	// A link, and no rename: who comes second takes the first one's.
	err = os.Link(temporary.Name(), path)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, fault.Wrap(err, "write the key of the workspace", path)
}

// Public is the public half, as a line of OpenSSH.
func (k WorkspaceKey) Public() string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k.signer.PublicKey())))
}

// Fingerprint is that of the key, as ssh-keygen prints it.
func (k WorkspaceKey) Fingerprint() string { return ssh.FingerprintSHA256(k.signer.PublicKey()) }

// Sign returns the signature of a manifest's statement, armoured.
func (k WorkspaceKey) Sign(statement string) (string, error) {
	signature, err := sshsig.Sign(strings.NewReader(statement), k.signer, sshsig.HashSHA512, ManifestNamespace)
	if err != nil {
		return "", fault.Newf(fault.Internal, "sign with the key of the workspace %s: %v", k.Fingerprint(), plain(err))
	}
	return string(sshsig.Armor(signature)), nil
}

// VerifyWorkspace checks a signature of a manifest's statement with the public
// half of a workspace's key, and nothing else. fault.Found when it does not hold.
func VerifyWorkspace(statement, armoured, public string) error {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(public))
	if err != nil {
		return fault.Newf(fault.Invalid, "read the public key of the workspace: %v", plain(err))
	}
	signature, err := sshsig.Unarmor([]byte(armoured))
	switch {
	case err != nil:
		return fault.Newf(fault.Found, "check the signature: it cannot be read: %v", plain(err))
	case signature.Namespace != ManifestNamespace:
		return fault.Newf(fault.Found, "check the signature: it is for the namespace %q, not %q", cut(signature.Namespace, 80), ManifestNamespace)
	case string(signature.PublicKey.Marshal()) != string(key.Marshal()):
		return fault.Newf(fault.Found, "check the signature: it is of the key %s, not of %s", ssh.FingerprintSHA256(signature.PublicKey), ssh.FingerprintSHA256(key))
	}
	if err := sshsig.Verify(strings.NewReader(statement), signature, key, signature.HashAlgorithm, ManifestNamespace); err != nil {
		return fault.Newf(fault.Found, "check the signature of the key %s: it is not one of %q", ssh.FingerprintSHA256(key), cut(statement, 200))
	}
	return nil
}
