package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/store/durable"
	"example.com/landfall/internal/store/ledger"
	"example.com/landfall/internal/view"
)

const (
	entryKeyMade = "manifest.key.made"
	// sshsigForm is the form of all signatures here.
	sshsigForm = "sshsig"
	// workspaceSigner is how the name of a signer begins that is no person.
	workspaceSigner = "workspace"
	// sshBy is how an entry says that somebody signed, before the key.
	sshBy = "ssh signature of "
	// manifestName is the end of the name of a manifest's file.
	manifestName = ".jsonl.zst"
)

// signer signs a manifest: the person whom landfall.yaml lets sign with an SSH
// key, otherwise the workspace.
type signer struct {
	app   *App
	state moveState
	// alone says that no person is there to be asked.
	alone bool
	// used is the key of the workspace, when it has signed.
	used ManifestKey
	// why is why the person has not signed.
	why error
}

// Sign signs a manifest's statement.
func (s *signer) Sign(ctx context.Context, statement string) (manifest.Signature, error) {
	a := s.app
	if !s.alone && a.Identify != nil && a.Config != nil && a.Config.Approvals.Identity == "ssh" {
		who, err := a.Identify(ctx, statement)
		if err == nil {
			if err := a.keepSigners(who.Proof[proofSigners]); err != nil {
				return manifest.Signature{}, err
			}
			return manifest.Signature{By: who.By, Key: who.Proof["keyFingerprint"], Format: sshsigForm, Value: who.Proof["signature"]}, nil
		}
		s.why = err
	}
	key, made, err := a.Movers.Key(s.state.key)
	if err != nil {
		return manifest.Signature{}, err
	}
	if made && !s.state.lone {
		if _, err := a.record(ctx, entryKeyMade, key.Fingerprint(), map[string]string{"public": key.Public(), "fingerprint": key.Fingerprint()}); err != nil {
			return manifest.Signature{}, err
		}
	}
	value, err := key.Sign(statement)
	if err != nil {
		return manifest.Signature{}, err
	}
	s.used = key
	by := workspaceSigner
	if name := a.workload(); name != "" {
		by += " " + name
	}
	return manifest.Signature{By: by, Key: key.Fingerprint(), Format: sshsigForm, Value: value}, nil
}

// sheet is the file of a manifest while it is made: it gets its name when it is
// whole and signed.
type sheet struct {
	file *os.File
	path string
}

func (s moveState) sheet(run, verb string) (*sheet, error) {
	folder := filepath.Join(s.dir, "manifests")
	file, err := os.CreateTemp(folder, "."+run+"-"+verb+"-")
	if err != nil {
		return nil, fault.Wrap(err, "make the manifest", folder)
	}
	return &sheet{file: file, path: filepath.Join(folder, run+"-"+verb+manifestName)}, nil
}

// drop leaves nothing of a manifest that was not finished.
func (s *sheet) drop() {
	_ = s.file.Close() // it was closed already, or is given up
	_ = os.Remove(s.file.Name())
}

// publish makes the file durable and gives it its name.
func (s *sheet) publish() error {
	err := errors.Join(s.file.Sync(), s.file.Close())
	if err == nil {
		err = os.Rename(s.file.Name(), s.path)
	}
	if err == nil {
		err = durable.SyncFolder(filepath.Dir(s.path))
	}
	if err != nil {
		return fault.Of(fault.Storage, "write the manifest", s.path, err)
	}
	return nil
}

// copyTo writes the manifest once more, where somebody wants to have it.
func (s *sheet) copyTo(path string) error {
	return durable.ReplaceBy(path, 0o644, func(w io.Writer) error {
		from, err := os.Open(s.path)
		if err != nil {
			return err
		}
		defer from.Close() //nolint:errcheck // nothing was written
		_, err = io.Copy(w, from)
		return err
	})
}

// wrongLines reads a manifest for the first objects that are not as they should
// be. Reading it also checks all of it.
func wrongLines(ctx context.Context, path string, most int, extra bool) ([]view.MoveLine, error) {
	var out []view.MoveLine
	err := eachLine(ctx, path, func(line manifest.Line) bool {
		if !line.Result.Good() && (extra || line.Result != manifest.Extra) {
			out = append(out, moveLine(line))
		}
		return len(out) < most
	})
	return out, err
}

