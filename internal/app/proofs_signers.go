package app

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/durable"
)

// signersFolder keeps, inside the private folder, the signers files with which
// people were known: the one beside landfall.yaml changes, and what was signed
// before stays to be checked.
const signersFolder = "signers"

// maxSignersBytes bounds a signers file, as package approve does.
const maxSignersBytes = 1 << 20

// keepSigners keeps the signers file with which somebody was known, under its
// fingerprint. A file that is another one by now refuses what was said: nobody
// could check it later.
func (a *App) keepSigners(fingerprint string) error {
	if fingerprint == "" || a.Config == nil {
		return nil
	}
	w, err := a.need()
	if err != nil {
		return err
	}
	path, err := w.Private(signersFolder, strings.TrimPrefix(fingerprint, "sha256:"))
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	content, err := readSigners(a.Config.Approvals.SignersFile)
	if err != nil {
		return err
	}
	if is := fingerprintOf(content); is != fingerprint {
		return fault.Newf(fault.Conflict, "keep the signers %q: the file changes just now", a.Config.Approvals.SignersFile).Hintf("say it again")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fault.Wrap(err, "make folder", filepath.Dir(path))
	}
	return durable.Replace(path, content, 0o600)
}

func readSigners(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(err, "read the signers", path)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	content, err := io.ReadAll(io.LimitReader(f, maxSignersBytes+1))
	return content, fault.Wrap(err, "read the signers", path)
}

func fingerprintOf(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// signersFile is a signers file with where it comes from.
type signersFile struct {
	content []byte
	from    string
	// kept says that it is the copy that this workspace keeps, and not the file
	// that people review.
	kept bool
}

// signersAt returns signers files by their fingerprint: those that were named,
// that of landfall.yaml, and the copies that were kept.
func (a *App) signersAt(named []string) (func(fingerprint string) (signersFile, bool, error), error) {
	known := map[string]signersFile{}
	add := func(path string) error {
		content, err := readSigners(path)
		if err != nil {
			return err
		}
		if print := fingerprintOf(content); known[print].content == nil {
			known[print] = signersFile{content: content, from: path}
		}
		return nil
	}
	for _, name := range named {
		if err := add(a.path(name)); err != nil {
			return nil, err
		}
	}
	if a.Config != nil && a.Config.Approvals.SignersFile != "" {
		// One that is not there any more is missed where something needs it.
		if err := add(a.Config.Approvals.SignersFile); err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
	}
	return func(fingerprint string) (signersFile, bool, error) {
		if f, ok := known[fingerprint]; ok {
			return f, true, nil
		}
		f, err := a.keptSigners(fingerprint)
		if err != nil || f.content == nil {
			return signersFile{}, false, err
		}
		known[fingerprint] = f
		return f, true, nil
	}, nil
}

// keptSigners reads a copy that this workspace keeps; one that is not what its
// name says is none.
func (a *App) keptSigners(fingerprint string) (signersFile, error) {
	digest, ok := strings.CutPrefix(fingerprint, "sha256:")
	if raw, err := hex.DecodeString(digest); !ok || err != nil || len(raw) != sha256.Size {
		return signersFile{}, nil
	}
	w, err := a.folder()
	if err != nil {
		return signersFile{}, nil //nolint:nilerr // a ledger is checked without a workspace, too
	}
	path, err := w.Private(signersFolder, digest)
	if err != nil {
		return signersFile{}, err
	}
	content, err := readSigners(path)
	switch {
	case fault.Is(err, fault.NotFound):
		return signersFile{}, nil
	case err != nil:
		return signersFile{}, err
	case fingerprintOf(content) != fingerprint:
		return signersFile{}, fault.Newf(fault.Found, "read the signers %q: the file was changed", path).Hintf("name the file of then: landfall ledger verify --signers FILE")
	}
	return signersFile{content: content, from: path, kept: true}, nil
}
