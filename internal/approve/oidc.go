package approve

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"example.com/landfall/internal/fault"
)

// Bounds of what a provider and a person give, and how far two clocks may be
// apart.
const (
	maxTokenBytes  = 64 << 10
	maxAnswerBytes = 1 << 20
	answerWithin   = 15 * time.Second
	clockSkew      = 5 * time.Minute
)

func howOIDC(issuer string) string { return "OIDC " + issuer }

// claims are what a token says beside what the library reads.
type claims struct {
	Mail string `json:"email"`
	// MailVerified is a boolean, and a text with some providers.
	MailVerified any    `json:"email_verified"`
	Party        string `json:"azp"`
}

// byToken accepts an ID token (OpenID Connect Core 1.0, "ID Token Validation").
func (s Settings) byToken(ctx context.Context, statement string) (Identity, error) {
	if s.Issuer == "" || s.Audience == "" {
		return Identity{}, fault.Newf(fault.Invalid, "approve: landfall.yaml names no issuer and audience of tokens").Hintf("set approvals.issuer and approvals.audience")
	}
	if err := secure("approvals.issuer", s.Issuer); err != nil {
		return Identity{}, err
	}
	raw, err := s.token()
	if err != nil {
		return Identity{}, err
	}
	token, err := s.verified(ctx, raw)
	if err != nil {
		return Identity{}, err
	}
	return s.person(token, raw, statement)
}

// token returns the ID token that the person shows.
func (s Settings) token() (string, error) {
	raw, path := strings.TrimSpace(s.env(TokenVariable)), s.env(TokenFileVariable)
	switch {
	case raw != "" && path != "":
		return "", fault.Newf(fault.Usage, "approve: %s and %s are both set", TokenVariable, TokenFileVariable).Hintf("unset one of them")
	case raw == "" && path == "":
		return "", fault.Newf(fault.Denied, "approve: there is no ID token of %s", s.Issuer).Hintf("set %s, or %s to its file", TokenVariable, TokenFileVariable)
	case path != "":
		content, err := readBounded(path, maxTokenBytes)
		if err != nil {
			return "", fault.Wrap(err, "read the ID token", path)
		}
		raw = strings.TrimSpace(string(content))
	}
	if raw == "" || len(raw) > maxTokenBytes {
		return "", fault.Newf(fault.Denied, "approve: what is shown is no ID token")
	}
	return raw, nil
}

// verified checks signature, issuer, audience and time of a token.
func (s Settings) verified(ctx context.Context, raw string) (*oidc.IDToken, error) {
	client, trouble := s.client()
	ctx, stop := context.WithTimeout(oidc.ClientContext(ctx, client), answerWithin)
	defer stop()
	provider, err := oidc.NewProvider(ctx, s.Issuer)
	if err != nil {
		kind := fault.Unavailable
		if _, other := errors.AsType[*oidc.IssuerMismatchError](err); other {
			kind = fault.Denied
		}
		return nil, fault.Newf(kind, "ask the OIDC provider %q: %s", s.Issuer, plain(err)).Hintf("check approvals.issuer")
	}
	var published struct {
		Keys string `json:"jwks_uri"`
	}
	if err := provider.Claims(&published); err != nil {
		return nil, fault.Newf(fault.Unavailable, "ask the OIDC provider %q: %s", s.Issuer, plain(err))
	}
	if err := secure("the address of the provider's keys", published.Keys); err != nil {
		return nil, err
	}
	token, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: s.Audience, Now: s.now}).Verify(ctx, raw)
	if err == nil {
		return token, nil
	}
	if expired, ok := errors.AsType[*oidc.TokenExpiredError](err); ok {
		return nil, fault.Newf(fault.Denied, "approve: the ID token was good until %s", expired.Expiry.UTC().Format(time.RFC3339)).Hintf("get a new token of %s", s.Issuer)
	}
	if trouble.Load() {
		return nil, fault.Newf(fault.Unavailable, "ask the OIDC provider %q for its keys: %s", s.Issuer, plain(err))
	}
	return nil, fault.Newf(fault.Denied, "approve: the ID token is not accepted: %s", plain(err)).Hintf("get a token of %s for the audience %s", s.Issuer, s.Audience)
}

