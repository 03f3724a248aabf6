package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"example.com/landfall/internal/fault"
)

// Bounds of a walk: a home folder given by mistake must end in a clear error.
const (
	mostFiles  = 200_000
	mostLevels = 64
)

// found is one file behind an input.
type found struct {
	path string
	// real is the path without links.
	real   string
	format Format
	// named says that the user gave this very file, or a pattern for it; a file
	// that only lies in a folder may be something else altogether.
	named bool
	size  int64
	// input is the path as the user gave it.
	input string
}

// expansion finds the files behind inputs.
type expansion struct {
	ctx     context.Context
	files   map[string]*found // by format and real path
	refused []refusal
	input   Input
	// root is the folder that a walk must not leave, without links.
	root    string
	visited map[string]bool
	count   int
}

// refusal is a path that is not read.
type refusal struct {
	path string
	err  error
}

// expand returns the files behind the inputs in the order of their paths, each
// once. An input behind which there is nothing is an error of the kind
// NotFound.
func expand(ctx context.Context, inputs []Input) ([]*found, []refusal, error) {
	x := &expansion{ctx: ctx, files: map[string]*found{}}
	for _, input := range inputs {
		x.input = input
		before, refused := x.count, len(x.refused)
		if err := x.find(); err != nil {
			return nil, nil, err
		}
		if x.count == before && len(x.refused) == refused {
			return nil, nil, fault.Of(fault.NotFound, "find files for --from", string(input.Format)+"="+input.Path, nil).Hintf("check the path; in a shell, put a pattern into quotes")
		}
	}
	return x.list(), x.refused, nil
}

// list drops what auto found of the files that are given with a format.
func (x *expansion) list() []*found {
	explicit := map[string]bool{}
	for _, f := range x.files {
		if f.format != Auto {
			explicit[f.real] = true
		}
	}
	var all []*found
	for _, f := range x.files {
		if f.format != Auto || !explicit[f.real] {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b *found) int {
		if c := strings.Compare(a.path, b.path); c != 0 {
			return c
		}
		return strings.Compare(string(a.format), string(b.format))
	})
	return all
}

func (x *expansion) find() error {
	path := filepath.Clean(x.input.Path)
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return x.folder(path)
	case err == nil:
		return x.file(path, true)
	case !errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(path, "*?[{"):
		return fault.Wrap(err, "open", x.input.Path)
	case !strings.ContainsAny(path, "*?[{"):
		return nil
	}
	return x.pattern(path)
}

func (x *expansion) pattern(path string) error {
	if !doublestar.ValidatePathPattern(path) {
		return fault.Newf(fault.Usage, "read --from: %q is no pattern", x.input.Path)
	}
	base, rest := doublestar.SplitPattern(filepath.ToSlash(path))
	if err := x.enter(base); err != nil {
		return nil // there is no such folder: nothing is found
	}
	// Links to folders are not followed by "**", so that it ends.
	return doublestar.GlobWalk(os.DirFS(base), rest, func(name string, d fs.DirEntry) error {
		if hidden(name) {
			return nil
		}
		at := filepath.Join(base, filepath.FromSlash(name))
		if info, err := os.Stat(at); err == nil && info.IsDir() {
			if strings.HasSuffix(rest, "**") || d.Type()&fs.ModeSymlink != 0 {
				return nil // what is in it comes by itself
			}
			return x.walk(at, 1)
		}
		return x.file(at, true)
	}, doublestar.WithNoFollow())
}

// hidden reports whether a path leads through a name that begins with a dot.
func hidden(name string) bool {
	for part := range strings.SplitSeq(filepath.ToSlash(name), "/") {
		if strings.HasPrefix(part, ".") && part != "." && part != ".." {
			return true
		}
	}
	return false
}

func (x *expansion) folder(path string) error {
	if err := x.enter(path); err != nil {
		return fault.Wrap(err, "open", path)
	}
	return x.walk(path, 0)
}

// enter makes a folder the one that a walk must not leave.
func (x *expansion) enter(path string) error {
	real, err := realPath(path)
	x.root, x.visited = real, map[string]bool{}
	return err
}

func realPath(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(real)
}

// inside reports whether a path without links lies in the folder that was
// entered.
func (x *expansion) inside(real string) bool {
	if x.root == "" {
		return true
	}
	rel, err := filepath.Rel(x.root, real)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func (x *expansion) walk(path string, level int) error {
	if err := x.ctx.Err(); err != nil {
		return err
	}
	if level > mostLevels {
		x.refuse(path, fault.Newf(fault.Invalid, "walk folder: it lies deeper than the limit of %d levels", mostLevels))
		return nil
	}
	real, err := realPath(path)
	if err != nil {
		x.refuse(path, err)
		return nil
	}
	if x.visited[real] {
		return nil
	}
	x.visited[real] = true
	entries, err := os.ReadDir(path)
	if err != nil {
		x.refuse(path, err)
	}
	for _, entry := range entries { // in the order of their names
		if err := x.entry(filepath.Join(path, entry.Name()), entry, level); err != nil {
			return err
		}
	}
	return nil
}

func (x *expansion) entry(path string, entry fs.DirEntry, level int) error {
	if hidden(entry.Name()) || entry.Name() == "node_modules" && entry.IsDir() {
		return nil
	}
	if entry.IsDir() {
		return x.walk(path, level+1)
	}
	if entry.Type()&fs.ModeSymlink == 0 {
		return x.file(path, false)
	}
	real, err := realPath(path)
	if err != nil {
		x.refuse(path, fault.Newf(fault.NotFound, "follow link: it leads nowhere"))
		return nil
	}
	if !x.inside(real) {
		x.refuse(path, fault.Newf(fault.Refused, "follow link: it leads out of %q", x.input.Path).Hintf("give what it leads to by itself"))
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return x.walk(path, level+1)
	}
	return x.file(path, false)
}

// file takes one file. named says that the user meant this very file.
func (x *expansion) file(path string, named bool) error {
	info, err := os.Stat(path)
	if err != nil {
		x.refuse(path, err)
		return nil
	}
	real, err := realPath(path)
	if err != nil {
		x.refuse(path, err)
		return nil
	}
	switch {
	case !info.Mode().IsRegular():
		// Opening a pipe would wait for ever, and each file is read twice.
		x.refuse(path, fault.Newf(fault.Invalid, "open: it is no regular file").Hintf("save the output to a file first"))
		return nil
	case path != filepath.Clean(x.input.Path) && !x.inside(real):
		x.refuse(path, fault.Newf(fault.Refused, "follow link: it leads out of the folder of %q", x.input.Path).Hintf("give what it leads to by itself"))
		return nil
	}
	if x.count++; x.count > mostFiles {
		return fault.Of(fault.Invalid, "find files for --from", x.input.Path, fault.Newf(fault.Invalid, "there are more than %d", mostFiles))
	}
	key := string(x.input.Format) + "\x00" + real
	known := x.files[key]
	if known == nil || path < known.path {
		x.files[key] = &found{path: path, real: real, format: x.input.Format, named: named, size: info.Size(), input: x.input.Path}
	}
	x.files[key].named = x.files[key].named || named || known != nil && known.named
	return nil
}

func (x *expansion) refuse(path string, err error) {
	x.refused = append(x.refused, refusal{path, err})
}
