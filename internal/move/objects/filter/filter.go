package filter

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/object"
)

// Filter chooses keys. The zero value keeps all.
type Filter struct {
	include, exclude []*regexp.Regexp
	prefix           string
}

// New returns the filter of patterns. A key is kept when it matches one of the
// includes, or there are none, and none of the excludes. "*" is any run of
// characters but "/", "**" any run at all, "?" one character but "/"; "\" before
// one of them takes its meaning away. A pattern without "/" is held against the
// part behind the last "/", every other one against all of the key behind the
// prefix. The error's kind is fault.Usage.
func New(prefix string, include, exclude []string) (Filter, error) {
	f := Filter{prefix: prefix}
	for _, list := range []struct {
		from []string
		to   *[]*regexp.Regexp
	}{{include, &f.include}, {exclude, &f.exclude}} {
		for _, pattern := range list.from {
			compiled, err := compile(pattern)
			if err != nil {
				return Filter{}, err
			}
			*list.to = append(*list.to, compiled)
		}
	}
	return f, nil
}

// maxPattern bounds a pattern: a key has 1,024 bytes at most.
const maxPattern = 4096

func compile(pattern string) (*regexp.Regexp, error) {
	if pattern == "" || len(pattern) > maxPattern {
		return nil, fault.Newf(fault.Usage, "read the pattern %q: it is empty, or longer than %d bytes", pattern, maxPattern)
	}
	var out strings.Builder
	// A key may hold line ends, which "." leaves out without the flag.
	out.WriteString("(?s)^")
	if !strings.Contains(pattern, "/") {
		out.WriteString("(?:.*/)?")
	}
	for rest := strings.TrimPrefix(pattern, "/"); rest != ""; {
		switch {
		case strings.HasPrefix(rest, "**"):
			out.WriteString(".*")
			rest = rest[2:]
			continue
		case rest[0] == '*':
			out.WriteString("[^/]*")
		case rest[0] == '?':
			out.WriteString("[^/]")
		case rest[0] == '\\' && len(rest) > 1:
			out.WriteString(regexp.QuoteMeta(rest[1:2]))
			rest = rest[2:]
			continue
		default:
			out.WriteString(regexp.QuoteMeta(rest[:1]))
		}
		rest = rest[1:]
	}
	out.WriteString("$")
	compiled, err := regexp.Compile(out.String())
	if err != nil {
		return nil, fault.Newf(fault.Usage, "read the pattern %q: it is no UTF-8", pattern)
	}
	return compiled, nil
}

// All reports whether nothing is left out.
func (f Filter) All() bool { return len(f.include)+len(f.exclude) == 0 }

// Keeps reports whether a key is chosen.
func (f Filter) Keeps(key string) bool {
	if f.All() {
		return true
	}
	rest := strings.TrimPrefix(key, f.prefix)
	matches := func(p *regexp.Regexp) bool { return p.MatchString(rest) }
	return (len(f.include) == 0 || slices.ContainsFunc(f.include, matches)) && !slices.ContainsFunc(f.exclude, matches)
}

// Source is a source without the objects that keep says no to. What it can do
// besides its port, it can still do.
func Source(s object.Source, keep func(key string) bool) object.Source {
	some := source{s, keep}
	if parted, ok := s.(object.Parted); ok {
		return struct {
			source
			object.Parted
		}{some, parted}
	}
	return some
}

type source struct {
	object.Source
	keep func(key string) bool
}

func (s source) Page(ctx context.Context, within object.Range, delimiter, next string) (object.Listed[object.Object], error) {
	page, err := s.Source.Page(ctx, within, delimiter, next)
	page.Items = s.kept(page.Items)
	return page, err
}

func (s source) Versions(ctx context.Context, within object.Range, next string) (object.Listed[object.Object], error) {
	page, err := s.Source.Versions(ctx, within, next)
	page.Items = s.kept(page.Items)
	return page, err
}

func (s source) kept(all []object.Object) []object.Object {
	return slices.DeleteFunc(all, func(o object.Object) bool { return !s.keep(o.Key) })
}

// Target is a target without the blobs that keep says no to.
func Target(t object.Target, keep func(blob string) bool) object.Target {
	some := target{t, keep}
	seeker, seeks := t.(object.Seeker)
	cleaner, cleans := t.(object.Cleaner)
	switch {
	case seeks && cleans:
		return struct {
			target
			seeking
			object.Cleaner
		}{some, seeking{seeker, keep}, cleaner}
	case seeks:
		return struct {
			target
			seeking
		}{some, seeking{seeker, keep}}
	case cleans:
		return struct {
			target
			object.Cleaner
		}{some, cleaner}
	}
	return some
}

type target struct {
	object.Target
	keep func(blob string) bool
}

type seeking struct {
	seeker object.Seeker
	keep   func(blob string) bool
}

func (t target) Page(ctx context.Context, prefix, delimiter, next string) (object.Listed[object.Blob], error) {
	page, err := t.Target.Page(ctx, prefix, delimiter, next)
	page.Items = blobs(page.Items, t.keep)
	return page, err
}

// PageFrom filters as Page does.
func (s seeking) PageFrom(ctx context.Context, prefix, from, next string) (object.Listed[object.Blob], error) {
	page, err := s.seeker.PageFrom(ctx, prefix, from, next)
	page.Items = blobs(page.Items, s.keep)
	return page, err
}

func blobs(all []object.Blob, keep func(blob string) bool) []object.Blob {
	return slices.DeleteFunc(all, func(b object.Blob) bool { return !keep(b.Name) })
}
