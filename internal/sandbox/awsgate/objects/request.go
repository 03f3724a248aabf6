package objects

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// query is one request to the store.
type query struct {
	method string
	bucket string
	key    string
	stored string // name of the object, "" for the bucket
	params url.Values
	header http.Header
	body   io.Reader
	length int64 // -1 when unknown
	// hash is the payload hash the signature covers.
	hash string
}

// streamUnsigned is the payload hash of unsigned chunks, with a trailer or
// without.
const streamUnsigned = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

// emptyHash is the SHA-256 of nothing.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// build makes and signs the HTTP request.
func (rt *Router) build(ctx context.Context, q *query) (*http.Request, error) {
	path := "/" + escapePath(q.bucket)
	if q.stored != "" {
		path += "/" + escapePath(q.stored)
	}
	raw, err := url.PathUnescape(path)
	if err != nil {
		return nil, fault.Of(fault.Internal, "escape path", path, err)
	}
	u := &url.URL{Scheme: rt.options.Store.Scheme, Host: rt.options.Store.Host, Path: raw, RawPath: path,
		RawQuery: strings.ReplaceAll(q.params.Encode(), "+", "%20")}
	request, err := http.NewRequestWithContext(ctx, q.method, "http://store/", nil)
	if err != nil {
		return nil, fault.Of(fault.Internal, "make request", "", err)
	}
	request.URL, request.Host = u, u.Host
	if q.header != nil {
		request.Header = q.header
	}
	if q.hash == "" {
		q.hash = emptyHash
	}
	if q.body != nil {
		request.Body, request.ContentLength = io.NopCloser(q.body), q.length
		if q.length == 0 {
			request.Body = http.NoBody
		}
	}
	request.Header.Set("X-Amz-Content-Sha256", q.hash)
	err = rt.signer.SignHTTP(ctx, rt.credentials(), request, q.hash, "s3", rt.options.Region, rt.options.Now())
	if err != nil {
		return nil, fault.Of(fault.Internal, "sign request", "", err)
	}
	return request, nil
}

// escapePath escapes everything but unreserved characters and slashes, as
// Signature Version 4 does.
func escapePath(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s) + len(s)/4)
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~/", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	return b.String()
}

// forwarded is the client's request without what concerns its signature, its
// connection and the encoding of its body.
func forwarded(r *http.Request, params url.Values) (http.Header, url.Values) {
	header := http.Header{}
	for name, values := range r.Header {
		switch name {
		case "Authorization", "X-Amz-Date", "Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token", "X-Amz-Decoded-Content-Length",
			"X-Amz-Trailer", "X-Amz-Expected-Bucket-Owner", "X-Amz-Source-Expected-Bucket-Owner", "X-Amz-Request-Payer",
			"Content-Length", "Expect", "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer",
			"Transfer-Encoding", "Upgrade", "Accept-Encoding":
		case "Content-Encoding":
			if kept := withoutChunked(values); kept != "" {
				header.Set(name, kept)
			}
		default:
			header[name] = values
		}
	}
	clean := url.Values{}
	for name, values := range params {
		switch name {
		case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature",
			"X-Amz-Security-Token", "X-Amz-Content-Sha256", "AWSAccessKeyId", "Signature", "Expires", "x-id":
		default:
			clean[name] = values
		}
	}
	return header, clean
}

// withoutChunked drops aws-chunked, which encodes the transfer and is no part
// of the object.
func withoutChunked(values []string) string {
	var kept []string
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if part = strings.TrimSpace(part); part != "" && part != "aws-chunked" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, ",")
}

// payload fills in body, length and hash from the client's request.
//
// A body whose SHA-256 the client sent goes on as it is. Every other one goes
// on in unsigned chunks, because versitygw 1.8 stores what it has when a plain
// body breaks off, and the chunks say where the end is. A trailer with a
// checksum goes along, so that the store verifies it.
func payload(q *query, r *http.Request) error {
	hash := r.Header.Get("X-Amz-Content-Sha256")
	if hash == "" {
		hash = r.URL.Query().Get("X-Amz-Content-Sha256")
	}
	if strings.HasPrefix(hash, "STREAMING-") {
		length, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
		if err != nil || length < 0 {
			return missingLength("X-Amz-Decoded-Content-Length")
		}
		decoder := newChunkReader(r.Body, length)
		return q.setChunks(decoder, length, r.Header.Get("X-Amz-Trailer"), decoder.trailer)
	}
	if r.ContentLength < 0 {
		return missingLength("Content-Length")
	}
	if len(hash) == 2*sha256.Size {
		q.body, q.length, q.hash = r.Body, r.ContentLength, hash
		return nil
	}
	return q.setChunks(r.Body, r.ContentLength, "", nil)
}

func missingLength(name string) error {
	return &awsapi.Error{Code: "MissingContentLength", Message: "You must provide the " + name + " HTTP header.",
		Status: http.StatusLengthRequired, Sender: true}
}

// setChunks makes the body one of chunks. values is filled when source ends.
func (q *query) setChunks(source io.Reader, length int64, trailer string, values http.Header) error {
	encoder, total, err := newChunkWriter(source, length, trailer, values)
	if err != nil {
		return err
	}
	if trailer != "" {
		q.header.Set("X-Amz-Trailer", trailer)
	}
	// No "Content-Encoding: aws-chunked": versitygw would store it as the
	// object's.
	q.header.Set("X-Amz-Decoded-Content-Length", strconv.FormatInt(length, 10))
	q.body, q.length, q.hash = encoder, total, streamUnsigned
	return nil
}

// maxDocument bounds the XML documents that are read whole. The largest is a
// CompleteMultipartUpload of 10,000 parts with checksums, about 2 MB.
const maxDocument = 8 << 20

// document reads a request body that is XML, undoing the chunks if there are.
func document(r *http.Request) ([]byte, error) {
	var body io.Reader = r.Body
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		body = newChunkReader(r.Body, -1)
	}
	text, err := io.ReadAll(io.LimitReader(body, maxDocument+1))
	switch {
	case err != nil:
		return nil, awsapi.Refuse("IncompleteBody", "The request body terminated unexpectedly")
	case len(text) > maxDocument:
		return nil, awsapi.Refuse("MaxMessageLengthExceeded", "Your request was too large.")
	}
	if want := r.Header.Get("X-Amz-Content-Sha256"); len(want) == 2*sha256.Size {
		if got := sha256.Sum256(text); hex.EncodeToString(got[:]) != want {
			return nil, awsapi.Refuse("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
		}
	}
	return text, nil
}

func (q *query) setDocument(text []byte) {
	sum := sha256.Sum256(text)
	q.body, q.length, q.hash = bytes.NewReader(text), int64(len(text)), hex.EncodeToString(sum[:])
}
