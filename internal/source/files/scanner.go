package files

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/source/files/describe"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/format"
	"example.com/landfall/internal/source/files/snapshot"
)

// Options say what is known beside the files. The zero value is usable.
type Options struct {
	// Account and Region are assumed where neither a file nor its path says
	// where it was taken.
	Account cloud.Account
	Region  cloud.Region
	// Parameters are values for the parameters of CloudFormation templates.
	Parameters map[string]string
	// Limits of one file; zero means document.Bounds.
	Limits document.Limits
	// Concurrency bounds the files that are read at a time; 0 is the number of
	// processors, at most 8.
	Concurrency int
	// Kinds converts what is read; nil makes a converter, which is costly.
	Kinds *kinds.Converter
	// Log may be nil.
	Log *slog.Logger
}

// Scanner reads exported files.
type Scanner struct {
	inputs  []Input
	options Options
	kinds   *kinds.Converter
}

var _ source.Scanner = (*Scanner)(nil)

// NewScanner returns a scanner of the inputs. Scan has an error of the kind
// NotFound if there is nothing behind one of them.
func NewScanner(inputs []Input, options Options) *Scanner {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.Concurrency <= 0 {
		options.Concurrency = min(runtime.GOMAXPROCS(0), 8)
	}
	if options.Kinds == nil {
		options.Kinds = kinds.New()
	}
	return &Scanner{inputs: inputs, options: options, kinds: options.Kinds}
}

// Scan reads all files behind the inputs.
func (s *Scanner) Scan(ctx context.Context, to source.Sink) error {
	files, refused, err := expand(ctx, s.inputs)
	if err != nil {
		return err
	}
	r := &run{Scanner: s, to: to, outputs: describe.NewSet(), newest: snapshot.NewNewest()}
	for _, one := range refused {
		r.refuse(one.path, one.err)
	}
	var total int64
	for _, f := range files {
		total += 2 * f.size // once for the fingerprint, once to read it
	}
	to.Planned(total)
	if err := r.identify(ctx, files); err != nil {
		return err
	}
	r.dropCopies()
	r.dropOldStates()
	if err := r.learn(ctx); err != nil {
		return err
	}
	if err := r.read(ctx); err != nil {
		return err
	}
	r.outputs.Finish(to)
	return nil
}

// run is one scan.
type run struct {
	*Scanner
	to      source.Sink
	outputs *describe.Set
	newest  *snapshot.Newest

	mu sync.Mutex
	// files are those to read, in order.
	files []*file
	// strangers are the files of folders that no format fits and whose name is
	// not that of data, by the folder as given.
	strangers map[string][]string
}

// file is a file whose format is known.
type file struct {
	*found
	document *document.Document
	identity document.Identity
	progress *progress
}

func (r *run) refuse(path string, err error) {
	r.to.Refused(inventory.Refused{File: path, Reason: format.Reason(err)})
}

// each calls do for every file, several at a time.
func (r *run) each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(r.options.Concurrency)
	for i := range n {
		if inner.Err() != nil {
			break
		}
		group.Go(func() error { return do(inner, i) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// identify fingerprints the files and tells their formats.
func (r *run) identify(ctx context.Context, all []*found) error {
	known := make([]*file, len(all))
	r.strangers = map[string][]string{}
	err := r.each(ctx, len(all), func(_ context.Context, i int) error {
		f, err := r.identified(all[i])
		if f == nil {
			r.to.Done(all[i].size) // it will not be read
		}
		known[i] = f
		return err
	})
	for _, folder := range slices.Sorted(mapKeys(r.strangers)) {
		r.refuse(folder, strange(r.strangers[folder]))
	}
	for _, f := range known {
		if f != nil {
			r.files = append(r.files, f)
		}
	}
	return err
}

func (r *run) identified(one *found) (*file, error) {
	f := &file{found: one, progress: &progress{to: r.to, left: one.size}}
	f.document = document.File(one.path, r.options.Limits)
	id, err := f.document.Watched(f.progress.done).Identify()
	f.progress.finish()
	if err != nil {
		r.refuse(one.path, err)
		return nil, nil
	}
	r.to.Input(one.path, id.Fingerprint)
	f.identity = id
	f.progress = &progress{to: r.to, left: one.size}
	format, err := recogniser{r.outputs}.recognise(f.document)
	if !r.settle(f, format, err) {
		return nil, nil
	}
	return f, nil
}

// settle decides with which format a file is read. What was given by name is
// read as it was said, unless it certainly is something else.
func (r *run) settle(f *file, recognised Format, why error) bool {
	switch {
	case recognised == f.format && why == nil:
		return true
	case f.format == Auto && recognised != "":
		f.found = &found{path: f.path, real: f.real, format: recognised, named: f.named, size: f.size, input: f.input}
		return true
	case f.format == Describe && recognised == ConfigSnapshot:
		// AWS Config's outputs lie among those of the other services.
		f.found = &found{path: f.path, real: f.real, format: recognised, named: f.named, size: f.size, input: f.input}
		return true
	case recognised != "":
		r.refuse(f.path, fault.Newf(fault.Invalid, "read as %s: it is of the format %s", f.format, recognised).Hintf("give it as --from %s=%s", recognised, f.path))
		return false
	case !f.named && !candidate(f.path) && !advised(why):
		r.mu.Lock()
		r.strangers[f.input] = append(r.strangers[f.input], f.path)
		r.mu.Unlock()
		return false
	case f.format == Auto, advised(why):
		r.refuse(f.path, why)
		return false
	}
	return true
}

// advised reports whether it is known what a file is that cannot be read: a
// binary plan, an archive.
func advised(why error) bool {
	return fault.Is(why, fault.Unsupported) && fault.HintOf(why) != "" && fault.HintOf(why) != tellFormat
}

// strange names the files that are passed over, a few of them.
func strange(paths []string) error {
	const shown = 3
	slices.Sort(paths)
	names := strings.Join(paths[:min(len(paths), shown)], ", ")
	if more := len(paths) - shown; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	return fault.Newf(fault.Unsupported, "pass over %d files of no known format: %s", len(paths), names)
}

// progress tells the sink how much of a file was read, and never more than the
// file has.
type progress struct {
	mu   sync.Mutex
	to   source.Sink
	left int64
}

func (p *progress) done(n int64) {
	p.mu.Lock()
	n = min(n, p.left)
	p.left -= n
	p.mu.Unlock()
	if n > 0 {
		p.to.Done(n)
	}
}

// finish counts what was not read as well.
func (p *progress) finish() {
	p.mu.Lock()
	n := p.left
	p.left = 0
	p.mu.Unlock()
	if n > 0 {
		p.to.Done(n)
	}
}
