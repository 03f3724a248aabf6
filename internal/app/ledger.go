package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"os"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/ledger"
	"example.com/landfall/internal/view"
)

// record appends one entry to the workspace's ledger, also when landfall.yaml
// cannot be read: what happened is recorded all the same.
func (a *App) record(ctx context.Context, kind, subject string, body any) (ledger.Entry, error) {
	return a.recordAs(ctx, a.setup.User, kind, subject, body)
}

// recordAs appends an entry in the name of somebody.
func (a *App) recordAs(ctx context.Context, who, kind, subject string, body any) (ledger.Entry, error) {
	w, err := a.folder()
	if err != nil {
		return ledger.Entry{}, err
	}
	if _, err := w.Private(); err != nil {
		return ledger.Entry{}, err
	}
	l, err := ledger.Open(ctx, w.LedgerPath(), ledger.Options{Now: a.setup.Now, Log: a.setup.Log})
	if err != nil {
		return ledger.Entry{}, err
	}
	entry, err := l.Append(ctx, ledger.Record{Kind: kind, Actor: who, Subject: subject, Body: body})
	return entry, errors.Join(err, l.Close())
}

// LedgerOptions says which ledger to look at.
type LedgerOptions struct {
	// File is a ledger or a copy of one; "" means the workspace's.
	File string
	// Export is an exported ledger to check instead; "" for none.
	Export string
	// Heads that the ledger has to contain, in the form that verify prints.
	Heads []string
	// Signers are signers files with which signatures are checked, beside that of
	// landfall.yaml and the copies that the workspace keeps.
	Signers []string
}

// LedgerVerify checks the workspace's own ledger; see LedgerCheck.
func (a *App) LedgerVerify(ctx context.Context) (view.LedgerVerdict, error) {
	return a.LedgerCheck(ctx, LedgerOptions{})
}

// LedgerCheck reads a whole ledger, or an export of one, and finds any changed,
// missing or reordered entry, and any word of a person that is not proved as the
// entry says. The error is of kind fault.Found when there is one; the verdict
// names the first. It changes nothing and needs no workspace
// when a file is named.
func (a *App) LedgerCheck(ctx context.Context, o LedgerOptions) (view.LedgerVerdict, error) {
	heads, err := parseHeads(o.Heads)
	if err != nil {
		return view.LedgerVerdict{}, err
	}
	if o.Export != "" {
		f, err := os.Open(o.Export)
		if err != nil {
			return view.LedgerVerdict{}, fault.Wrap(err, "read export", o.Export)
		}
		defer f.Close() //nolint:errcheck // nothing was written
		verdict, err := ledger.VerifyExport(ctx, f, heads...)
		out := show(o.Export, verdict)
		if err == nil {
			err = a.prove(&out, verdict.Head.Ledger, o.Signers, exported(ctx, o.Export))
		}
		return out, err
	}
	path, err := a.ledgerFile(o.File)
	out := view.LedgerVerdict{File: path}
	if err != nil {
		return out, err
	}
	err = ledger.Read(ctx, path, func(l *ledger.Ledger) error {
		verdict, err := l.Verify(ctx, heads...)
		if fault.Is(err, fault.Found) {
			err = fault.Of(fault.Found, "verify ledger", path, errors.New(verdict.Break.Why)).
				Hintf("keep the file as it is, and compare it with a backup: landfall ledger verify --file BACKUP")
		}
		out = show(path, verdict)
		if err == nil {
			err = a.prove(&out, verdict.Head.Ledger, o.Signers, l.Entries(ctx, 1, ledger.Filter{}))
		}
		return err
	})
	return out, err
}

// prove checks the words of people in a ledger that is whole. One that is not
// proved as its entry says is Found.
func (a *App) prove(out *view.LedgerVerdict, id string, signers []string, entries iter.Seq2[ledger.Entry, error]) error {
	p, err := a.newProofs(id, signers)
	if err != nil {
		return err
	}
	found, err := p.all(entries)
	if err != nil {
		return err
	}
	if out.Proofs = &found; len(found.Wrong) > 0 {
		first := found.Wrong[0]
		return fault.Newf(fault.Found, "verify ledger %q: the proof of %s wrong, first in entry %d: %s", out.File, several(len(found.Wrong), "entry is", "entries is"), first.Seq, first.Why).
			Hintf("keep the ledger and the signers file as they are; landfall ledger list --kind KIND shows the entry")
	}
	return nil
}

