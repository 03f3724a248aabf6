package objects

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// both serves the operations that both servers have to know of. The one that
// can refuse for a reason of its own goes first; where the second fails, the
// first is undone or the client told.
func (rt *Router) both(w http.ResponseWriter, r *http.Request, call *awsapi.Call, bucket string) error {
	text, err := document(r)
	if err != nil {
		return err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	switch call.Operation {
	case "CreateBucket":
		return rt.createBucket(w, r, bucket)
	case "DeleteBucket":
		return rt.storeFirst(w, r, call, &query{method: http.MethodDelete, bucket: bucket, params: url.Values{}, header: http.Header{}})
	}
	header, params := forwarded(r, call.Query)
	q := &query{method: r.Method, bucket: bucket, params: params, header: header}
	q.setDocument(text)
	return rt.storeFirst(w, r, call, q)
}

// storeFirst does an operation at the store and, when that went well, at the
// control plane, whose answer the client gets. The store refuses with reason:
// a bucket that is not empty, versioning that it was not set up for.
func (rt *Router) storeFirst(w http.ResponseWriter, r *http.Request, call *awsapi.Call, q *query) error {
	response, err := rt.send(r.Context(), q)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	gone := call.Operation == "DeleteBucket" && response.StatusCode == http.StatusNotFound
	if response.StatusCode >= 400 && !gone {
		relay(w, response)
		return nil
	}
	return rt.control(w, r)
}

// createBucket asks the control plane first, which knows the rules of names
// and owners.
func (rt *Router) createBucket(w http.ResponseWriter, r *http.Request, bucket string) error {
	header := http.Header{}
	for _, name := range []string{"X-Amz-Bucket-Object-Lock-Enabled", "X-Amz-Object-Ownership"} {
		if v := r.Header.Get(name); v != "" {
			header.Set(name, v)
		}
	}
	created, err := rt.options.Control(r.Context(), r)
	if err != nil {
		return rt.unavailable("control plane", err)
	}
	defer created.Body.Close()
	if created.StatusCode >= 300 {
		relay(w, created)
		return nil
	}
	q := &query{method: http.MethodPut, bucket: bucket, params: url.Values{}, header: header}
	stored, err := rt.send(r.Context(), q)
	if err != nil {
		return rt.uncreate(r, bucket, err)
	}
	defer stored.Body.Close()
	text, err := io.ReadAll(io.LimitReader(stored.Body, maxDocument))
	if err != nil {
		return rt.uncreate(r, bucket, rt.unavailable("object store", err))
	}
	// The control plane forgets when it restarts, the store does not.
	exists := strings.Contains(string(text), "BucketAlready")
	if stored.StatusCode >= 300 && !exists {
		refused := awsapi.DecodeOutcome(&awsapi.Call{Protocol: awsapi.RestXML}, stored.StatusCode, stored.Header, text)
		return rt.uncreate(r, bucket, &awsapi.Error{Code: refused.ErrorCode, Message: refused.ErrorMessage,
			Status: stored.StatusCode, Sender: stored.StatusCode < 500})
	}
	relay(w, created)
	return nil
}

// uncreate takes the bucket back from the control plane and returns cause.
func (rt *Router) uncreate(r *http.Request, bucket string, cause error) error {
	undo := r.Clone(context.WithoutCancel(r.Context()))
	undo.Method, undo.Body, undo.ContentLength = http.MethodDelete, nil, 0
	undo.URL.RawQuery = ""
	response, err := rt.options.Control(undo.Context(), undo)
	if err != nil {
		rt.options.Log.Error("take back bucket", "bucket", bucket, "error", err)
		return cause
	}
	_ = response.Body.Close()
	return cause
}
