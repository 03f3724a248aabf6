package s3

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/markup"
	"example.com/landfall/internal/move/objects/object"
)

// Page lists current objects. Its order is that of the service, which of a
// general purpose bucket is that of the bytes of the keys (Amazon S3 API
// Reference, "ListObjectsV2"); the upper bound relies on it.
func (s *Source) Page(ctx context.Context, within object.Range, delimiter, next string) (object.Listed[object.Object], error) {
	query := url.Values{"list-type": {"2"}}
	if next != "" {
		query.Set("continuation-token", next)
	} else if within.After != "" {
		query.Set("start-after", within.After)
	}
	l := lister{within: within, shared: map[string]string{}}
	err := s.list(ctx, &l, query, delimiter)
	out := object.Listed[object.Object]{Items: l.items, Prefixes: l.prefixes, Next: l.token}
	if !l.truncated || l.past {
		out.Next = ""
	} else if err == nil && out.Next == "" {
		err = fault.Of(fault.Unavailable, "list bucket", s.bucket, markup.ErrMarkup)
	}
	return out, err
}

// Versions lists all versions and delete markers: by key, the newest of each
// first.
func (s *Source) Versions(ctx context.Context, within object.Range, next string) (object.Listed[object.Object], error) {
	query := url.Values{"versions": {""}}
	marker, id := within.After, ""
	if next != "" {
		at, err := url.ParseQuery(next)
		if err != nil {
			return object.Listed[object.Object]{}, fault.Of(fault.Invalid, "continue listing", next, err)
		}
		marker, id = at.Get("key"), at.Get("version")
	}
	if marker != "" {
		query.Set("key-marker", marker)
	}
	if id != "" {
		query.Set("version-id-marker", id)
	}
	l := lister{within: within, shared: map[string]string{}}
	err := s.list(ctx, &l, query, "")
	newestFirst(l.items)
	out := object.Listed[object.Object]{Items: l.items}
	if l.truncated && !l.past {
		out.Next = url.Values{"key": {l.key}, "version": {l.version}}.Encode()
		if err == nil && l.key == "" {
			err = fault.Of(fault.Unavailable, "list bucket", s.bucket, markup.ErrMarkup)
		}
	}
	return out, err
}

// newestFirst mends the order of servers that list delete markers apart from
// versions. One that is in order, as that of AWS is, stays as it is: the times
// of a listing are too coarse to tell two writes of a second apart.
func newestFirst(items []object.Object) {
	compare := func(a, b object.Object) int {
		if order := strings.Compare(a.Key, b.Key); order != 0 {
			return order
		}
		if a.Latest != b.Latest {
			if a.Latest {
				return -1
			}
			return 1
		}
		return b.Modified.Truncate(time.Second).Compare(a.Modified.Truncate(time.Second))
	}
	if !slices.IsSortedFunc(items, compare) {
		slices.SortStableFunc(items, compare)
	}
}

// list asks for one page. Keys come in their URL form: XML 1.0 has no way to
// write most control characters.
func (s *Source) list(ctx context.Context, l *lister, query url.Values, delimiter string) error {
	query.Set("encoding-type", "url")
	if l.within.Prefix != "" {
		query.Set("prefix", l.within.Prefix)
	}
	if delimiter != "" {
		query.Set("delimiter", delimiter)
	}
	a := ask{op: "list bucket", method: http.MethodGet, bucketLevel: true, query: query.Encode(),
		headers: []header{{"X-Amz-Optional-Object-Attributes", "RestoreStatus"}}}
	response, err := s.do(ctx, a)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	l.scan = markup.NewScanner(response.Body)
	if err := l.walk(); err != nil {
		return fault.Of(fault.Unavailable, "list bucket", s.bucket, err)
	}
	return nil
}

// lister reads one page of a listing, of objects or of versions.
type lister struct {
	scan   *markup.Scanner
	within object.Range
	// shared are texts that repeat: classes.
	shared map[string]string

	items        []object.Object
	prefixes     []string
	token        string
	key, version string
	truncated    bool
	encoded      bool
	root         bool
	// past says that the listing has gone beyond the range.
	past bool
}

func (l *lister) walk() error {
	for {
		switch l.scan.Step() {
		case markup.End:
			if l.scan.Err() == nil && !l.root {
				return markup.ErrMarkup
			}
			if l.scan.Err() != nil {
				return l.scan.Err()
			}
			return l.finish()
		case markup.Open:
			if err := l.open(); err != nil {
				return err
			}
		case markup.Close:
			if l.scan.Depth() == 1 {
				l.field()
			}
		}
	}
}

