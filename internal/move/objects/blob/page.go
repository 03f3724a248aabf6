package blob

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/markup"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/rest"
)

// pageSize is how many blobs are asked for at once. The service would give 5,000,
// which take several MiB of memory for each part of the listing that is read:
// as many as S3 gives are enough, for the two listings are read side by side.
const pageSize = "1000"

// markName is the metadata that is kept apart.
const markName = name.Mark

// Page lists blobs with their metadata, in the order of the service, as it
// comes over the line.
func (t *Target) Page(ctx context.Context, prefix, delimiter, next string) (object.Listed[object.Blob], error) {
	return t.page(ctx, map[string]string{"prefix": prefix, "delimiter": delimiter, "marker": next})
}

// PageFrom is Page from a name on. Services older than the parameter (version
// 2026-02-06 of the API; "Azure Blob Storage client library for Go", change log
// of 1.6.4) pay no heed to it, or refuse it.
func (t *Target) PageFrom(ctx context.Context, prefix, from, next string) (object.Listed[object.Blob], error) {
	page, err := t.page(ctx, map[string]string{"prefix": prefix, "startFrom": from, "marker": next})
	trouble, refused := errors.AsType[*rest.Trouble](err)
	switch {
	case refused && from != "" && (trouble.Code == "UnsupportedQueryParameter" || trouble.Code == "InvalidQueryParameterValue"):
	case err == nil && next == "" && len(page.Items) > 0 && page.Items[0].Name < from:
		err = errors.New("the answer begins before it")
	default:
		return page, err
	}
	return object.Listed[object.Blob]{}, fault.Of(fault.Unsupported, "list container from a name on", t.resource(ask{container: true}), err)
}

// Earlier asks for the versions of one blob, which come together in the listing.
func (t *Target) Earlier(ctx context.Context, name string) ([]object.Blob, error) {
	var found []object.Blob
	for next := ""; ; {
		page, err := t.page(ctx, map[string]string{"prefix": name, "marker": next, "include": "metadata,versions"})
		if err != nil {
			return nil, err
		}
		past := false
		for _, b := range page.Items {
			if b.Name == name {
				found = append(found, b)
			}
			past = past || b.Name != name
		}
		if next = page.Next; next == "" || past {
			return found, nil
		}
	}
}

func (t *Target) page(ctx context.Context, parameters map[string]string) (object.Listed[object.Blob], error) {
	query := url.Values{"restype": {"container"}, "comp": {"list"}, "include": {"metadata"}, "maxresults": {pageSize}}
	for name, value := range parameters {
		if value != "" {
			query.Set(name, value)
		}
	}
	a := ask{op: "list container", method: http.MethodGet, container: true, query: query.Encode()}
	response, _, err := t.do(ctx, a)
	if err != nil {
		return object.Listed[object.Blob]{}, err
	}
	defer response.Body.Close()
	l := lister{scan: markup.NewScanner(response.Body), shared: map[string]string{}}
	if err := l.walk(); err != nil {
		return object.Listed[object.Blob]{}, fault.Of(fault.Unavailable, "list container", t.resource(a), err)
	}
	return l.out, nil
}

// lister reads one page.
type lister struct {
	scan *markup.Scanner
	out  object.Listed[object.Blob]
	root bool
	// shared are texts that repeat: names of metadata, types, tiers.
	shared map[string]string
}

func (l *lister) walk() error {
	for {
		kind := l.scan.Step()
		if kind == markup.End {
			if l.scan.Err() == nil && !l.root {
				return markup.ErrMarkup
			}
			return l.scan.Err()
		}
		name := l.scan.Name()
		switch {
		case kind == markup.Open && l.scan.Depth() == 1:
			l.root = string(name) == "EnumerationResults"
			if !l.root {
				return markup.ErrMarkup
			}
		case kind == markup.Open && string(name) == "Blob":
			if err := l.blob(); err != nil {
				return err
			}
		case kind == markup.Open && string(name) == "BlobPrefix":
			if err := l.prefix(); err != nil {
				return err
			}
		case kind == markup.Close && l.scan.Depth() == 1 && string(name) == "NextMarker":
			l.out.Next = string(l.scan.Text())
		}
	}
}

