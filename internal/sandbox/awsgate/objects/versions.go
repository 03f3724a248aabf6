package objects

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// Listing the versions of objects. versitygw 1.8 repeats the entry at the
// marker, makes no progress with pages of one entry, and repeats common
// prefixes; so the gate asks it for large pages, drops what the client has
// seen, and cuts its own pages.

const (
	maxKeys = 1000
	// maxVersionPages bounds the pages of the store that are read to fill one
	// of the client's: only an object with thousands of versions needs two.
	maxVersionPages = 1000
)

// storedVersions is the store's ListVersionsResult.
type storedVersions struct {
	IsTruncated         bool           `xml:"IsTruncated"`
	NextKeyMarker       string         `xml:"NextKeyMarker"`
	NextVersionIDMarker string         `xml:"NextVersionIdMarker"`
	Versions            []versionEntry `xml:"Version"`
	DeleteMarkers       []versionEntry `xml:"DeleteMarker"`
	CommonPrefixes      []struct {
		Prefix string `xml:"Prefix"`
	} `xml:"CommonPrefixes"`
}

// versionEntry is a version, a delete marker or a common prefix.
type versionEntry struct {
	kind              string
	Key               string   `xml:"Key"`
	VersionID         string   `xml:"VersionId"`
	IsLatest          bool     `xml:"IsLatest"`
	LastModified      string   `xml:"LastModified"`
	ETag              string   `xml:"ETag"`
	Size              int64    `xml:"Size"`
	StorageClass      string   `xml:"StorageClass"`
	ChecksumAlgorithm []string `xml:"ChecksumAlgorithm"`
	ChecksumType      string   `xml:"ChecksumType"`
}

// versionList is what the client asked for.
type versionList struct {
	prefix, delimiter, keyMarker, versionMarker string
	max                                         int
	how                                         rewriting
}

func (rt *Router) listVersions(w http.ResponseWriter, r *http.Request, q *query) error {
	want, err := readVersionList(q)
	if err != nil {
		return err
	}
	entries, more, failed, err := rt.versions(r.Context(), q, want)
	if err != nil {
		return err
	}
	if failed != nil {
		defer failed.Body.Close()
		return rt.rewritten(w, failed, rt.rewriting(q.bucket, r))
	}
	for i, e := range entries {
		if class := rt.classes.of(q.bucket, e.Key, e.VersionID); class != "" {
			entries[i].StorageClass = class
		}
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(want.render(q.bucket, entries, more)) // a client that is gone cannot be told
	return nil
}

func readVersionList(q *query) (*versionList, error) {
	p := q.params
	v := &versionList{prefix: p.Get("prefix"), delimiter: p.Get("delimiter"), keyMarker: p.Get("key-marker"),
		versionMarker: p.Get("version-id-marker"), max: maxKeys}
	if v.versionMarker != "" && v.keyMarker == "" {
		return nil, awsapi.Refuse("InvalidArgument", "A version-id marker cannot be specified without a key marker.")
	}
	if text := p.Get("max-keys"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, awsapi.Refuse("InvalidArgument", "Argument maxKeys must be an integer between 0 and 2147483647")
		}
		v.max = min(n, maxKeys)
	}
	return v, v.how.encoding(p)
}

// versions collects one page. A page that the store refuses is returned as it
// is.
func (rt *Router) versions(ctx context.Context, q *query, v *versionList) (page []versionEntry, more bool, failed *http.Response, err error) {
	params := url.Values{"versions": {""}, "max-keys": {strconv.Itoa(maxKeys)}}
	params.Set("prefix", encodePrefix(v.prefix))
	if v.delimiter != "" {
		params.Set("delimiter", encodePrefix(v.delimiter))
	}
	if v.keyMarker != "" {
		params.Set("key-marker", encodeKey(v.keyMarker))
	}
	if v.max == 0 {
		params.Set("max-keys", "0") // only the store knows whether there is such a bucket
	}
	filter := newVersionFilter(v)
	for range maxVersionPages {
		response, err := rt.send(ctx, &query{method: http.MethodGet, bucket: q.bucket, params: params, header: q.header.Clone()})
		if err != nil {
			return nil, false, nil, err
		}
		if response.StatusCode != http.StatusOK {
			return nil, false, response, nil
		}
		stored, err := readVersions(response)
		if err != nil {
			return nil, false, nil, rt.broken(err)
		}
		page = append(page, filter.unseen(stored)...)
		if len(page) > v.max {
			return page[:v.max], true, nil, nil
		}
		if !stored.IsTruncated || stored.NextKeyMarker == "" {
			return page, false, nil, nil
		}
		if len(page) > 0 && len(page) == v.max {
			return page, true, nil, nil
		}
		params.Set("key-marker", stored.NextKeyMarker)
		params.Set("version-id-marker", stored.NextVersionIDMarker)
		if stored.NextVersionIDMarker == "" {
			params.Del("version-id-marker")
		}
	}
	return page, len(page) > 0, nil, nil
}

func readVersions(response *http.Response) (*storedVersions, error) {
	defer response.Body.Close()
	stored := &storedVersions{}
	if err := xml.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(stored); err != nil {
		return nil, err
	}
	return stored, stored.decode()
}

