package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"example.com/landfall/examples/bookshop/internal/blob"
)

// coverAge is how long browsers and CDNs may keep a cover, in seconds.
const coverAge = "86400"

// cover streams an image from object storage.
func (s *Server) cover(w http.ResponseWriter, r *http.Request) {
	id, isImage := strings.CutSuffix(r.PathValue("file"), ".jpg")
	if _, err := strconv.ParseUint(id, 10, 62); err != nil || !isImage {
		s.fail(w, r, http.StatusNotFound, "We do not have that cover.")
		return
	}
	name := "covers/" + id + ".jpg"
	part, partial := parseRange(r.Header.Get("Range"))
	object, err := s.opts.Blobs.Open(r.Context(), name, part)
	if condition := r.Header.Get("If-Range"); err == nil && partial && condition != "" && condition != object.ETag {
		// The client holds parts of another version: it gets the whole.
		_ = object.Body.Close() // nothing was read
		partial = false
		object, err = s.opts.Blobs.Open(r.Context(), name, blob.Range{})
	}
	if errors.Is(err, blob.ErrRange) {
		s.fail(w, r, http.StatusRequestedRangeNotSatisfiable, "The image is shorter than that.")
		return
	}
	if err != nil {
		s.answerTrouble(w, r, err)
		return
	}
	defer object.Body.Close()
	s.stream(w, r, object, partial)
}

func (s *Server) stream(w http.ResponseWriter, r *http.Request, object *blob.Object, partial bool) {
	h := w.Header()
	h.Set("ETag", object.ETag)
	h.Set("Cache-Control", "public, max-age="+coverAge)
	h.Set("Accept-Ranges", "bytes")
	h.Set("Last-Modified", object.Modified.UTC().Format(http.TimeFormat))
	if sameETag(r.Header.Get("If-None-Match"), object.ETag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", object.ContentType)
	h.Set("Content-Length", strconv.FormatInt(object.LengthBytes, 10))
	status := http.StatusOK
	if partial {
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", object.Offset, object.Offset+object.LengthBytes-1, object.SizeBytes))
		status = http.StatusPartialContent
	}
	w.WriteHeader(status)
	if _, err := io.Copy(w, object.Body); err != nil {
		// The status is out; the short body tells the client.
		s.opts.Log.Debug("stream cover", "error", err)
	}
}

// parseRange reads a Range header of one part with a start. Anything else
// (several parts, the last n bytes, nonsense) is answered with the whole
// image, as RFC 9110 allows.
func parseRange(header string) (blob.Range, bool) {
	text, found := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(text, "-")
	offset, err := strconv.ParseInt(first, 10, 62)
	if !found || !dash || err != nil || offset < 0 {
		return blob.Range{}, false
	}
	if last == "" {
		return blob.Range{Offset: offset}, offset > 0
	}
	end, err := strconv.ParseInt(last, 10, 62)
	if err != nil || end < offset {
		return blob.Range{}, false
	}
	return blob.Range{Offset: offset, Length: end - offset + 1}, true
}

// sameETag reports whether an If-None-Match header names the tag. The
// comparison is the weak one: a proxy may have weakened the tag.
func sameETag(header, etag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || candidate != "" && strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}
