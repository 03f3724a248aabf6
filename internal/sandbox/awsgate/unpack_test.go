package awsgate

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

func packedRequest(body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("Content-Encoding", "gzip")
	return r
}

func TestUnpackRefusesWhatIsNotGzip(t *testing.T) {
	t.Parallel()
	err := unpack(httptest.NewRecorder(), packedRequest([]byte("plain")))
	if e, ok := errors.AsType[*awsapi.Error](err); !ok || e.Code != "SerializationException" {
		t.Errorf("error is %v", err)
	}
}

// A small packed body that holds more than any body may hold ends in an error
// and not in memory.
func TestUnpackIsBounded(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := io.CopyN(w, zeros{}, maxRPCBytes+1); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := packedRequest(packed.Bytes())
	if err := unpack(httptest.NewRecorder(), r); err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, r.Body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); !ok {
		t.Errorf("read %d bytes of %d packed ones, %v; want the bound", n, packed.Len(), err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