// decode turns stored names into keys, but for the markers, which go back to
// the store.
func (s *storedVersions) decode() error {
	for _, list := range [][]versionEntry{s.Versions, s.DeleteMarkers} {
		for i := range list {
			key, err := decodeKey(list[i].Key)
			if err != nil {
				return err
			}
			list[i].Key = key
		}
	}
	for i := range s.CommonPrefixes {
		prefix, err := decodeKey(s.CommonPrefixes[i].Prefix)
		if err != nil {
			return err
		}
		s.CommonPrefixes[i].Prefix = prefix
	}
	return nil
}

// versionFilter lets every entry through once and none that stands at or
// before the client's marker.
type versionFilter struct {
	want *versionList
	// passed: the entry at the client's version marker was met.
	passed bool
	seen   map[[2]string]bool
}

func newVersionFilter(v *versionList) *versionFilter {
	return &versionFilter{want: v, seen: map[[2]string]bool{}}
}

func (f *versionFilter) unseen(s *storedVersions) []versionEntry {
	var out []versionEntry
	for _, e := range s.sorted() {
		id := [2]string{e.Key, e.VersionID}
		if f.seen[id] {
			continue
		}
		f.seen[id] = true
		if f.before(e) {
			continue
		}
		out = append(out, e)
	}
	return out
}

func (f *versionFilter) before(e versionEntry) bool {
	switch {
	case f.want.keyMarker == "":
		return false
	case e.Key != f.want.keyMarker:
		return e.Key < f.want.keyMarker
	case f.want.versionMarker == "" || e.kind == "CommonPrefixes":
		return true // all versions of the marker's key
	case e.VersionID == f.want.versionMarker:
		f.passed = true
		return true
	}
	return !f.passed
}

// sorted merges the three lists in S3's order: by key, of one key the newest
// version first.
func (s *storedVersions) sorted() []versionEntry {
	out := make([]versionEntry, 0, len(s.Versions)+len(s.DeleteMarkers)+len(s.CommonPrefixes))
	for _, e := range s.Versions {
		e.kind = "Version"
		out = append(out, e)
	}
	for _, e := range s.DeleteMarkers {
		e.kind = "DeleteMarker"
		out = append(out, e)
	}
	for _, p := range s.CommonPrefixes {
		out = append(out, versionEntry{kind: "CommonPrefixes", Key: p.Prefix})
	}
	slices.SortStableFunc(out, func(a, b versionEntry) int {
		if c := strings.Compare(a.Key, b.Key); c != 0 {
			return c
		}
		if a.IsLatest != b.IsLatest {
			return cmp.Compare(boolRank(a.IsLatest), boolRank(b.IsLatest))
		}
		// The store's version ids begin with their time; "null" does not.
		if a.VersionID != "null" && b.VersionID != "null" {
			return strings.Compare(b.VersionID, a.VersionID)
		}
		return strings.Compare(b.LastModified, a.LastModified)
	})
	return out
}

func boolRank(first bool) int {
	if first {
		return 0
	}
	return 1
}

func (v *versionList) render(bucket string, page []versionEntry, more bool) []byte {
	b := &bytes.Buffer{}
	b.WriteString(xml.Header + `<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`)
	leaf(b, "Name", bucket)
	leaf(b, "Prefix", v.listed(v.prefix))
	leaf(b, "KeyMarker", v.listed(v.keyMarker))
	leaf(b, "VersionIdMarker", v.versionMarker)
	if more && len(page) > 0 {
		last := page[len(page)-1]
		leaf(b, "NextKeyMarker", v.listed(last.Key))
		if last.VersionID != "" {
			leaf(b, "NextVersionIdMarker", last.VersionID)
		}
	}
	leaf(b, "MaxKeys", strconv.Itoa(v.max))
	if v.delimiter != "" {
		leaf(b, "Delimiter", v.listed(v.delimiter))
	}
	if v.how.urlEncoded {
		leaf(b, "EncodingType", "url")
	}
	leaf(b, "IsTruncated", strconv.FormatBool(more))
	for _, e := range page {
		v.entry(b, e)
	}
	b.WriteString("</ListVersionsResult>")
	return b.Bytes()
}

func (v *versionList) entry(b *bytes.Buffer, e versionEntry) {
	b.WriteString("<" + e.kind + ">")
	if e.kind == "CommonPrefixes" {
		leaf(b, "Prefix", v.listed(e.Key))
		b.WriteString("</CommonPrefixes>")
		return
	}
	leaf(b, "Key", v.listed(e.Key))
	leaf(b, "VersionId", e.VersionID)
	leaf(b, "IsLatest", strconv.FormatBool(e.IsLatest))
	leaf(b, "LastModified", e.LastModified)
	if e.kind == "Version" {
		leaf(b, "ETag", e.ETag)
		for _, algorithm := range e.ChecksumAlgorithm {
			if algorithm != "" {
				leaf(b, "ChecksumAlgorithm", algorithm)
			}
		}
		if e.ChecksumType != "" {
			leaf(b, "ChecksumType", e.ChecksumType)
		}
		leaf(b, "Size", strconv.FormatInt(e.Size, 10))
		leaf(b, "StorageClass", e.StorageClass)
	}
	b.WriteString("</" + e.kind + ">")
}

func (v *versionList) listed(s string) string {
	if v.how.urlEncoded {
		return escapeListed(s)
	}
	return s
}

func leaf(b *bytes.Buffer, name, value string) {
	b.WriteString("<" + name + ">")
	b.Write(appendText(nil, value))
	b.WriteString("</" + name + ">")
}
