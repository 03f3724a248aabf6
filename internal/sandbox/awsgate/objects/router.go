package objects

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// Options configure a router.
type Options struct {
	// Store is versitygw; Key and Secret are its root key.
	Store  *url.URL
	Key    string
	Secret string
	// Account owns every bucket; Region signs the store's requests.
	Account string
	Region  string
	// Control sends a request on to the control plane and returns the answer.
	Control func(context.Context, *http.Request) (*http.Response, error)
	// Transport to the store; the caller closes its connections.
	Transport *http.Transport
	Now       func() time.Time
	Log       *slog.Logger
}

// Router serves S3 calls. It is safe for concurrent use.
type Router struct {
	options Options
	signer  *v4.Signer
	classes classes
}

// New returns a router.
func New(o Options) (*Router, error) {
	if o.Store == nil || o.Control == nil || o.Transport == nil || o.Key == "" || o.Secret == "" {
		return nil, fault.Newf(fault.Invalid, "start S3 router: store, key, secret, control and transport are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	signer := v4.NewSigner(func(s *v4.SignerOptions) {
		// S3 signs the path as it is sent, without escaping it again.
		s.DisableURIPathEscaping = true
	})
	return &Router{options: o, signer: signer}, nil
}

// Close releases the connections to the store.
func (rt *Router) Close() { rt.options.Transport.CloseIdleConnections() }

// place says which server answers an operation.
type place int

const (
	inControl place = iota
	inStore
	inBoth
	nowhere
)

// placeOf is the split of S3. Operations on objects that stand in no line are
// refused by name, because moto would answer them for objects it does not have.
func placeOf(operation string, hasKey bool) place {
	switch operation {
	case "GetObject", "HeadObject", "PutObject", "DeleteObject", "DeleteObjects", "CopyObject",
		"CreateMultipartUpload", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "AbortMultipartUpload",
		"ListParts", "ListMultipartUploads", "ListObjects", "ListObjectsV2", "ListObjectVersions",
		"GetObjectTagging", "PutObjectTagging", "DeleteObjectTagging", "GetObjectAttributes",
		"GetObjectAcl", "PutObjectAcl", "GetObjectLegalHold", "PutObjectLegalHold",
		"GetObjectRetention", "PutObjectRetention", "RestoreObject":
		return inStore
	case "CreateBucket", "DeleteBucket", "PutBucketVersioning", "PutObjectLockConfiguration", "PutBucketOwnershipControls":
		return inBoth
	}
	if hasKey {
		return nowhere
	}
	return inControl
}

// Serve answers an S3 call. An error was not sent yet.
func (rt *Router) Serve(w http.ResponseWriter, r *http.Request, call *awsapi.Call) error {
	if err := rt.admit(r, call); err != nil {
		return err
	}
	bucket, key := target(r)
	switch placeOf(call.Operation, key != "") {
	case nowhere:
		name := call.Operation
		if name == "" {
			name = r.Method
		}
		return &awsapi.Error{Code: "NotImplemented", Message: name + " on an object is not supported by the sandbox", Status: http.StatusNotImplemented}
	case inControl:
		if call.Operation == "" && r.Method == http.MethodPost && bucket != "" {
			return &awsapi.Error{Code: "NotImplemented", Message: "uploads by HTML form are not supported by the sandbox", Status: http.StatusNotImplemented}
		}
		return rt.control(w, r)
	case inBoth:
		return rt.both(w, r, call, bucket)
	}
	if err := checkKey(key); err != nil {
		return err
	}
	return rt.store(w, r, call, bucket, key)
}

const (
	// maxKeyBytes is S3's limit.
	maxKeyBytes = 1024
	// maxStoredBytes is what a path of the store's file system (4,096 bytes)
	// and a request line of versitygw hold. Only keys that consist of spaces
	// and control characters for the most part reach it.
	maxStoredBytes = 2500
)

