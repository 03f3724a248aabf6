package objectkit

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// Shape is how the keys of a Listing are spread.
type Shape int

// The shapes. Flat has no slash in any key; Deep has 100 folders of 100 folders
// and so on; Skewed has nine of ten keys in one folder of a thousand.
const (
	Flat Shape = iota
	Deep
	Skewed
)

// Listing is a bucket of N objects that exist by formula: key, size and ETag
// follow from the place in the order. It is a http.Handler for
// ListObjectsV2; Blobs is one for List Blobs of the same names.
//
// Facts relied on: Amazon S3 API Reference, "ListObjectsV2".
type Listing struct {
	N     int
	Shape Shape
	// Requests counts the pages.
	Requests atomic.Int64
}

// Len is N.
func (l *Listing) Len() int { return l.N }

// Name returns key number i; keys are in order.
func (l *Listing) Name(i int) string {
	switch l.Shape {
	case Deep:
		return fmt.Sprintf("d%02d/e%02d/f%02d/object-%010d", i*100/l.N, i*10000/l.N%100, i*1000000/l.N%100, i)
	case Skewed:
		// Folders 0 to 999; number 500 has what the others do not.
		tenth := l.N / 10
		folder := 500
		switch {
		case i < tenth/2:
			folder = i * 1000 / max(tenth, 1)
		case i >= l.N-tenth/2:
			folder = 501 + (i-(l.N-tenth/2))*998/max(tenth, 1)
		}
		return fmt.Sprintf("p%03d/object-%010d", folder, i)
	}
	return fmt.Sprintf("object-%012d", i)
}

// Size returns that of object number i.
func (l *Listing) Size(i int) int64 { return int64(i%8192) + 1 }

// ETag returns that of object number i.
func (l *Listing) ETag(i int) string { return fmt.Sprintf("%032x", i+1) }

// Modified is the time of all objects.
func (l *Listing) Modified() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

func (l *Listing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if r.Method != http.MethodGet || q.Get("list-type") != "2" {
		w.WriteHeader(http.StatusNotImplemented)
		io.WriteString(w, "<Error><Code>NotImplemented</Code><Message>Only ListObjectsV2.</Message></Error>")
		return
	}
	l.Requests.Add(1)
	p := page{prefix: q.Get("prefix"), delimiter: q.Get("delimiter"), after: fromToken(q.Get("continuation-token")), most: number(q.Get("max-keys"), objectsInPage)}
	if p.after == "" {
		p.after = q.Get("start-after")
	}
	write := func(out *bufio.Writer, key string) {
		if q.Get("encoding-type") == "url" {
			io.WriteString(out, url.QueryEscape(key))
			return
		}
		xml.EscapeText(out, []byte(key))
	}
	w.Header().Set("Content-Type", "application/xml")
	out := bufio.NewWriterSize(w, 64<<10)
	io.WriteString(out, `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>`+q.Get("encoding-type")+`</EncodingType>`)
	modified := l.Modified().Format("2006-01-02T15:04:05.000Z")
	next := p.walk(l, func(i int, key string) {
		io.WriteString(out, "<Contents><Key>")
		write(out, key)
		io.WriteString(out, "</Key><LastModified>"+modified+"</LastModified><ETag>&quot;"+l.ETag(i)+"&quot;</ETag><Size>"+strconv.FormatInt(l.Size(i), 10)+
			"</Size><StorageClass>STANDARD</StorageClass></Contents>")
	}, func(prefix string) {
		io.WriteString(out, "<CommonPrefixes><Prefix>")
		write(out, prefix)
		io.WriteString(out, "</Prefix></CommonPrefixes>")
	})
	fmt.Fprintf(out, "<IsTruncated>%t</IsTruncated>", next != "")
	if next != "" {
		io.WriteString(out, "<NextContinuationToken>")
		io.WriteString(out, token(next))
		io.WriteString(out, "</NextContinuationToken>")
	}
	io.WriteString(out, "</ListBucketResult>")
	out.Flush()
}

// Blobs answers List Blobs with the same names and sizes, each with the
// metadata that mark returns for it; nil for none.
func (l *Listing) Blobs(mark func(i int) map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Query().Get("comp") != "list" {
			refuse(w, &refusal{http.StatusNotImplemented, "NotImplemented"})
			return
		}
		l.Requests.Add(1)
		err := writeBlobs(w, r, l, func(i int, name string) entry {
			e := entry{name: name, etag: "0x" + l.ETag(i), size: l.Size(i), modified: l.Modified()}
			if mark != nil {
				e.metadata = mark(i)
			}
			return e
		})
		if err != nil {
			panic(http.ErrAbortHandler) // the client has gone
		}
	})
}
