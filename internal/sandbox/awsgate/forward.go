package awsgate

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// forwarder passes requests on to one upstream.
type forwarder struct {
	upstream *url.URL
	client   *http.Transport
	buffers  sync.Pool
	log      *slog.Logger
}

const copyBufferBytes = 64 << 10

func newForwarder(upstream *url.URL, log *slog.Logger) *forwarder {
	f := &forwarder{upstream: upstream, client: newTransport(), log: log}
	f.buffers.New = func() any { b := make([]byte, copyBufferBytes); return &b }
	return f
}

func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	return &http.Transport{
		// No proxy of the environment: upstreams are on loopback.
		DialContext:         dialer.DialContext,
		MaxIdleConns:        256,
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     60 * time.Second,
		// Otherwise the transport would ask for gzip and unpack it, and the
		// answer would not be the upstream's bytes.
		DisableCompression:    true,
		ResponseHeaderTimeout: 5 * time.Minute,
		ReadBufferSize:        copyBufferBytes,
		WriteBufferSize:       copyBufferBytes,
	}
}

// outbound is the request as it goes to the upstream. The path stays as it
// was escaped, and Host stays the caller's: moto builds queue URLs from it,
// which must lead back to the gate.
func (f *forwarder) outbound(ctx context.Context, r *http.Request) *http.Request {
	out := r.Clone(ctx)
	out.URL = &url.URL{
		Scheme: f.upstream.Scheme, Host: f.upstream.Host,
		Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery,
	}
	// Clone copies it, but a client must not set it.
	out.RequestURI = ""
	out.Close = false
	removeHopByHop(out.Header)
	if out.ContentLength == 0 {
		out.Body = nil // otherwise the transport probes it and may send chunks
	}
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header.Set("User-Agent", "") // keeps Go's own name out of it
	}
	return out
}

// roundTrip sends the request. The caller closes the body of the response.
func (f *forwarder) roundTrip(ctx context.Context, r *http.Request) (*http.Response, error) {
	return f.client.RoundTrip(f.outbound(ctx, r))
}

// serve passes the request on and the answer back. A failure before the
// answer began is the caller's to encode; one after it cuts the connection,
// because a shortened body must not look complete.
func (f *forwarder) serve(w http.ResponseWriter, r *http.Request) error {
	// A caller that goes away does not undo what moto is about to do, so the
	// answer is waited for and observed.
	response, err := f.roundTrip(context.WithoutCancel(r.Context()), r)
	if err != nil {
		f.log.Error("upstream does not answer", "upstream", f.upstream.Host, "error", err)
		return &awsapi.Error{Code: "ServiceUnavailable", Message: "the control plane behind the gate does not answer", Status: http.StatusServiceUnavailable}
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest && strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		// AWS never answers with a page: moto's web framework does, for an
		// operation that it has no code for.
		return &awsapi.Error{Code: "UnknownOperationException", Message: "the sandbox does not know this operation", Status: http.StatusNotImplemented}
	}
	if r.Header.Get("X-Amz-Target") == taggingTarget {
		if err := mendARNs(response); err != nil {
			return &awsapi.Error{Code: "ServiceUnavailable", Message: "the control plane behind the gate does not answer", Status: http.StatusServiceUnavailable}
		}
	}
	f.relay(w, response)
	return nil
}

// taggingTarget is the X-Amz-Target of the one operation whose ARNs moto makes
// up.
const taggingTarget = "ResourceGroupsTaggingAPI_20170126.GetResources"

// mendARNs corrects the resource types that moto writes into ARNs of EC2 to
// those of AWS (Service Authorization Reference, Amazon EC2, resource types).
func mendARNs(response *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxControlBytes))
	if err != nil {
		return err
	}
	mended := strings.NewReplacer(":flow-logs/", ":vpc-flow-log/", ":managed-prefix-lists/", ":prefix-list/").Replace(string(body))
	response.Body = io.NopCloser(strings.NewReader(mended))
	response.ContentLength = int64(len(mended))
	response.Header.Set("Content-Length", strconv.Itoa(len(mended)))
	return nil
}

// relay copies an answer.
func (f *forwarder) relay(w http.ResponseWriter, response *http.Response) {
	header := w.Header()
	for name, values := range response.Header {
		header[name] = values
	}
	removeHopByHop(header)
	w.WriteHeader(response.StatusCode)
	buffer, _ := f.buffers.Get().(*[]byte)
	defer f.buffers.Put(buffer)
	// The wrapper hides ReaderFrom, which would bypass the capture.
	if _, err := io.CopyBuffer(struct{ io.Writer }{w}, response.Body, *buffer); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func (f *forwarder) close() { f.client.CloseIdleConnections() }

// removeHopByHop drops what concerns one connection only (RFC 9110, 7.6.1).
func removeHopByHop(h http.Header) {
	for _, list := range h["Connection"] {
		for name := range strings.SplitSeq(list, ",") {
			if name = textproto.TrimString(name); name != "" {
				h.Del(name)
			}
		}
	}
	for _, name := range []string{"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate",
		"Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade"} {
		h.Del(name)
	}
}
