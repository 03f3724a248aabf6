package s3

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/rest"
)

// Style says where the name of the bucket stands in a URL.
type Style int

// The styles. Auto is Path at an endpoint of one's own, whose host names a
// bucket seldom resolves below, and Host at AWS.
const (
	Auto Style = iota
	Path
	Host
)

// Options say what is read and how.
type Options struct {
	// Config is the SDK's: region, credentials, endpoint.
	Config aws.Config
	// Bucket is a name or the ARN of an access point.
	Bucket string
	Style  Style
	// RequesterPays agrees to pay for requests and transfer.
	RequesterPays bool
	// Anonymous sends no credentials, for public buckets.
	Anonymous bool
	// Transport, when set, replaces rest.Transport.
	Transport http.RoundTripper
	// Tries bounds how often one request is sent; Pause is the first bound of
	// the pause between two. Zero values have defaults.
	Tries int
	Pause time.Duration
	// Slowed, when set, hears of each answer that asks to slow down.
	Slowed func(asked time.Duration)
}

// Source reads one bucket.
type Source struct {
	options Options
	bucket  string
	signer  *v4.Signer
	caller  rest.Caller
	site    atomic.Pointer[site]
	// skew is the server's clock less this machine's, in nanoseconds.
	skew atomic.Int64
	now  func() time.Time
}

var (
	_ object.Source = (*Source)(nil)
	_ object.Parted = (*Source)(nil)
)

// New returns the source. It makes no request. Error kinds: fault.Invalid (no
// such form of a bucket), fault.Unsupported (kinds of buckets that need other
// protocols).
func New(ctx context.Context, o Options) (*Source, error) {
	if strings.HasSuffix(o.Bucket, "--x-s3") {
		return nil, fault.Of(fault.Unsupported, "read directory bucket", o.Bucket, nil).
			Hintf("directory buckets of S3 Express list in no order; copy them to a general purpose bucket first")
	}
	where, err := locate(ctx, o, o.Config.Region)
	if err != nil {
		return nil, err
	}
	if o.Transport == nil {
		o.Transport = rest.Transport(rest.TransportOptions{})
	}
	s := &Source{options: o, bucket: o.Bucket, now: time.Now}
	s.signer = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	s.caller = rest.Caller{Transport: o.Transport, Judge: s.judge, Tries: o.Tries, Pause: o.Pause, Slowed: o.Slowed}
	s.site.Store(where)
	return s, nil
}

// Region is the region that requests go to, which is that of the bucket once
// AWS has said so.
func (s *Source) Region() string { return s.site.Load().region }

// emptyHash is SHA-256 of nothing, which a signature names for a request
// without a body (Amazon S3 API Reference, "Signature Calculations for the
// Authorization Header").
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// ask is a request as an operation describes it.
type ask struct {
	op     string
	method string
	key    string
	// bucketLevel requests have no key; an empty key is no object.
	bucketLevel bool
	query       string
	headers     []header
	body        []byte
	bodyHash    string
}

type header struct{ name, value string }

// do sends what is asked for.
func (s *Source) do(ctx context.Context, a ask) (*http.Response, error) {
	resource := s.bucket
	if !a.bucketLevel {
		if a.key == "" {
			return nil, fault.Newf(fault.Invalid, "%s: an object has a key", a.op)
		}
		resource += "/" + a.key
	}
	response, _, err := s.caller.Do(ctx, rest.Call{Op: a.op, Resource: resource, Build: func() (*http.Request, error) {
		return s.request(ctx, a)
	}})
	return response, err
}

// request builds and signs.
func (s *Source) request(ctx context.Context, a ask) (*http.Request, error) {
	r := s.unsigned(ctx, a)
	if s.options.Anonymous {
		return r, nil
	}
	credentials, err := s.credentials(ctx)
	if err != nil {
		return nil, err
	}
	hash := a.bodyHash
	if hash == "" {
		hash = emptyHash
	}
	r.Header["X-Amz-Content-Sha256"] = []string{hash}
	where := s.site.Load()
	return r, s.signer.SignHTTP(ctx, credentials, r, hash, where.service, where.region, s.clock())
}

func (s *Source) unsigned(ctx context.Context, a ask) *http.Request {
	where := s.site.Load()
	u := &url.URL{Scheme: where.scheme, Host: where.host, Path: where.base + "/", RawQuery: a.query}
	if !a.bucketLevel {
		u.Path += a.key
		// The signature covers the path as it is sent, so its form is ours.
		if escaped := escape(a.key); len(escaped) != len(a.key) || where.escaped != where.base {
			u.RawPath = where.escaped + "/" + escaped
		}
	}
	h := make(http.Header, len(a.headers)+6)
	h["User-Agent"] = []string{"landfall"}
	for _, one := range a.headers {
		h[one.name] = []string{one.value}
	}
	if s.options.RequesterPays {
		h["X-Amz-Request-Payer"] = []string{"requester"}
	}
	r := &http.Request{Method: a.method, URL: u, Host: u.Host, Header: h, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if len(a.body) > 0 {
		r.Body, r.ContentLength = rest.NewPayload(a.body), int64(len(a.body))
	}
	return r.WithContext(ctx)
}

func (s *Source) credentials(ctx context.Context) (aws.Credentials, error) {
	const hint = "aws configure, or: export AWS_PROFILE=NAME; then: aws sts get-caller-identity"
	if s.options.Config.Credentials == nil {
		return aws.Credentials{}, fault.Newf(fault.Denied, "find AWS credentials: none are configured").Hintf("%s", hint)
	}
	credentials, err := s.options.Config.Credentials.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		return credentials, fault.Of(fault.Denied, "find AWS credentials", "", err).Hintf("%s", hint)
	}
	return credentials, err
}

// clock is the server's time, as far as it has complained.
func (s *Source) clock() time.Time { return s.now().Add(time.Duration(s.skew.Load())) }

// escape writes a key as S3 signs it: all but the unreserved characters of
// RFC 3986 and the slash.
func escape(key string) string {
	plain := true
	for i := range len(key) {
		if !unreserved(key[i]) {
			plain = false
			break
		}
	}
	if plain {
		return key
	}
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(key) + 32)
	for i := range len(key) {
		c := key[i]
		if unreserved(c) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

func unreserved(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return c == '/' || c == '-' || c == '_' || c == '.' || c == '~'
}
