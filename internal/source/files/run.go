package files

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source/files/cloudformation"
	"example.com/landfall/internal/source/files/discovery"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/format"
	"example.com/landfall/internal/source/files/resourcelist"
	"example.com/landfall/internal/source/files/snapshot"
	"example.com/landfall/internal/source/files/terraform"
)

func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

// dropCopies leaves one file of each content. Where the path says something
// that the content does not (an output of the AWS CLI, a table), only files of
// which it says the same are copies.
func (r *run) dropCopies() {
	first := map[string]string{}
	r.keep(func(f *file) bool {
		content := format.First(f.identity.Text, f.identity.Fingerprint)
		key := string(f.format) + "\x00" + content
		if f.format == Describe || f.format == ResourceList {
			account, region := format.FromPath(f.path)
			key += "\x00" + string(account) + "\x00" + string(region)
		}
		if f.format == Describe {
			key += "\x00" + strings.TrimSuffix(filepath.Base(f.path), ".gz")
		}
		if known, ok := first[key]; ok {
			r.options.Log.Debug("pass over a copy", "file", f.path, "of", known)
			return false
		}
		first[key] = f.path
		return true
	})
}

// keep leaves the files of which keep says so.
func (r *run) keep(keep func(*file) bool) {
	var kept []*file
	for _, f := range r.files {
		if keep(f) {
			kept = append(kept, f)
			continue
		}
		f.progress.finish()
	}
	r.files = kept
}

// dropOldStates leaves the newest of the raw states of one lineage: a backup
// beside a state, or states of several days, would give resources that are
// gone.
func (r *run) dropOldStates() {
	newest := map[string]*file{}
	headers := map[*file]terraform.Header{}
	for _, f := range r.files {
		if f.format != TerraformState {
			continue
		}
		h, err := terraform.ReadHeader(f.document)
		if err != nil || h.Lineage == "" {
			continue // read refuses what is broken
		}
		headers[f] = h
		if best := newest[h.Lineage]; best == nil || h.Serial > headers[best].Serial {
			newest[h.Lineage] = f
		}
	}
	r.keep(func(f *file) bool {
		h, known := headers[f]
		best := newest[h.Lineage]
		if !known || h.Serial >= headers[best].Serial {
			return true
		}
		r.refuse(f.path, fault.Newf(fault.Conflict, "read state: serial %d is older than serial %d of the same state in %q", h.Serial, headers[best].Serial, best.path))
		return false
	})
}

// learn reads what has to be known of all files of a format before one of them
// is read.
func (r *run) learn(ctx context.Context) error {
	return r.each(ctx, len(r.files), func(ctx context.Context, i int) error {
		f := r.files[i]
		return r.guarded(f, func() error {
			switch f.format {
			case ConfigSnapshot:
				r.to.Planned(f.size)
				pass := &progress{to: r.to, left: f.size}
				defer pass.finish()
				return snapshot.First(ctx, f.document.Watched(pass.done), r.newest, i)
			case Describe:
				return r.outputs.Learn(ctx, f.document)
			}
			return nil
		})
	})
}

// read reads the files. Templates are read together, after the others: one may
// be nested in another, or import what it exports.
func (r *run) read(ctx context.Context) error {
	err := r.each(ctx, len(r.files), func(ctx context.Context, i int) error {
		f := r.files[i]
		if f.format == CloudFormation {
			return nil
		}
		defer f.progress.finish()
		return r.guarded(f, func() error { return r.readOne(ctx, f, i) })
	})
	if err != nil {
		return err
	}
	return r.readTemplates()
}

func (r *run) readOne(ctx context.Context, f *file, i int) error {
	q := format.Request{Document: f.document.Watched(f.progress.done), Kinds: r.kinds, Account: r.options.Account, Region: r.options.Region, Log: r.options.Log}
	switch f.format {
	case TerraformState:
		return terraform.ReadState(ctx, q, r.to)
	case TerraformPlan:
		return terraform.ReadPlan(ctx, q, r.to)
	case ConfigSnapshot:
		return snapshot.Second(ctx, q, r.newest, i, r.to)
	case WorkloadDiscovery:
		return discovery.Read(ctx, q, r.to)
	case ResourceList:
		return resourcelist.Read(ctx, q, r.to)
	case Describe:
		return r.outputs.Read(ctx, q, r.to)
	}
	return fault.Newf(fault.Internal, "read %q: no reader for the format %q", f.path, f.format)
}

// guarded keeps one bad file from ending the run: a panic of a reader or of a
// library under it is a refusal of the file, with what is needed to mend it in
// the log.
func (r *run) guarded(f *file, do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.options.Log.Error("reader broke down", "file", f.path, "reason", p, "stack", string(debug.Stack()))
			r.refuse(f.path, fault.Newf(fault.Internal, "read as %s: the reader broke down: %s", f.format, format.Cut(fmt.Sprint(p))))
			err = nil
		}
	}()
	return do()
}

// templateBytes bounds a template: CloudFormation takes 1 MB (its quotas).
const templateBytes = 16 << 20

func (r *run) readTemplates() error {
	var templates []cloudformation.File
	var last *file
	for _, f := range r.files {
		if f.format != CloudFormation {
			continue
		}
		last = f
		limits := f.document.Limits()
		limits.WholeBytes = min(limits.WholeBytes, templateBytes)
		content, err := document.File(f.path, limits).Watched(f.progress.done).Whole()
		f.progress.finish()
		if err != nil {
			r.refuse(f.path, err)
			continue
		}
		templates = append(templates, cloudformation.File{Name: filepath.ToSlash(f.path), Data: content})
	}
	if len(templates) == 0 {
		return nil
	}
	return r.guarded(last, func() error {
		result := cloudformation.ReadAll(templates, cloudformation.Options{
			Open: r.open, List: list, Parameters: r.options.Parameters, Account: r.options.Account, Region: r.options.Region, Kinds: r.kinds, Log: r.options.Log,
		})
		for _, one := range result.Refused {
			r.to.Refused(one)
		}
		for _, one := range result.Unread {
			r.to.Unread(one)
		}
		return r.to.Found(result.Observations...)
	})
}

// open reads a file beside a template.
func (r *run) open(path string) ([]byte, error) {
	limits := r.options.Limits
	if limits.WholeBytes == 0 || limits.WholeBytes > templateBytes {
		limits.WholeBytes = templateBytes
	}
	info, err := os.Stat(filepath.FromSlash(path))
	if err != nil {
		return nil, fault.Wrap(err, "open", path)
	}
	if !info.Mode().IsRegular() {
		return nil, fault.Of(fault.Invalid, "open", path, fmt.Errorf("it is no regular file"))
	}
	return document.File(filepath.FromSlash(path), limits).Whole()
}

// Bounds of the folders around a template in which a nested one may lie.
const (
	nearLevels = 4
	nearFiles  = 5000
)

// list names the files of a folder and of those below it.
func list(folder string) []string {
	var out []string
	var down func(path string, level int)
	down = func(path string, level int) {
		entries, err := os.ReadDir(path)
		if err != nil || level > nearLevels {
			return
		}
		for _, entry := range entries {
			switch at := filepath.Join(path, entry.Name()); {
			case hidden(entry.Name()) || entry.Name() == "node_modules":
			case len(out) >= nearFiles:
				return
			case entry.IsDir():
				down(at, level+1)
			case entry.Type().IsRegular():
				out = append(out, filepath.ToSlash(at))
			}
		}
	}
	down(filepath.FromSlash(folder), 1)
	slices.Sort(out)
	return out
}
