package objects

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// store serves an operation whose truth is in versitygw.
func (rt *Router) store(w http.ResponseWriter, r *http.Request, call *awsapi.Call, bucket, key string) error {
	header, params := forwarded(r, call.Query)
	if err := refuseCustomerKeys(header); err != nil {
		return err
	}
	q := &query{method: r.Method, bucket: bucket, key: key, stored: encodeKey(key), params: params, header: header}
	switch call.Operation {
	case "ListObjectVersions":
		return rt.listVersions(w, r, q)
	case "ListObjects", "ListObjectsV2", "ListMultipartUploads":
		return rt.list(w, r, q)
	case "DeleteObjects":
		return rt.deleteObjects(w, r, q)
	}
	if err := rt.prepare(q, r, call.Operation); err != nil {
		return err
	}
	response, err := rt.send(r.Context(), q)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	rt.note(q, call.Operation, response)
	if !namesKeys(call.Operation, response) {
		relay(w, response)
		return nil
	}
	how := rt.rewriting(bucket, r)
	if call.Operation == "CreateMultipartUpload" {
		how.upload = func(id string) { rt.classes.begin(id, q.header.Get(keptClass)) }
	}
	return rt.rewritten(w, response, how)
}

// prepare makes the request to the store out of the client's.
func (rt *Router) prepare(q *query, r *http.Request, operation string) error {
	var err error
	switch operation {
	case "CopyObject":
		if err = copySource(q.header); err == nil {
			err = rt.prepareCopy(r.Context(), q.header)
		}
	case "UploadPartCopy":
		err = copySource(q.header)
	case "PutObject", "CreateMultipartUpload":
		err = keep(q.header)
	}
	if err != nil {
		return err
	}
	return rt.fill(q, r, operation)
}

// note keeps what the answer tells about the class and the encryption of an
// object, and shows the client what the store does not.
func (rt *Router) note(q *query, operation string, response *http.Response) {
	reveal(response.Header)
	if response.StatusCode >= 300 {
		return
	}
	version := response.Header.Get("X-Amz-Version-Id")
	switch operation {
	case "PutObject", "CopyObject":
		echo(response.Header, q.header)
		rt.classes.set(q.bucket, q.key, version, q.header.Get(keptClass))
	case "CreateMultipartUpload":
		echo(response.Header, q.header)
	case "CompleteMultipartUpload":
		rt.classes.set(q.bucket, q.key, version, rt.classes.end(q.params.Get("uploadId")))
	case "AbortMultipartUpload":
		rt.classes.end(q.params.Get("uploadId"))
	case "DeleteObject":
		rt.classes.set(q.bucket, q.key, q.params.Get("versionId"), "")
	}
}

// fill sets the body of an operation that has one.
func (rt *Router) fill(q *query, r *http.Request, operation string) error {
	switch operation {
	case "PutObject", "UploadPart":
		return payload(q, r)
	}
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	text, err := document(r)
	if err != nil {
		return err
	}
	q.setDocument(text)
	return nil
}

// namesKeys reports whether the answer holds keys that have to be translated:
// those of multipart uploads do, and every error does.
func namesKeys(operation string, response *http.Response) bool {
	if response.StatusCode >= 400 {
		return strings.Contains(response.Header.Get("Content-Type"), "xml")
	}
	switch operation {
	case "CreateMultipartUpload", "CompleteMultipartUpload", "ListParts":
		return true
	}
	return false
}

// maxAnswer bounds a document of the store that is translated. A listing of
// 1,000 keys of 1,024 bytes, each escaped threefold, is under 5 MB.
const maxAnswer = 32 << 20

func (rt *Router) rewritten(w http.ResponseWriter, response *http.Response, how rewriting) error {
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return rt.unavailable("object store", err)
	}
	if text, err = how.apply(text); err != nil {
		return rt.broken(err)
	}
	copyHeader(w.Header(), response.Header)
	w.Header().Del("Content-Length")
	w.WriteHeader(response.StatusCode)
	_, _ = w.Write(text) // a client that is gone cannot be told anything
	return nil
}

// broken is what the client gets when the store's own answer cannot be used.
func (rt *Router) broken(err error) error {
	rt.options.Log.Error("translate the object store's answer", "error", err)
	return &awsapi.Error{Code: "InternalError", Message: "We encountered an internal error. Please try again.", Status: http.StatusInternalServerError}
}

