package records

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
)

// File is one log file that can be opened: on disk, or an object of a bucket.
type File struct {
	// Name is the path as given, or "s3://bucket/key".
	Name string
	// Size is in bytes as stored (compressed); -1 when it is not known.
	Size int64
	// Tag tells the content where the store knows it (an ETag): two files of
	// equal size and tag are one. Empty: the content is looked at.
	Tag string
	// Open may be called again; the reader belongs to the caller. A reader that
	// is also an io.ReaderAt saves a copy of a Parquet file.
	Open func(context.Context) (io.ReadCloser, error)
}

// Disk returns the file at a path.
func Disk(path string, size int64) File {
	return File{Name: path, Size: size, Open: func(context.Context) (io.ReadCloser, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, fault.Of(fault.KindOf(err), "open log file", path, cause(err))
		}
		return f, nil
	}}
}

// Bytes returns a file that is in memory already.
func Bytes(name string, content []byte) File {
	return File{Name: name, Size: int64(len(content)), Open: func(context.Context) (io.ReadCloser, error) {
		return memory{strings.NewReader(string(content))}, nil
	}}
}

type memory struct{ *strings.Reader }

func (memory) Close() error { return nil }

// cause drops the path from an error of the file system, which names it again.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// Find turns paths into files: a file, a folder with all that lies below it
// (S3 layouts such as AWSLogs/ACCOUNT/…), or a glob, in which "**" stands for
// any folders. The list is in order and names each file once. A path with
// nothing behind it is a problem, not an empty answer.
func Find(paths ...string) ([]File, []Problem) {
	found := map[string]File{}
	var problems []Problem
	for _, path := range paths {
		list, err := expand(path)
		for _, f := range list {
			found[filepath.Clean(f.Name)] = f
		}
		if err == nil && len(list) == 0 {
			err = fault.Of(fault.NotFound, "find log files", path, nil)
		}
		if err != nil {
			problems = append(problems, Problem{File: path, Reason: reason(err)})
		}
	}
	files := make([]File, 0, len(found))
	for _, f := range found {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	return files, problems
}

// reason is the text of an error without the name of the file, which stands
// beside it.
func reason(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		plain := *e
		plain.Resource = ""
		return plain.Error()
	}
	return err.Error()
}

func expand(path string) ([]File, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return walk(path, func(string) bool { return true })
	case err == nil:
		return []File{Disk(path, info.Size())}, nil
	case !strings.ContainsAny(path, "*?["):
		return nil, fault.Of(fault.KindOf(err), "find log files", path, cause(err))
	}
	if strings.Contains(path, "**") {
		return walk(fixedPart(path), func(name string) bool { return match(path, name) })
	}
	names, err := filepath.Glob(path)
	if err != nil {
		return nil, fault.Of(fault.Usage, "find log files", path, err)
	}
	var list []File
	for _, name := range names {
		below, err := expandPlain(name)
		if err != nil {
			return list, err
		}
		list = append(list, below...)
	}
	return list, nil
}

// expandPlain is expand for a name that came out of a glob, whose special
// characters mean themselves.
func expandPlain(name string) ([]File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fault.Of(fault.KindOf(err), "find log files", name, cause(err))
	}
	if info.IsDir() {
		return walk(name, func(string) bool { return true })
	}
	return []File{Disk(name, info.Size())}, nil
}

func walk(root string, want func(string) bool) ([]File, error) {
	var list []File
	var first error
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			// One folder that cannot be read does not hide the others.
			first = cmp.Or(first, error(fault.Of(fault.KindOf(err), "read folder", path, cause(err))))
			return nil
		}
		info, err := os.Stat(path) // follows links to files; links to folders stay closed, so no cycles
		if err != nil || !info.Mode().IsRegular() || !want(path) {
			return nil
		}
		list = append(list, Disk(path, info.Size()))
		return nil
	})
	return list, cmp.Or(err, first)
}

// fixedPart is the folder before the first special character.
func fixedPart(pattern string) string {
	i := strings.IndexAny(pattern, "*?[")
	if dir := filepath.Dir(pattern[:i] + "x"); dir != "" {
		return dir
	}
	return "."
}

// match is filepath.Match with "**" for any number of folders.
func match(pattern, name string) bool {
	return matchParts(strings.Split(filepath.Clean(pattern), string(filepath.Separator)), strings.Split(filepath.Clean(name), string(filepath.Separator)))
}

func matchParts(pattern, name []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			for i := range len(name) + 1 {
				if matchParts(pattern[1:], name[i:]) {
					return true
				}
			}
			return false
		}
		if len(name) == 0 {
			return false
		}
		if ok, err := filepath.Match(pattern[0], name[0]); err != nil || !ok {
			return false
		}
		pattern, name = pattern[1:], name[1:]
	}
	return len(name) == 0
}
