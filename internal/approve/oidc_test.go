package approve

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/redact"
)

const audience = "landfall-cli"

// issuer is an OpenID provider with an RSA and an EC key.
type issuer struct {
	*httptest.Server
	rsa     *rsa.PrivateKey
	ec      *ecdsa.PrivateKey
	disturb func(w http.ResponseWriter, r *http.Request) bool
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{}
	var err error
	if i.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	if i.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i.disturb != nil && i.disturb(w, r) {
			return
		}
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			answer(w, map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys", "authorization_endpoint": i.URL, "token_endpoint": i.URL,
				"id_token_signing_alg_values_supported": []string{"RS256", "ES256", "HS256", "none"}})
		case "/keys":
			answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.rsa.Public(), KeyID: "r", Use: "sig"}, {Key: i.ec.Public(), KeyID: "e", Use: "sig"}}})
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(i.Close)
	return i
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// token signs the usual claims with changes; nil takes a claim out.
func (i *issuer) token(t *testing.T, method jwt.SigningMethod, key any, changes map[string]any) string {
	t.Helper()
	claims := jwt.MapClaims{"iss": i.URL, "sub": "42", "aud": audience, "iat": noon().Add(-time.Minute).Unix(), "exp": noon().Add(time.Hour).Unix(), "email": "Ann@Example.com", "email_verified": true}
	for k, v := range changes {
		if claims[k] = v; v == nil {
			delete(claims, k)
		}
	}
	made := jwt.NewWithClaims(method, claims)
	switch key.(type) {
	case *rsa.PrivateKey:
		made.Header["kid"] = "r"
	case *ecdsa.PrivateKey:
		made.Header["kid"] = "e"
	}
	signed, err := made.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (i *issuer) settings(token string) Settings {
	env := map[string]string{TokenVariable: token}
	return Settings{Way: OIDC, Issuer: i.URL, Audience: audience, Now: noon, Roles: map[string]string{"ann@example.com": "lead", "robot": "dba"},
		Getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	for name, raw := range map[string]string{"RS256": i.token(t, jwt.SigningMethodRS256, i.rsa, nil), "ES256": i.token(t, jwt.SigningMethodES256, i.ec, nil)} {
		who, err := New(i.settings(" "+raw+"\n"))(t.Context(), said)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sum := sha256.Sum256([]byte(raw))
		want := map[string]string{"statement": said, "iss": i.URL, "sub": "42", "aud": audience, "iat": "2027-03-01T11:59:00Z", "exp": "2027-03-01T13:00:00Z", "email": "ann@example.com", "tokenSha256": hex.EncodeToString(sum[:])}
		if who.By != "ann@example.com" || who.How != "OIDC "+i.URL || who.Role != "lead" || !maps.Equal(who.Proof, want) {
			t.Errorf("%s: %+v", name, who)
		}
		asAny := map[string]any{}
		for k, v := range who.Proof {
			asAny[k] = v
		}
		if at, found := redact.Find(asAny); found {
			t.Errorf("%s: the ledger would refuse %q", name, at)
		}
		claim := Claim{By: who.By, How: who.How, Statement: said, At: noon(), Proof: who.Proof}
		if worth, err := Verify(claim, nil); worth != Reported || err != nil {
			t.Errorf("%s: Verify = %q, %v", name, worth, err)
		}
	}
}

func TestWhoATokenNames(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	for name, c := range map[string]struct {
		changes map[string]any
		by      string
	}{
		"verified as a text":         {map[string]any{"email_verified": "true"}, "ann@example.com"},
		"not verified":               {map[string]any{"email_verified": false, "sub": "robot"}, "robot"},
		"says nothing of it":         {map[string]any{"email_verified": nil, "sub": "robot"}, "robot"},
		"no address":                 {map[string]any{"email": nil, "sub": "robot"}, "robot"},
		"a subject nobody named":     {map[string]any{"email": nil}, ""},
		"an address as the subject":  {map[string]any{"email": nil, "sub": "Ann@example.com"}, ""},
		"no subject":                 {map[string]any{"sub": ""}, ""},
		"several audiences, ours":    {map[string]any{"aud": []string{audience, "x"}, "azp": audience}, "ann@example.com"},
		"several audiences, another": {map[string]any{"aud": []string{audience, "x"}, "azp": "x"}, ""},
	} {
		who, err := New(i.settings(i.token(t, jwt.SigningMethodES256, i.ec, c.changes)))(t.Context(), said)
		if who.By != c.by || (err == nil) != (c.by != "") || c.by == "" && !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %q, %v, want %q", name, who.By, err, c.by)
		}
	}
}

func TestTokensThatDoNotCount(t *testing.T) {
	t.Parallel()
	i, other := newIssuer(t), newIssuer(t)
	change := func(name string, value any) string {
		return i.token(t, jwt.SigningMethodRS256, i.rsa, map[string]any{name: value})
	}
	good := change("x", 1)
	hmacWithPublic := i.token(t, jwt.SigningMethodHS256, i.rsa.PublicKey.N.Bytes(), nil)
	for name, c := range map[string]struct{ token, want string }{
		"expired":          {change("exp", noon().Add(-time.Second).Unix()), "good until 2027-03-01T11:59:59Z"},
		"no expiry":        {change("exp", nil), "good until"},
		"another audience": {change("aud", "someone"), "audience"},
		"no audience":      {change("aud", nil), "audience"},
		"another issuer":   {change("iss", other.URL), "different provider"},
		"not yet":          {change("nbf", noon().Add(time.Hour).Unix()), "nbf"},
		"of the future":    {change("iat", noon().Add(time.Hour).Unix()), "of the future"},
		"another's key":    {i.token(t, jwt.SigningMethodRS256, other.rsa, nil), "signature"},
		"another's EC key": {i.token(t, jwt.SigningMethodES256, other.ec, nil), "signature"},
		"alg none":         {i.token(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil), "algorithm"},
		"HMAC":             {hmacWithPublic, "algorithm"},
		"RS512":            {i.token(t, jwt.SigningMethodRS512, i.rsa, nil), "algorithm"},
		"changed":          {good[:len(good)-8] + "AAAAAAAA", "signature"},
		"no token":         {"hello", "malformed"},
		"two parts":        {good[:strings.LastIndex(good, ".")], "malformed"},
	} {
		who, err := New(i.settings(c.token))(t.Context(), said)
		if !fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), c.want) || who.By != "" {
			t.Errorf("%s: %q, %v (%s), want %q", name, who.By, err, fault.KindOf(err), c.want)
			continue
		}
		if fault.HintOf(err) == "" || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), c.token) {
			t.Errorf("%s: %v, hint %q", name, err, fault.HintOf(err))
		}
	}
}

func TestProvidersThatDoNotAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		disturb func(i *issuer) func(http.ResponseWriter, *http.Request) bool
		kind    fault.Kind
	}{
		"down": {func(*issuer) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, r *http.Request) bool {
				http.Error(w, "no\nway", http.StatusBadGateway)
				return true
			}
		}, fault.Unavailable},
		"no keys": {func(*issuer) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/keys" {
					http.Error(w, "later", http.StatusServiceUnavailable)
				}
				return r.URL.Path == "/keys"
			}
		}, fault.Unavailable},
		"another issuer": {func(*issuer) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, r *http.Request) bool {
				answer(w, map[string]any{"issuer": "https://other.example", "jwks_uri": "https://other.example/keys"})
				return true
			}
		}, fault.Denied},
		"keys in the open": {func(i *issuer) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, r *http.Request) bool {
				answer(w, map[string]any{"issuer": i.URL, "jwks_uri": "http://keys.example/keys"})
				return true
			}
		}, fault.Invalid},
		"moved into the open": {func(*issuer) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, "http://keys.example/", http.StatusFound)
				return true
			}
		}, fault.Unavailable},
		"endless": {func(*issuer) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, r *http.Request) bool {
				_, _ = w.Write([]byte(`{"issuer":"` + strings.Repeat("x", 2*maxAnswerBytes)))
				return true
			}
		}, fault.Unavailable},
	} {
		i := newIssuer(t)
		i.disturb = c.disturb(i)
		_, err := New(i.settings(i.token(t, jwt.SigningMethodRS256, i.rsa, nil)))(t.Context(), said)
		if !fault.Is(err, c.kind) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 600 {
			t.Errorf("%s: %v (%s)", name, err, fault.KindOf(err))
		}
	}
}

func TestWhereATokenComesFrom(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	raw := i.token(t, jwt.SigningMethodES256, i.ec, nil)
	with := func(env map[string]string) Settings {
		s := i.settings("")
		s.Getenv = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
		return s
	}
	if who, err := New(with(map[string]string{TokenFileVariable: write(t, "token", raw+"\n")}))(t.Context(), said); err != nil || who.By != "ann@example.com" {
		t.Errorf("from a file: %q, %v", who.By, err)
	}
	bare := i.settings(raw)
	bare.Audience = ""
	open := i.settings(raw)
	open.Issuer = "http://issuer.example"
	odd := i.settings(raw)
	odd.Issuer = "issuer"
	for name, c := range map[string]struct {
		s    Settings
		kind fault.Kind
	}{
		"none":        {with(nil), fault.Denied},
		"both":        {with(map[string]string{TokenVariable: raw, TokenFileVariable: "x"}), fault.Usage},
		"no file":     {with(map[string]string{TokenFileVariable: t.TempDir() + "/none"}), fault.NotFound},
		"empty file":  {with(map[string]string{TokenFileVariable: write(t, "token", "\n")}), fault.Denied},
		"large file":  {with(map[string]string{TokenFileVariable: write(t, "token", strings.Repeat("a", maxTokenBytes+5))}), fault.Denied},
		"no audience": {bare, fault.Invalid},
		"not https":   {open, fault.Invalid},
		"no address":  {odd, fault.Invalid},
	} {
		if _, err := New(c.s)(t.Context(), said); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v (%s)", name, err, fault.KindOf(err))
		}
	}
}

func TestClaimsOfTokensThatDoNotHold(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	who, err := New(i.settings(i.token(t, jwt.SigningMethodES256, i.ec, nil)))(t.Context(), said)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(c *Claim){
		"someone else":      func(c *Claim) { c.By = "bob" },
		"nobody":            func(c *Claim) { c.By = ""; delete(c.Proof, "email") },
		"another issuer":    func(c *Claim) { c.How = "OIDC https://other.example" },
		"another statement": func(c *Claim) { c.Statement += "0" },
		"too late":          func(c *Claim) { c.At = noon().Add(2 * time.Hour) },
		"too early":         func(c *Claim) { c.At = noon().Add(-time.Hour) },
		"no subject":        func(c *Claim) { delete(c.Proof, "sub") },
		"no hash":           func(c *Claim) { c.Proof["tokenSha256"] = "" },
		"no time":           func(c *Claim) { c.Proof["exp"] = "tomorrow" },
		"no time of issue":  func(c *Claim) { delete(c.Proof, "iat") },
	} {
		c := Claim{By: who.By, How: who.How, Statement: said, At: noon(), Proof: maps.Clone(who.Proof)}
		change(&c)
		if worth, err := Verify(c, nil); !fault.Is(err, fault.Found) {
			t.Errorf("%s: %q, %v", name, worth, err)
		}
	}
}