func (l *lister) prefix() error {
	depth, encoded := l.scan.Depth(), false
	for {
		switch l.scan.Step() {
		case markup.End:
			return l.scan.Err()
		case markup.Open:
			if string(l.scan.Name()) == "Name" {
				encoded = l.scan.Has(`Encoded="true"`)
			}
		case markup.Close:
			if l.scan.Depth() < depth {
				return nil
			}
			if string(l.scan.Name()) == "Name" {
				name, err := l.name(encoded)
				if err != nil {
					return err
				}
				l.out.Prefixes = append(l.out.Prefixes, name)
			}
		}
	}
}

// name resolves a name that XML 1.0 cannot hold and that comes percent-encoded
// for it (Azure Storage REST reference, "List Blobs").
func (l *lister) name(encoded bool) (string, error) {
	text := string(l.scan.Text())
	if !encoded {
		return text, nil
	}
	decoded, err := url.PathUnescape(text)
	if err != nil {
		return "", markup.ErrMarkup
	}
	return decoded, nil
}

// blob reads one entry: its own fields, its properties and its metadata.
func (l *lister) blob() error {
	var b object.Blob
	e := entry{lister: l, blob: &b}
	depth := l.scan.Depth()
	for {
		switch l.scan.Step() {
		case markup.End:
			return l.scan.Err()
		case markup.Open:
			if l.scan.Depth() == depth+1 {
				e.section = e.section[:0]
				e.section = append(e.section, l.scan.Name()...)
				e.encoded = l.scan.Has(`Encoded="true"`)
			}
		case markup.Close:
			switch l.scan.Depth() {
			case depth - 1:
				if b.Name == "" {
					return markup.ErrMarkup
				}
				l.out.Items = append(l.out.Items, b)
				return nil
			case depth:
				if string(l.scan.Name()) == "Name" {
					name, err := l.name(e.encoded)
					if err != nil {
						return err
					}
					b.Name = name
				}
			case depth + 1:
				if err := e.field(); err != nil {
					return err
				}
			}
		}
	}
}

// entry is the blob that is being read.
type entry struct {
	*lister
	blob    *object.Blob
	section []byte
	encoded bool
}

// field takes one property, or one name and value of metadata.
func (e *entry) field() error {
	switch string(e.section) {
	case "Properties":
		return e.property()
	case "Metadata":
		name := e.share(e.scan.Name())
		if strings.EqualFold(name, markName) {
			e.blob.Mark = string(e.scan.Text())
			break
		}
		if e.blob.Metadata == nil {
			e.blob.Metadata = make(map[string]string, 4)
		}
		e.blob.Metadata[name] = string(e.scan.Text())
		// How an account with a hierarchical namespace showed folders before it
		// had a property for it.
		if strings.EqualFold(name, "hdi_isfolder") && string(e.scan.Text()) == "true" {
			e.blob.Directory = true
		}
	}
	return nil
}

func (e *entry) property() (err error) {
	text := e.scan.Text()
	b := e.blob
	switch string(e.scan.Name()) {
	case "Etag":
		b.ETag = strings.Trim(string(text), `"`)
	case "Content-Length":
		if b.Size, err = strconv.ParseInt(string(text), 10, 64); err != nil {
			return markup.ErrMarkup
		}
	case "Last-Modified":
		b.Modified, _ = time.Parse(http.TimeFormat, string(text))
	case "AccessTier":
		b.Tier = e.share(text)
	case "AccessTierInferred":
		if string(text) == "true" {
			b.Tier = ""
		}
	case "BlobType":
		b.Kind = e.share(text)
	case "Content-MD5":
		if len(text) > 0 {
			b.MD5, _ = base64.StdEncoding.AppendDecode(nil, text)
		}
	case "ResourceType":
		b.Directory = b.Directory || string(text) == "directory"
	case "Content-Type":
		b.Headers.Type = e.share(text)
	case "Content-Encoding":
		b.Headers.Encoding = e.share(text)
	case "Content-Language":
		b.Headers.Language = e.share(text)
	case "Content-Disposition":
		b.Headers.Disposition = e.share(text)
	case "Cache-Control":
		b.Headers.CacheControl = e.share(text)
	}
	return nil
}

func (e *entry) share(text []byte) string {
	if known, ok := e.shared[string(text)]; ok {
		return known
	}
	const many = 1000 // dispositions with a file name each repeat nothing
	owned := string(text)
	if len(e.shared) < many {
		e.shared[owned] = owned
	}
	return owned
}
