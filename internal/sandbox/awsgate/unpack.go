package awsgate

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// unpack replaces a body that the client packed with gzip: the SDKs do so with
// large inputs of operations that AWS marks for it (PutMetricData), and moto's
// server takes such a body for what it is not. What comes out is bounded like
// any other body, so that a few packed kilobytes cannot become gigabytes.
func unpack(w http.ResponseWriter, r *http.Request) error {
	if !strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		return nil
	}
	packed, err := gzip.NewReader(r.Body)
	if err != nil {
		return &awsapi.Error{Code: "SerializationException", Message: "the body is not gzip, as its Content-Encoding says", Status: http.StatusBadRequest, Sender: true}
	}
	body := struct {
		io.Reader
		io.Closer
	}{packed, r.Body}
	r.Body = http.MaxBytesReader(w, body, maxRPCBytes)
	r.Header.Del("Content-Encoding")
	r.Header.Del("Content-Length")
	r.ContentLength = -1
	return nil
}
