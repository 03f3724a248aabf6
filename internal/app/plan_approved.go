package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/store/durable"
	"example.com/landfall/internal/store/ledger"
)

// approvedFingerprint is that of the runbook that was approved last.
func (a *App) approvedFingerprint(ctx context.Context, w *store.Workspace) (string, error) {
	none := fault.Newf(fault.NotFound, "compare with the approved runbook: none was approved yet").Hintf("landfall plan, then: landfall approve runbook --fingerprint F")
	if _, err := os.Stat(w.LedgerPath()); os.IsNotExist(err) {
		return "", none
	}
	last := ""
	err := ledger.Read(ctx, w.LedgerPath(), func(l *ledger.Ledger) error {
		last = ""
		for entry, err := range l.Entries(ctx, 1, ledger.Filter{Kind: entryRunbookApproved}) {
			if err != nil {
				return err
			}
			last = entry.Subject
		}
		return nil
	})
	if err == nil && last == "" {
		err = none
	}
	return last, err
}

// keep stores a copy of a planned runbook under its fingerprint, so that a
// later plan can be compared with the one that people approve.
func keep(w *store.Workspace, fingerprint string) error {
	path, err := keptPath(w, fingerprint)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(w.Path(store.Runbook))
	if err != nil {
		return fault.Wrap(err, "read runbook", w.Path(store.Runbook))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fault.Wrap(err, "make folder", filepath.Dir(path))
	}
	return durable.Replace(path, content, 0o600)
}

func keptPath(w *store.Workspace, fingerprint string) (string, error) {
	return w.Private("planned", "runbook-"+strings.TrimPrefix(fingerprint, "sha256:")+".json")
}

// lastApproved returns the runbook that was approved last: the ledger names it,
// and its copy stands in the private folder.
func (a *App) lastApproved(ctx context.Context) (string, *runbook.Runbook, error) {
	w, err := a.need()
	if err != nil {
		return "", nil, err
	}
	fingerprint, err := a.approvedFingerprint(ctx, w)
	if err != nil {
		return "", nil, err
	}
	path, err := keptPath(w, fingerprint)
	if err != nil {
		return "", nil, err
	}
	var r runbook.Runbook
	if err := store.ReadFile(path, store.Runbook, &r); err != nil {
		return "", nil, err
	}
	if found, err := r.Fingerprint(); err != nil || found != fingerprint {
		return "", nil, fault.Newf(fault.Conflict, "read %q: it is not the runbook that was approved", path).Hintf("landfall ledger verify")
	}
	return fingerprint, &r, nil
}