// copySource translates "x-amz-copy-source: [/]bucket/key[?versionId=...]",
// whose key is percent-encoded.
func copySource(header http.Header) error {
	source, version, hasVersion := strings.Cut(header.Get("X-Amz-Copy-Source"), "?versionId=")
	source = strings.TrimPrefix(source, "/")
	if plain, err := url.PathUnescape(source); err == nil {
		source = plain
	}
	bucket, key, ok := strings.Cut(source, "/")
	if !ok || bucket == "" || key == "" {
		return awsapi.Refuse("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	if strings.HasPrefix(bucket, "arn:") {
		return awsapi.Refuse("NotImplemented", "copying from an access point is not supported by the sandbox")
	}
	value := escapePath(bucket) + "/" + escapePath(encodeKey(key))
	if hasVersion {
		value += "?versionId=" + version
	}
	header.Set("X-Amz-Copy-Source", value)
	return nil
}

// list serves the listings that the store pages correctly itself.
func (rt *Router) list(w http.ResponseWriter, r *http.Request, q *query) error {
	how := rt.rewriting(q.bucket, r)
	if err := how.encoding(q.params); err != nil {
		return err
	}
	encodeListing(q.params)
	response, err := rt.send(r.Context(), q)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return rt.rewritten(w, response, how)
}

// encoding takes the encoding type out of the parameters: the store lists
// names that need none, and the gate encodes the keys they stand for.
func (rw *rewriting) encoding(params url.Values) error {
	if !params.Has("encoding-type") {
		return nil
	}
	if params.Get("encoding-type") != "url" {
		return awsapi.Refuse("InvalidArgument", "Invalid Encoding Method specified in Request")
	}
	params.Del("encoding-type")
	rw.urlEncoded = true
	return nil
}

// encodeListing translates the parameters that are keys or parts of keys.
func encodeListing(params url.Values) {
	for _, name := range []string{"prefix", "delimiter"} {
		if params.Has(name) {
			params.Set(name, encodePrefix(params.Get(name)))
		}
	}
	for _, name := range []string{"marker", "start-after", "key-marker"} {
		if v := params.Get(name); v != "" {
			params.Set(name, encodeKey(v))
		}
	}
}

// deleteObjects translates the keys of the request and of the answer. The
// body changes, so what the client sent to check it is verified here.
func (rt *Router) deleteObjects(w http.ResponseWriter, r *http.Request, q *query) error {
	text, err := document(r)
	if err != nil {
		return err
	}
	if err := verify(q.header, text); err != nil {
		return err
	}
	text, err = translate(text, func(name, value string) (string, error) {
		if name == "Key" {
			rt.classes.set(q.bucket, value, "", "")
			return encodeKey(value), nil
		}
		return value, nil
	})
	if err != nil {
		return awsapi.Refuse("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	q.setDocument(text)
	q.header.Set("Content-Md5", md5Of(text))
	response, err := rt.send(r.Context(), q)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return rt.rewritten(w, response, rt.rewriting(q.bucket, r))
}

// rewriting is how an answer of the store becomes the client's.
type rewriting struct {
	bucket     string
	host       string
	urlEncoded bool
	classes    *classes
	// upload, if set, is told the id of a multipart upload that begins.
	upload func(id string)
}

func (rt *Router) rewriting(bucket string, r *http.Request) rewriting {
	return rewriting{bucket: bucket, host: r.Host, classes: &rt.classes}
}

func (rw rewriting) apply(text []byte) ([]byte, error) {
	last := "" // key of the entry that is being read
	out, err := translate(text, func(name, value string) (string, error) {
		switch name {
		case "StorageClass":
			// It comes after the key in the store's listings.
			if class := rw.classes.of(rw.bucket, last, ""); class != "" {
				return class, nil
			}
		case "UploadId":
			if rw.upload != nil {
				rw.upload(value)
			}
		case "Key", "Prefix", "Marker", "NextMarker", "StartAfter", "Delimiter", "KeyMarker", "NextKeyMarker":
			key, err := decodeKey(value)
			if err != nil {
				return "", err
			}
			if name == "Key" {
				last = key
			}
			if rw.urlEncoded {
				return escapeListed(key), nil
			}
			return key, nil
		case "Resource":
			return rw.resource(value), nil
		case "Location":
			return rw.location(value), nil
		}
		return value, nil
	})
	if err != nil {
		return nil, err
	}
	if rw.urlEncoded {
		out = withEncodingType(out)
	}
	return out, nil
}

// resource is the path in an error: "/bucket/stored name".
func (rw rewriting) resource(value string) string {
	bucket, stored, ok := strings.Cut(strings.TrimPrefix(value, "/"), "/")
	if key, err := decodeKey(unescape(stored)); ok && err == nil {
		return "/" + bucket + "/" + key
	}
	return value
}

// location is the URL of a completed upload, which must lead to the gate.
func (rw rewriting) location(value string) string {
	u, err := url.Parse(value)
	if err != nil {
		return value
	}
	_, stored, ok := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if key, err := decodeKey(stored); ok && err == nil {
		return "http://" + rw.host + "/" + escapePath(rw.bucket) + "/" + escapePath(key)
	}
	return value
}

// escapeListed is the "url" encoding type of listings, which keeps slashes.
func escapeListed(key string) string {
	return strings.ReplaceAll(escapePath(key), "%20", "+")
}

// withEncodingType says in the document that its keys are encoded. The store
// may have sent an empty element of that name.
func withEncodingType(text []byte) []byte {
	text = bytes.Replace(text, []byte("<EncodingType></EncodingType>"), nil, 1)
	end := bytes.LastIndex(text, []byte("</"))
	if end < 0 {
		return text
	}
	out := make([]byte, 0, len(text)+40)
	out = append(out, text[:end]...)
	out = append(out, "<EncodingType>url</EncodingType>"...)
	return append(out, text[end:]...)
}