func moveLine(l manifest.Line) view.MoveLine {
	return view.MoveLine{Key: l.Key, Version: l.Version, Result: string(l.Result), Reason: l.Reason}
}

// movedEntry is the body of an entry about a finished pass, as far as a manifest
// is checked with it.
type movedEntry struct {
	Digest    string `json:"digest"`
	PublicKey string `json:"publicKey,omitempty"`
	How       string `json:"how,omitempty"`
	Signers   string `json:"signers,omitempty"`
}

// ManifestOptions say which manifest is checked, and with what.
type ManifestOptions struct {
	Path string
	// Ledger is a copy of a ledger, "" for the workspace's; Key a file with the
	// public key of a workspace or a person, which then is trusted without a ledger.
	Ledger, Key string
}

// CheckManifest reads a manifest to its end, and says who vouches for it. It is
// offline.
func (a *App) CheckManifest(ctx context.Context, o ManifestOptions) (view.ManifestChecked, error) {
	path := a.path(o.Path)
	summary, err := readManifest(ctx, path)
	if err != nil {
		return view.ManifestChecked{}, err
	}
	out := view.ManifestChecked{
		File: o.Path, Verb: summary.Head.Verb, Source: summary.Head.Source, Target: summary.Head.Target, Began: summary.Head.Began, Ended: summary.Head.Ended,
		Complete: summary.Head.Complete, Digest: summary.Digest, Results: resultsOf(summary.End.Counts, summary.Head.Verb), Proofs: proofsOf(summary.End.Counts), Signatures: []view.ManifestSigned{},
	}
	by := &manifestJudge{app: a, keys: map[string]string{}}
	if o.Key != "" {
		public, err := os.ReadFile(a.path(o.Key))
		if err != nil {
			return out, fault.Wrap(err, "read the public key", o.Key)
		}
		by.given, by.givenFrom = strings.TrimSpace(string(public)), o.Key
	} else if out.Entry, err = by.read(ctx, o.Ledger, summary.Digest); err != nil {
		return out, err
	}
	if o.Key == "" && out.Entry == 0 {
		return out, fault.Newf(fault.Found, "verify the manifest %q: no entry of the ledger holds its digest %s", o.Path, summary.Digest).
			Hintf("it is of another workspace, or was made without one: landfall verify manifest PATH --ledger FILE, or --key FILE")
	}
	if err := summary.Verify(by); fault.Is(err, fault.Invalid) && o.Key != "" {
		return out, fault.Of(fault.Invalid, "verify the manifest", o.Path, err).
			Hintf("--key wants the public half: ssh-keygen -y -f .landfall/manifest.key, or the ledger's entry %s", entryKeyMade)
	} else if err != nil {
		return out, fault.Of(fault.KindOf(err), "verify the manifest", o.Path, err)
	}
	out.Signatures = by.held
	return out, nil
}

func readManifest(ctx context.Context, path string) (manifest.Summary, error) {
	file, err := os.Open(path)
	if err != nil {
		return manifest.Summary{}, fault.Wrap(err, "read the manifest", path)
	}
	defer file.Close() //nolint:errcheck // nothing was written
	reader, err := manifest.Open(file)
	if err != nil {
		return manifest.Summary{}, fault.Wrap(err, "read the manifest", path)
	}
	defer reader.Close()
	for {
		if _, err = reader.Next(); err != nil || ctx.Err() != nil {
			break
		}
	}
	if !errors.Is(err, io.EOF) {
		return manifest.Summary{}, fault.Wrap(errors.Join(ctx.Err(), err), "read the manifest", path)
	}
	summary, _ := reader.Summary()
	return summary, nil
}

// manifestJudge says whose signatures count: those of keys that the ledger names
// as the workspace's, and of people that the signers files know.
type manifestJudge struct {
	app  *App
	keys map[string]string // public halves by fingerprint
	// given is the one public key to trust, where there is no ledger.
	given, givenFrom string
	entry            movedEntry
	at               time.Time
	actor            string
	held             []view.ManifestSigned
}