func checkKey(key string) error {
	switch {
	case len(key) > maxKeyBytes:
		return awsapi.Refuse("KeyTooLongError", "Your key is too long")
	case len(encodeKey(key)) > maxStoredBytes:
		return awsapi.Refuse("KeyTooLongError", "Your key has more spaces and control characters than the sandbox can store")
	}
	return nil
}

// admit refuses what S3 refuses before it looks at the operation.
func (rt *Router) admit(r *http.Request, call *awsapi.Call) error {
	if owner := r.Header.Get("X-Amz-Expected-Bucket-Owner"); owner != "" && owner != rt.options.Account {
		return &awsapi.Error{Code: "AccessDenied", Message: "Access Denied", Status: http.StatusForbidden, Sender: true}
	}
	return checkExpiry(call.Query, rt.options.Now())
}

// checkExpiry refuses presigned requests that are over.
func checkExpiry(query url.Values, now time.Time) error {
	signed, err := time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
	life, lifeErr := time.ParseDuration(query.Get("X-Amz-Expires") + "s")
	if err != nil || lifeErr != nil || !query.Has("X-Amz-Signature") {
		return nil
	}
	if now.After(signed.Add(life)) {
		return &awsapi.Error{Code: "AccessDenied", Message: "Request has expired", Status: http.StatusForbidden, Sender: true}
	}
	return nil
}

// control passes the request to moto.
func (rt *Router) control(w http.ResponseWriter, r *http.Request) error {
	response, err := rt.options.Control(r.Context(), r)
	if err != nil {
		return rt.unavailable("control plane", err)
	}
	defer response.Body.Close()
	relay(w, response)
	return nil
}

func (rt *Router) unavailable(what string, err error) error {
	rt.options.Log.Error("S3 upstream does not answer", "upstream", what, "error", err)
	return &awsapi.Error{Code: "ServiceUnavailable", Message: "the " + what + " behind the gate does not answer", Status: http.StatusServiceUnavailable}
}

// target splits the escaped path into bucket and key. Keys stay as they are:
// no cleaning, because "a//b" and "a/../b" are keys.
func target(r *http.Request) (bucket, key string) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	bucket, key, _ = strings.Cut(path, "/")
	return unescape(bucket), unescape(key)
}

func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

// relay copies an answer of an upstream and cuts the connection when it breaks
// off, because a shortened object must not look complete.
func relay(w http.ResponseWriter, response *http.Response) {
	copyHeader(w.Header(), response.Header)
	w.WriteHeader(response.StatusCode)
	buffer := make([]byte, copyBytes)
	if _, err := io.CopyBuffer(struct{ io.Writer }{w}, response.Body, buffer); err != nil {
		panic(http.ErrAbortHandler)
	}
}

const copyBytes = 64 << 10

func copyHeader(to, from http.Header) {
	for name, values := range from {
		switch name {
		case "Connection", "Keep-Alive", "Transfer-Encoding", "Trailer", "Upgrade":
		case "X-Amz-Request-Id", "X-Amz-Id-2":
			// versitygw sends these twice.
			to[name] = values[:1]
		default:
			to[name] = values
		}
	}
}

// send does a request to the store.
func (rt *Router) send(ctx context.Context, q *query) (*http.Response, error) {
	request, err := rt.build(ctx, q)
	if err != nil {
		return nil, err
	}
	response, err := rt.options.Transport.RoundTrip(request)
	if err == nil {
		return response, nil
	}
	if e, ok := errors.AsType[*awsapi.Error](err); ok {
		return nil, e // found while the body was read
	}
	if ctx.Err() != nil {
		// The client is gone; this is for the record only.
		return nil, &awsapi.Error{Code: "RequestTimeout", Message: "the client went away", Status: http.StatusBadRequest, Sender: true}
	}
	return nil, rt.unavailable("object store", err)
}

func (rt *Router) credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: rt.options.Key, SecretAccessKey: rt.options.Secret}
}