// exported yields the entries of an export that was verified.
func exported(ctx context.Context, path string) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(ledger.Entry{}, fault.Wrap(err, "read export", path))
			return
		}
		defer f.Close() //nolint:errcheck // nothing was written
		lines := json.NewDecoder(f)
		for ctx.Err() == nil {
			var e ledger.Entry
			if err := lines.Decode(&e); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				yield(e, fault.Of(fault.Invalid, "read export", path, err))
				return
			}
			if e.Seq > 0 && !yield(e, nil) { // the first line and the last are none
				return
			}
		}
		yield(ledger.Entry{}, fault.Wrap(ctx.Err(), "read export", path))
	}
}

// LedgerList returns the entries of a ledger whose kind begins with the given
// text.
func (a *App) LedgerList(ctx context.Context, o LedgerOptions, kind string) (view.LedgerEntries, error) {
	path, err := a.ledgerFile(o.File)
	result := view.LedgerEntries{File: path, Entries: []view.LedgerEntry{}}
	if err != nil {
		return result, err
	}
	err = ledger.Read(ctx, path, func(l *ledger.Ledger) error {
		result.Entries = []view.LedgerEntry{}
		for entry, err := range l.Entries(ctx, 1, ledger.Filter{Kind: kind}) {
			if err != nil {
				return err
			}
			result.Entries = append(result.Entries, view.LedgerEntry{
				Seq: entry.Seq, Time: entry.Time, Kind: entry.Kind, Actor: entry.Actor,
				Subject: entry.Subject, Body: entry.Body, Hash: entry.Hash,
			})
		}
		return nil
	})
	return result, err
}

// LedgerExport writes the workspace's ledger as lines of JSON that "ledger
// verify --export" checks on another machine.
func (a *App) LedgerExport(ctx context.Context, o LedgerOptions, path string) (view.LedgerExported, error) {
	file, err := a.ledgerFile(o.File)
	if err != nil {
		return view.LedgerExported{}, err
	}
	if _, err := os.Stat(file); err != nil {
		return view.LedgerExported{}, fault.Wrap(err, "open ledger", file)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return view.LedgerExported{}, fault.Wrap(err, "write export", path)
	}
	var head ledger.Head
	err = ledger.Read(ctx, file, func(l *ledger.Ledger) error {
		_, err := f.Seek(0, io.SeekStart)
		if err = errors.Join(err, f.Truncate(0)); err != nil {
			return err
		}
		head, err = l.Export(ctx, f)
		return err
	})
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(path) // half an export must not be taken for one
		return view.LedgerExported{}, fault.Wrap(err, "write export", path)
	}
	return view.LedgerExported{File: path, Entries: head.Seq, Head: head.String()}, nil
}

// ledgerFile is the named ledger, or the workspace's.
func (a *App) ledgerFile(file string) (string, error) {
	if file != "" {
		return file, nil
	}
	w, err := a.folder()
	if err != nil {
		return "", err
	}
	return w.LedgerPath(), nil
}

func parseHeads(texts []string) ([]ledger.Head, error) {
	var heads []ledger.Head
	for _, text := range texts {
		head, err := ledger.ParseHead(text)
		if err != nil {
			return nil, err
		}
		heads = append(heads, head)
	}
	return heads, nil
}

func show(path string, v ledger.Verdict) view.LedgerVerdict {
	shown := view.LedgerVerdict{File: path, Entries: v.Entries, Head: v.Head.String(), Intact: v.Break == nil, Checked: []string{}}
	if v.Break != nil {
		shown.FirstBad, shown.Problem = v.Break.Seq, v.Break.Why
	}
	for _, h := range v.Checked {
		shown.Checked = append(shown.Checked, h.String())
	}
	return shown
}