// read looks through a ledger for the keys of the workspace, and for the entry
// that holds a digest.
func (j *manifestJudge) read(ctx context.Context, file, digest string) (int64, error) {
	path, err := j.app.ledgerFile(file)
	var found int64
	if err == nil {
		err = ledger.Read(ctx, path, func(l *ledger.Ledger) error {
			found, err = j.look(ctx, l, digest)
			return err
		})
	}
	if fault.Is(err, fault.NotFound) && file == "" {
		return 0, fault.Of(fault.NotFound, "", "", err).Hintf("run it in a workspace, or with --ledger FILE or --key FILE")
	}
	return found, err
}

func (j *manifestJudge) look(ctx context.Context, l *ledger.Ledger, digest string) (int64, error) {
	var found int64
	for e, err := range l.Entries(ctx, 1, ledger.Filter{}) {
		switch {
		case err != nil:
			return 0, err
		case e.Kind == entryKeyMade:
			var key struct{ Public, Fingerprint string }
			if json.Unmarshal(e.Body, &key) == nil {
				j.keys[key.Fingerprint] = key.Public
			}
		case strings.HasPrefix(e.Kind, "objects."):
			var body movedEntry
			if json.Unmarshal(e.Body, &body) == nil && body.Digest == digest {
				found, j.entry, j.actor = e.Seq, body, e.Actor
				j.at, _ = time.Parse(time.RFC3339, e.Time) // the ledger writes no other form
			}
		}
	}
	return found, nil
}

// Verify says whether a signature counts.
func (j *manifestJudge) Verify(statement string, s manifest.Signature) error {
	if j.given != "" {
		return j.byKey(statement, s)
	}
	public, known := j.keys[s.Key], "a key of this workspace"
	if j.entry.PublicKey != "" {
		public = j.entry.PublicKey
	}
	if public != "" && j.entry.Signers == "" {
		if err := j.app.Movers.CheckSignature(statement, s.Value, public); err != nil {
			return err
		}
		j.held = append(j.held, view.ManifestSigned{By: s.By, Key: s.Key, Known: known})
		return nil
	}
	signers, err := j.app.signersAt(nil)
	if err != nil {
		return err
	}
	file, ok, err := signers(j.entry.Signers)
	if err != nil {
		return err
	}
	if !ok {
		return fault.Newf(fault.Found, "check the signature of %q: neither a key of this workspace nor a signers file vouches for %s", s.By, s.Key).
			Hintf("landfall verify manifest PATH --key FILE, with the public key of that person")
	}
	_, err = j.app.Judge(Claim{By: s.By, How: j.entry.How, Statement: statement, At: j.at, Proof: map[string]string{
		proofStatement: statement, "signature": s.Value, "keyFingerprint": s.Key, "principal": s.By, "namespace": "landfall",
	}}, file.content)
	if err == nil {
		j.held = append(j.held, view.ManifestSigned{By: s.By, Key: s.Key, Known: "known to the signers " + file.from})
	}
	return err
}

// byKey checks with the one key that was given: of a workspace, or of the person
// whom the manifest names. Nothing but the key vouches for that name.
func (j *manifestJudge) byKey(statement string, s manifest.Signature) error {
	err := j.app.Movers.CheckSignature(statement, s.Value, j.given)
	if key := strings.Fields(j.given); err != nil && !strings.HasPrefix(s.By, workspaceSigner) && len(key) > 1 {
		const holder = "holder"
		if _, wrong := j.app.Judge(Claim{By: holder, How: sshBy + s.Key, Statement: statement, Proof: map[string]string{
			proofStatement: statement, "signature": s.Value, "keyFingerprint": s.Key, "principal": holder, "namespace": "landfall",
		}}, []byte(holder+` namespaces="landfall" `+key[0]+" "+key[1]+"\n")); wrong != nil {
			return fault.Newf(fault.Found, "check the signature with the key %s: it is not one of the key in %q", s.Key, j.givenFrom)
		}
		err = nil
	}
	if err == nil {
		j.held = append(j.held, view.ManifestSigned{By: s.By, Key: s.Key, Known: "the key in " + j.givenFrom})
	}
	return err
}