func (l *lister) open() error {
	name := l.scan.Name()
	if l.scan.Depth() == 1 {
		// A proxy's page is no listing, and not an empty one.
		l.root = string(name) == "ListBucketResult" || string(name) == "ListVersionsResult"
		if !l.root {
			return markup.ErrMarkup
		}
		return nil
	}
	if l.scan.Depth() != 2 {
		return nil
	}
	switch string(name) {
	case "Contents", "Version":
		return l.object(false)
	case "DeleteMarker":
		return l.object(true)
	case "CommonPrefixes":
		return l.prefix()
	}
	return nil
}

// field takes what stands beside the objects.
func (l *lister) field() {
	text := l.scan.Text()
	switch string(l.scan.Name()) {
	case "IsTruncated":
		l.truncated = string(text) == "true"
	case "NextContinuationToken":
		l.token = string(text)
	case "NextKeyMarker":
		l.key = string(text)
	case "NextVersionIdMarker":
		l.version = string(text)
	case "EncodingType":
		l.encoded = string(text) == "url"
	}
}

func (l *lister) object(marker bool) error {
	o := object.Object{Marker: marker}
	depth := l.scan.Depth()
	for {
		kind := l.scan.Step()
		if kind == markup.End {
			return l.scan.Err()
		}
		if kind != markup.Close {
			continue
		}
		if l.scan.Depth() < depth {
			break
		}
		text := l.scan.Text()
		switch string(l.scan.Name()) {
		case "Key":
			o.Key = string(text)
		case "VersionId":
			o.Version = string(text)
		case "IsLatest":
			o.Latest = string(text) == "true"
		case "LastModified":
			o.Modified, _ = time.Parse(time.RFC3339, string(text))
		case "ETag":
			o.ETag = unquote(string(text))
		case "Size":
			n, err := strconv.ParseInt(string(text), 10, 64)
			if err != nil {
				return markup.ErrMarkup
			}
			o.Size = n
		case "StorageClass":
			o.Class = l.share(text)
		case "IsRestoreInProgress":
			o.Restoring = string(text) == "true"
		case "RestoreExpiryDate":
			o.Restored = true
		}
	}
	if o.Key == "" {
		return markup.ErrMarkup
	}
	l.items = append(l.items, o)
	return nil
}

func (l *lister) prefix() error {
	for {
		switch l.scan.Step() {
		case markup.End:
			return l.scan.Err()
		case markup.Close:
			if string(l.scan.Name()) == "CommonPrefixes" {
				return nil
			}
			l.prefixes = append(l.prefixes, string(l.scan.Text()))
		}
	}
}

func (l *lister) share(text []byte) string {
	if string(text) == "STANDARD" {
		return ""
	}
	if known, ok := l.shared[string(text)]; ok {
		return known
	}
	l.shared[string(text)] = string(text)
	return l.shared[string(text)]
}

// finish resolves the URL form, which can be done only at the end: the element
// that says whether it is used stands behind the objects with some servers. It
// leaves out what lies outside the range; a server may ignore where to start.
func (l *lister) finish() error {
	for i := range l.items {
		if err := l.decode(&l.items[i].Key); err != nil {
			return err
		}
	}
	for i := range l.prefixes {
		if err := l.decode(&l.prefixes[i]); err != nil {
			return err
		}
	}
	if l.within.To != "" {
		if n := len(l.items); n > 0 {
			l.past = l.items[n-1].Key > l.within.To
		}
		if n := len(l.prefixes); n > 0 {
			l.past = l.past || l.prefixes[n-1] > l.within.To
		}
		l.prefixes = slices.DeleteFunc(l.prefixes, func(p string) bool { return p > l.within.To })
	}
	l.items = slices.DeleteFunc(l.items, func(o object.Object) bool {
		return l.within.To != "" && o.Key > l.within.To || l.within.After != "" && o.Key <= l.within.After
	})
	return l.decode(&l.key)
}

func (l *lister) decode(text *string) error {
	if !l.encoded || !strings.ContainsAny(*text, "%+") {
		return nil
	}
	decoded, err := url.QueryUnescape(*text)
	if err != nil {
		return markup.ErrMarkup
	}
	*text = decoded
	return nil
}
