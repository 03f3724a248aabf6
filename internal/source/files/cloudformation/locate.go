package cloudformation

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"example.com/landfall/internal/source/files/cloudformation/eval"
)

// locate finds the template that a location means, seen from the file that
// names it: a path beside it, or the end of an address in object storage,
// whose folders are searched for beside the file and the folders above it.
func (l *library) locate(from, location string) *document {
	dir := path.Dir(path.Clean(from))
	for _, candidate := range candidates(dir, location) {
		if d := l.get(candidate); d != nil {
			return d
		}
	}
	name := path.Base(tail(location))
	if name == "." || name == "/" || name == "" {
		return nil
	}
	return l.below(dir, name)
}

// below finds the only file of this name in a folder or below it.
func (l *library) below(dir, name string) *document {
	found := map[string]bool{}
	for key := range l.docs {
		if path.Base(key) == name && inside(dir, key) {
			found[key] = true
		}
	}
	for _, key := range l.folder(dir) {
		if path.Base(key) == name {
			found[path.Clean(key)] = true
		}
	}
	if len(found) != 1 {
		return nil // none, or not known which
	}
	for key := range found {
		return l.get(key)
	}
	return nil
}

func inside(dir, file string) bool {
	return dir == "." && !path.IsAbs(file) && !strings.HasPrefix(file, "../") || strings.HasPrefix(file, dir+"/")
}

// candidates are the paths to try, the most exact first.
func candidates(dir, location string) []string {
	const above = 4
	rest := tail(location)
	if rest == "" {
		return nil
	}
	if !remote(location) {
		return []string{path.Join(dir, rest)}
	}
	parts := strings.Split(rest, "/")
	const most = 10
	parts = parts[max(0, len(parts)-most):]
	var out []string
	for range above {
		for i := range parts {
			out = append(out, path.Join(dir, path.Join(parts[i:]...)))
		}
		if dir == "." || dir == "/" {
			break
		}
		dir = path.Dir(dir)
	}
	return out
}

// remote reports whether a location is an address, not a path: an address of
// which a part is not known counts.
func remote(location string) bool {
	return strings.Contains(location, "://") || eval.Undecided(location)
}

// tail is the path at the end of a location, after the last part that is not
// known and without what is not part of a path.
func tail(location string) string {
	if remote(location) {
		location = location[strings.LastIndexByte(location, '}')+1:]
		if u, err := url.Parse(location); err == nil {
			location = u.Path
		}
	}
	location = strings.TrimPrefix(strings.ReplaceAll(location, `\`, "/"), "file:")
	parts := slices.DeleteFunc(strings.Split(location, "/"), func(p string) bool { return p == "" || p == "." })
	if remote(location) || strings.HasPrefix(location, "/") {
		parts = slices.DeleteFunc(parts, func(p string) bool { return p == ".." })
	}
	return strings.Join(parts, "/")
}