// person says whose a token is. A mail address that the provider did not
// verify is anyone's. A subject counts when the roles name it: who could choose
// to be known by address in one token and by subject in the next would be two
// persons.
func (s Settings) person(token *oidc.IDToken, raw, statement string) (Identity, error) {
	var c claims
	if err := token.Claims(&c); err != nil {
		return Identity{}, fault.Newf(fault.Denied, "approve: the ID token cannot be read: %s", plain(err))
	}
	switch {
	case token.IssuedAt.After(s.now().Add(clockSkew)):
		return Identity{}, fault.Newf(fault.Denied, "approve: the ID token is of the future (%s)", token.IssuedAt.UTC().Format(time.RFC3339)).Hintf("check the clock of this machine")
	case token.Subject == "":
		return Identity{}, fault.Newf(fault.Denied, "approve: the ID token names nobody")
	case len(token.Audience) > 1 && c.Party != s.Audience:
		return Identity{}, fault.Newf(fault.Denied, "approve: the ID token is for several audiences and was given to %q", cut(c.Party, 200))
	}
	by := strings.ToLower(c.Mail)
	if by == "" || c.MailVerified != true && c.MailVerified != "true" {
		if by = token.Subject; s.Roles[by] == "" {
			return Identity{}, fault.Newf(fault.Denied, "approve: the ID token has no verified mail address, and approvals.roles does not name %q", cut(by, 200)).
				Hintf("add the subject to approvals.roles in landfall.yaml")
		}
	}
	sum := sha256.Sum256([]byte(raw))
	proof := map[string]string{
		proofStatement: statement, proofIssuer: token.Issuer, proofSubject: token.Subject, proofAudience: strings.Join(token.Audience, " "),
		proofIssued: token.IssuedAt.UTC().Format(time.RFC3339), proofExpires: token.Expiry.UTC().Format(time.RFC3339), proofToken: hex.EncodeToString(sum[:]),
	}
	if by != token.Subject {
		proof[proofMail] = by
	}
	return Identity{By: by, How: howOIDC(token.Issuer), Proof: proof}, nil
}

// client returns a client for the provider that reads bounded answers and goes
// to secure addresses only, and whether a request of it had trouble.
func (s Settings) client() (*http.Client, *atomic.Bool) {
	trouble := new(atomic.Bool)
	client := &http.Client{}
	if s.HTTP != nil {
		*client = *s.HTTP
	}
	inner := client.Transport
	if inner == nil {
		inner = http.DefaultTransport
	}
	client.Timeout = answerWithin
	client.Transport = bounded{inner: inner, trouble: trouble}
	return client, trouble
}

type bounded struct {
	inner   http.RoundTripper
	trouble *atomic.Bool
}

// RoundTrip sends a request, redirected ones too.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := secure("the address of the provider", r.URL.String()); err != nil {
		return nil, err
	}
	answer, err := b.inner.RoundTrip(r)
	if err != nil {
		b.trouble.Store(true)
		return nil, err
	}
	if answer.StatusCode >= http.StatusBadRequest {
		b.trouble.Store(true)
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(answer.Body, maxAnswerBytes), answer.Body}
	return answer, nil
}

// secure refuses an address whose answers anyone on the way can write; this
// machine itself is no way.
func secure(what, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return fault.Newf(fault.Invalid, "approve: %s is no address", what)
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()) {
		return nil
	}
	return fault.Newf(fault.Invalid, "approve: %s has to be an https address, not %q", what, cut(u.Scheme+"://"+u.Host, 200)).Hintf("check approvals.issuer in landfall.yaml")
}
