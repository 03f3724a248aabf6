package objectkit

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Rule says which calls are broken, and how.
type Rule struct {
	// Op is the operation, as the front's naming has it; "" is any.
	Op string
	// From is the first call of it that is broken (1, or 0 for 1), Times how many
	// in a row (0 for one, -1 for all).
	From, Times int
	Fault
}

// Fault is what happens to a call. The zero value does nothing.
type Fault struct {
	// Status answers instead of the server, with Code and Retry-After.
	Status     int
	Code       string
	RetryAfter string
	// After has the server carry the request out first. With Status it is the
	// answer that is replaced; without, the connection is reset before it.
	After bool
	// Cut resets the connection after so many bytes of the answer's body (at
	// least 1).
	Cut int
	// Flip turns a bit in this byte of the answer's body (1 is the first),
	// FlipSent in that of the request's.
	Flip, FlipSent int
	// Off is added to the length of the answer's body: bytes are left out or made
	// up, and Content-Length says so.
	Off int
	// Pause is before each of ten pieces of the answer's body.
	Pause time.Duration
	// Header replaces headers of the answer.
	Header http.Header
}

// Front passes requests on to a server and breaks those that a rule names. It
// holds bodies in memory: it is no target for a benchmark.
type Front struct {
	backend *url.URL
	naming  func(*http.Request) string
	client  *http.Transport

	mu    sync.Mutex
	rules []Rule
	calls map[string]int
}

// Faults returns a front of the server at a URL. naming gives a request its
// operation: OperationOfS3 or OperationOfBlob. The Host header is passed on as
// it came, since the signature of S3 covers it.
func Faults(backend string, naming func(*http.Request) string, rules ...Rule) (*Front, error) {
	u, err := url.Parse(backend)
	if err != nil {
		return nil, err
	}
	return &Front{
		backend: u, naming: naming, rules: rules, calls: map[string]int{},
		client: &http.Transport{Proxy: nil, DisableCompression: true, MaxIdleConnsPerHost: 64},
	}, nil
}

// Break adds rules and begins to count anew.
func (f *Front) Break(rules ...Rule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules, f.calls = rules, map[string]int{}
}

// Calls returns how many calls of an operation came since the last Break.
func (f *Front) Calls(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

// fault counts a call and returns what happens to it.
func (f *Front) fault(op string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[op]++
	n := f.calls[op]
	for _, r := range f.rules {
		from, times := max(r.From, 1), r.Times
		if times == 0 {
			times = 1
		}
		if (r.Op == "" || r.Op == op) && n >= from && (times < 0 || n < from+times) {
			return r.Fault
		}
	}
	return Fault{}
}

func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault := f.fault(f.naming(r))
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		reset(w)
		return
	}
	if fault.Status != 0 && !fault.After {
		fault.answer(w)
		return
	}
	if n := fault.FlipSent; n > 0 && n <= len(sent) {
		sent[n-1] ^= 1
	}
	answer, body, err := f.pass(r, sent)
	switch {
	case err != nil:
		reset(w)
	case fault.After && fault.Status != 0:
		fault.answer(w)
	case fault.After:
		reset(w)
	default:
		fault.give(w, answer, body)
	}
}

func (f *Front) pass(r *http.Request, sent []byte) (*http.Response, []byte, error) {
	u := *r.URL
	u.Scheme, u.Host = f.backend.Scheme, f.backend.Host
	out := &http.Request{Method: r.Method, URL: &u, Host: r.Host, Header: asGiven(r.Header), ContentLength: int64(len(sent))}
	if len(sent) > 0 {
		out.Body = io.NopCloser(bytes.NewReader(sent))
	}
	answer, err := f.client.RoundTrip(out.WithContext(r.Context()))
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer, body, err
}

// asGiven writes the names of metadata in lower case again, as all that we send
// are; net/http has changed them, and Azure keeps the case that it is given.
func asGiven(h http.Header) http.Header {
	const meta = "X-Ms-Meta-"
	out := make(http.Header, len(h))
	for name, values := range h {
		if strings.HasPrefix(name, meta) {
			name = strings.ToLower(name)
		}
		out[name] = values
	}
	return out
}

func (f Fault) answer(w http.ResponseWriter) {
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	if f.Code != "" {
		w.Header().Set("X-Ms-Error-Code", f.Code)
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(f.Status)
	fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>%s</Code><Message>Broken by a rule.</Message></Error>", f.Code)
}

// give passes an answer on, with what is to happen to it.
func (f Fault) give(w http.ResponseWriter, answer *http.Response, body []byte) {
	if n := f.Flip; n > 0 && n <= len(body) {
		body[n-1] ^= 1
	}
	switch {
	case f.Off > 0:
		body = append(body, make([]byte, f.Off)...)
	case f.Off < 0:
		body = body[:max(0, len(body)+f.Off)]
	}
	h := w.Header()
	for name, values := range answer.Header {
		h[name] = values
	}
	for name, values := range f.Header {
		h[name] = values
	}
	if answer.Request.Method != http.MethodHead {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(answer.StatusCode)
	if f.Cut > 0 {
		w.Write(body[:min(f.Cut, len(body))])
		http.NewResponseController(w).Flush()
		reset(w)
		return
	}
	if f.Pause == 0 {
		w.Write(body)
		return
	}
	for piece := range slices.Chunk(body, max(1, len(body)/10)) {
		time.Sleep(f.Pause)
		w.Write(piece)
		http.NewResponseController(w).Flush()
	}
}

// reset ends the connection as a crash of the other side does.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// OperationOfS3 names requests as the Amazon S3 API Reference does.
func OperationOfS3(r *http.Request) string {
	q := r.URL.Query()
	switch {
	case q.Has("list-type"):
		return "ListObjectsV2"
	case q.Has("versions"):
		return "ListObjectVersions"
	case q.Has("tagging"):
		return "GetObjectTagging"
	case q.Has("restore"):
		return "RestoreObject"
	case r.Method == http.MethodHead:
		return "HeadObject"
	case r.Method == http.MethodGet:
		return "GetObject"
	}
	return r.Method
}

// OperationOfBlob names requests as the Azure Storage REST reference does,
// without the spaces.
func OperationOfBlob(r *http.Request) string {
	switch comp := r.URL.Query().Get("comp"); {
	case comp == "list":
		return "ListBlobs"
	case comp == "block" && r.Header.Get("X-Ms-Copy-Source") != "":
		return "PutBlockFromURL"
	case comp == "block":
		return "PutBlock"
	case comp == "blocklist" && r.Method == http.MethodPut:
		return "PutBlockList"
	case comp == "blocklist":
		return "GetBlockList"
	case comp == "tags":
		return "GetBlobTags"
	case comp == "tier":
		return "SetBlobTier"
	}
	switch r.Method {
	case http.MethodPut:
		return "PutBlob"
	case http.MethodGet:
		return "GetBlob"
	case http.MethodHead:
		return "GetBlobProperties"
	case http.MethodDelete:
		return "DeleteBlob"
	}
	return r.Method
}
