package blob

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"example.com/landfall/internal/fault"
)

// Credential proves to the service who sends a request.
type Credential interface {
	// sign completes the request. Its headers are final.
	sign(ctx context.Context, r *http.Request) error
	// refused hears that the service did not accept it, and reports whether the
	// next signature can be another one.
	refused() bool
}

// sharedKey signs with the key of an account.
type sharedKey struct {
	account string
	key     []byte
}

// SharedKey returns the credential of an account's key. Error kind:
// fault.Invalid (it is not base64).
func SharedKey(account, key string) (Credential, error) {
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(raw) == 0 || account == "" {
		return nil, fault.Newf(fault.Invalid, "read the key of storage account %q: it is not base64", account).
			Hintf("az storage account keys list --account-name %s", account)
	}
	return &sharedKey{account, raw}, nil
}

func (*sharedKey) refused() bool { return false }

// sign follows "Authorize with Shared Key" of the Azure Storage REST reference.
func (k *sharedKey) sign(_ context.Context, r *http.Request) error {
	text := make([]byte, 0, 1024)
	text = append(text, r.Method...)
	h := r.Header
	length := ""
	if r.ContentLength > 0 {
		length = strconv.FormatInt(r.ContentLength, 10)
	}
	// Date is empty, because x-ms-date is sent.
	for _, value := range []string{first(h, "Content-Encoding"), first(h, "Content-Language"), length, first(h, "Content-Md5"), first(h, "Content-Type"), "",
		first(h, "If-Modified-Since"), first(h, "If-Match"), first(h, "If-None-Match"), first(h, "If-Unmodified-Since"), first(h, "Range")} {
		text = append(append(text, '\n'), value...)
	}
	text = append(text, '\n')
	text = canonicalHeaders(text, h)
	text = append(append(text, '/'), k.account...)
	text = append(text, r.URL.EscapedPath()...)
	text, err := canonicalQuery(text, r.URL.RawQuery)
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, k.key)
	mac.Write(text)
	h["Authorization"] = []string{"SharedKey " + k.account + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil))}
	return nil
}

const servicePrefix = "x-ms-"

// canonicalHeaders writes the service's own headers, sorted.
func canonicalHeaders(text []byte, h http.Header) []byte {
	type line struct{ name, value string }
	lines := make([]line, 0, 16)
	for name, values := range h {
		if len(name) > len(servicePrefix) && strings.EqualFold(name[:len(servicePrefix)], servicePrefix) {
			lines = append(lines, line{strings.ToLower(name), strings.Join(values, ",")})
		}
	}
	slices.SortFunc(lines, func(a, b line) int { return compareNames(a.name, b.name) })
	for _, l := range lines {
		text = append(append(append(append(text, l.name...), ':'), l.value...), '\n')
	}
	return text
}

// compareNames orders names as the service does, which sorts by language and
// not by bytes: a hyphen counts for nothing at first, and an underscore, which
// names of metadata may have, comes before digits and letters. (Azure's SDKs
// carry tables of weights for it.)
func compareNames(a, b string) int {
	i, j := 0, 0
	for {
		for i < len(a) && a[i] == '-' {
			i++
		}
		for j < len(b) && b[j] == '-' {
			j++
		}
		switch {
		case i == len(a) && j == len(b):
			return strings.Compare(a, b)
		case i == len(a):
			return -1
		case j == len(b):
			return 1
		}
		if x, y := weight(a[i]), weight(b[j]); x != y {
			return x - y
		}
		i, j = i+1, j+1
	}
}

func weight(c byte) int {
	if c == '_' {
		return 1
	}
	return int(c) + 1
}

// canonicalQuery writes the parameters, resolved and sorted.
func canonicalQuery(text []byte, raw string) ([]byte, error) {
	if raw == "" {
		return text, nil
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, fault.Of(fault.Internal, "sign request", "", err)
	}
	names := make([]string, 0, 4)
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		values := query[name]
		slices.Sort(values)
		text = append(append(append(append(text, '\n'), strings.ToLower(name)...), ':'), strings.Join(values, ",")...)
	}
	return text, nil
}

// signature is a shared access signature.
type signature struct{ query string }

// SAS returns the credential of a shared access signature: the query string
// that a SAS token is.
func SAS(token string) Credential { return signature{strings.TrimPrefix(token, "?")} }

func (signature) refused() bool { return false }

func (s signature) sign(_ context.Context, r *http.Request) error {
	if r.URL.RawQuery == "" {
		r.URL.RawQuery = s.query
		return nil
	}
	r.URL.RawQuery += "&" + s.query
	return nil
}

// storageScope is what tokens for Azure Storage are asked for.
const storageScope = "https://storage.azure.com/.default"

// bearer keeps one token for all requests.
type bearer struct {
	credential azcore.TokenCredential
	now        func() time.Time
	turn       sync.Mutex
	current    atomic.Pointer[token]
}

type token struct {
	header string
	until  time.Time
}

// Token returns the credential of a token that azidentity gets.
func Token(credential azcore.TokenCredential) Credential {
	return &bearer{credential: credential, now: time.Now}
}

// refused drops the token: one that was withdrawn is replaced.
func (b *bearer) refused() bool { return b.current.Swap(nil) != nil }

func (b *bearer) sign(ctx context.Context, r *http.Request) error {
	t := b.current.Load()
	if t == nil || !b.now().Before(t.until) {
		var err error
		if t, err = b.refresh(ctx); err != nil {
			return err
		}
	}
	r.Header["Authorization"] = []string{t.header}
	return nil
}

// early is how long before its end a token is replaced.
const early = 3 * time.Minute

func (b *bearer) refresh(ctx context.Context) (*token, error) {
	b.turn.Lock()
	defer b.turn.Unlock()
	if t := b.current.Load(); t != nil && b.now().Before(t.until) {
		return t, nil
	}
	answer, err := b.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{storageScope}})
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fault.Of(fault.Denied, "get a token for Azure Storage", "", err).Hintf("az login")
	}
	t := &token{"Bearer " + answer.Token, answer.ExpiresOn.Add(-early)}
	b.current.Store(t)
	return t, nil
}

// guarded refuses to send a secret in the clear: tokens and signatures are
// themselves what opens the account, a signature by key is not.
func guarded(u *url.URL, c Credential) error {
	if _, key := c.(*sharedKey); key || u.Scheme == "https" {
		return nil
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fault.Newf(fault.Refused, "send a credential to %q without TLS", u.Host).Hintf("use https://")
}

func first(h http.Header, name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}
