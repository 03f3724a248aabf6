package blob

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/rest"
)

// apiVersion is the newest that Azurite knows by name. Of what is used here the
// youngest parts are the cold tier and encoded names in listings (2021).
const apiVersion = "2026-06-06"

// Options say what is written and how.
type Options struct {
	// URL of the container: https://ACCOUNT.blob.core.windows.net/CONTAINER, or
	// with the account in the path, as emulators and IP addresses have it.
	URL        string
	Credential Credential
	// Transport, when set, replaces rest.Transport.
	Transport http.RoundTripper
	// Tries bounds how often one request is sent; Pause is the first bound of
	// the pause between two. Zero values have defaults.
	Tries int
	Pause time.Duration
	// Slowed, when set, hears of each answer that asks to slow down.
	Slowed func(asked time.Duration)
}

// Target writes one container.
type Target struct {
	container  *url.URL
	base       string // of the path, escaped
	credential Credential
	caller     rest.Caller
	// agent and version are values of headers that all requests share.
	agent, version []string
	// skew is the server's clock less this machine's, in nanoseconds.
	skew atomic.Int64
	now  func() time.Time
}

var (
	_ object.Target  = (*Target)(nil)
	_ object.Cleaner = (*Target)(nil)
	_ object.Seeker  = (*Target)(nil)
)

// New returns the target. It makes no request. Error kinds: fault.Invalid (no
// URL of a container), fault.Refused (a token without TLS).
func New(o Options) (*Target, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") == "" || u.RawQuery != "" {
		return nil, fault.Newf(fault.Invalid, "open container: its address is no URL of a container").
			Hintf("https://ACCOUNT.blob.core.windows.net/CONTAINER, the SAS token apart from it")
	}
	if o.Credential == nil {
		return nil, fault.Newf(fault.Denied, "open container %q: no credential", u.Path).Hintf("az login")
	}
	if err := guarded(u, o.Credential); err != nil {
		return nil, err
	}
	if o.Transport == nil {
		o.Transport = rest.Transport(rest.TransportOptions{})
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	t := &Target{container: u, base: u.EscapedPath(), credential: o.Credential, now: time.Now, agent: []string{"landfall"}, version: []string{apiVersion}}
	t.caller = rest.Caller{Transport: o.Transport, Judge: t.judge, Tries: o.Tries, Pause: o.Pause, Slowed: o.Slowed}
	return t, nil
}

// ask is a request as an operation describes it.
type ask struct {
	op     string
	method string
	// name of the blob; container requests have none.
	name      string
	container bool
	query     string
	headers   http.Header
	body      []byte
}

func (t *Target) resource(a ask) string {
	if a.container {
		return t.container.Path
	}
	return t.container.Path + "/" + a.name
}

// do sends what is asked for. When it returns, nothing reads a.body any more.
func (t *Target) do(ctx context.Context, a ask) (response *http.Response, sent bool, err error) {
	if !a.container && a.name == "" {
		return nil, false, fault.Newf(fault.Invalid, "%s: a blob has a name", a.op)
	}
	var payload *rest.Payload
	again := false
	response, sent, err = t.caller.Do(ctx, rest.Call{Op: a.op, Resource: t.resource(a), Build: func() (*http.Request, error) {
		// A sending that was given up may still be reading its headers.
		if again {
			a.headers = a.headers.Clone()
		}
		again = true
		r := t.request(ctx, a)
		if err := t.credential.sign(ctx, r); err != nil {
			return nil, err
		}
		if len(a.body) > 0 {
			if payload != nil {
				payload.Wait()
			}
			payload = rest.NewPayload(a.body)
			r.Body = payload
		}
		return r, nil
	}})
	if payload != nil {
		payload.Wait()
	}
	return response, sent, err
}

func (t *Target) request(ctx context.Context, a ask) *http.Request {
	u := &url.URL{Scheme: t.container.Scheme, Host: t.container.Host, Path: t.container.Path, RawPath: t.container.RawPath, RawQuery: a.query}
	if !a.container {
		escaped := escape(a.name)
		u.Path += "/" + a.name
		u.RawPath = t.base + "/" + escaped
	}
	h := a.headers
	if h == nil {
		h = make(http.Header, 5)
	}
	h["User-Agent"], h["x-ms-version"] = t.agent, t.version
	h["x-ms-date"] = []string{t.now().Add(time.Duration(t.skew.Load())).UTC().Format(http.TimeFormat)}
	r := &http.Request{Method: a.method, URL: u, Host: u.Host, Header: h, ContentLength: int64(len(a.body)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	return r.WithContext(ctx)
}

// escape writes a name as one segment of a path: all but the unreserved
// characters of RFC 3986.
func escape(name string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(name) + 16)
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '~':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}

// receipt reads the answer to a write. hashed says that its hashes are of the
// content, which those of a block list are not.
func receipt(h http.Header, hashed bool) (object.Receipt, error) {
	r := object.Receipt{ETag: strings.Trim(first(h, "Etag"), `"`), Version: first(h, "X-Ms-Version-Id")}
	r.Modified, _ = http.ParseTime(first(h, "Last-Modified"))
	if !hashed {
		return r, nil
	}
	sums, err := hashes(h)
	r.Known, r.CRC64, r.MD5 = sums.Known, sums.CRC64, sums.MD5
	return r, err
}

func hashes(h http.Header) (object.Sums, error) {
	return checksum.FromAzure(func(name string) string { return first(h, http.CanonicalHeaderKey(name)) })
}
