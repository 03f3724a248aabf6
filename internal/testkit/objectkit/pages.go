package objectkit

import (
	"bufio"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// names is a sorted sequence of names that is looked up by place.
type names interface {
	Len() int
	Name(i int) string
}

type nameSlice []string

func (n nameSlice) Len() int          { return len(n) }
func (n nameSlice) Name(i int) string { return n[i] }

// beyond comes after whatever follows a prefix: no UTF-8 has this byte.
const beyond = "\xff"

// token writes a name into a token or a marker, which are opaque and plain.
func token(name string) string { return base64.RawURLEncoding.EncodeToString([]byte(name)) }

func fromToken(text string) string {
	name, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	return string(name)
}

// page is what a listing asks for.
type page struct {
	prefix, delimiter, after string
	// from is the first name that may come.
	from string
	most int
}

// walk calls item for each name of the page and common for each common prefix,
// and returns the last one of either when there is more, "" at the end. It goes
// from one common prefix to the next by search, never through what lies below.
func (p page) walk(all names, item func(i int, name string), common func(prefix string)) (next string) {
	find := func(past string) int {
		return sort.Search(all.Len(), func(i int) bool { return all.Name(i) > past })
	}
	i := 0
	switch {
	case p.after >= p.prefix && p.after != "":
		i = find(p.after)
		// A page that ended with a common prefix goes on behind all of it.
		if p.delimiter != "" && strings.HasSuffix(p.after, p.delimiter) {
			i = find(p.after + beyond)
		}
	case p.from > p.prefix:
		i = sort.Search(all.Len(), func(i int) bool { return all.Name(i) >= p.from })
	case p.prefix != "":
		i = sort.Search(all.Len(), func(i int) bool { return all.Name(i) >= p.prefix })
	}
	last := ""
	for n := 0; i < all.Len(); n++ {
		name := all.Name(i)
		if !strings.HasPrefix(name, p.prefix) {
			return ""
		}
		if n == p.most {
			return last
		}
		at := -1
		if p.delimiter != "" {
			at = strings.Index(name[len(p.prefix):], p.delimiter)
		}
		if at < 0 {
			item(i, name)
			last, i = name, i+1
			continue
		}
		last = name[:len(p.prefix)+at+len(p.delimiter)]
		common(last)
		i = find(last + beyond)
	}
	return ""
}

func number(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n < otherwise {
		return n
	}
	return otherwise
}

// entry is a blob of a listing.
type entry struct {
	name, etag, md5, tier string
	size                  int64
	modified              time.Time
	headers, metadata     map[string]string
}

const (
	blobsInPage   = 5000
	objectsInPage = 1000
)

// writeBlobs answers List Blobs.
func writeBlobs(w http.ResponseWriter, r *http.Request, all names, at func(i int, name string) entry) error {
	q := r.URL.Query()
	p := page{prefix: q.Get("prefix"), delimiter: q.Get("delimiter"), after: fromToken(q.Get("marker")), from: q.Get("startFrom"), most: number(q.Get("maxresults"), blobsInPage)}
	w.Header().Set("Content-Type", "application/xml")
	out := bufio.NewWriterSize(w, 64<<10)
	metadata := strings.Contains(q.Get("include"), "metadata")
	io.WriteString(out, `<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs>`)
	next := p.walk(all, func(i int, name string) { writeBlob(out, at(i, name), metadata) }, func(prefix string) {
		io.WriteString(out, "<BlobPrefix>")
		writeName(out, prefix)
		io.WriteString(out, "</BlobPrefix>")
	})
	io.WriteString(out, "</Blobs><NextMarker>")
	io.WriteString(out, token(next))
	io.WriteString(out, "</NextMarker></EnumerationResults>")
	return out.Flush()
}

// writeName encodes a name that XML 1.0 cannot hold.
func writeName(out *bufio.Writer, name string) {
	if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF }) {
		fmt.Fprintf(out, `<Name Encoded="true">%s</Name>`, url.PathEscape(name))
		return
	}
	io.WriteString(out, "<Name>")
	xml.EscapeText(out, []byte(name))
	io.WriteString(out, "</Name>")
}

func writeBlob(out *bufio.Writer, e entry, metadata bool) {
	field := func(name, value string) {
		if value != "" {
			out.WriteString("<" + name + ">")
			xml.EscapeText(out, []byte(value))
			out.WriteString("</" + name + ">")
		}
	}
	out.WriteString("<Blob>")
	writeName(out, e.name)
	out.WriteString("<Properties>")
	field("Last-Modified", e.modified.Format(http.TimeFormat))
	field("Etag", e.etag)
	field("Content-Length", strconv.FormatInt(e.size, 10))
	for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition", "Cache-Control"} {
		field(name, e.headers[name])
	}
	field("Content-MD5", e.md5)
	field("BlobType", "BlockBlob")
	field("AccessTier", e.tier)
	out.WriteString("</Properties>")
	if metadata {
		out.WriteString("<Metadata>")
		for _, name := range sortedKeys(e.metadata) {
			field(name, e.metadata[name])
		}
		out.WriteString("</Metadata>")
	}
	out.WriteString("</Blob>")
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func (s *Sink) list(w http.ResponseWriter, r *http.Request) error {
	return writeBlobs(w, r, nameSlice(s.names()), func(_ int, name string) entry {
		b, _ := s.Blob(name) // deleted meanwhile: an empty one
		return entry{name: name, etag: b.ETag, md5: b.MD5, tier: b.Tier, size: b.Size, modified: b.Modified, headers: b.headers, metadata: b.Metadata}
	})
}
