package entra_test

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/arm/entra"
	"github.com/golang-jwt/jwt/v5"
)

const tenant, application, password, audience = "aaaaaaaa-0000-0000-0000-000000000001", "bbbbbbbb-0000-0000-0000-000000000002", "hush-hush-1", "https://management.azure.com"

func service(t *testing.T, now func() time.Time, federated bool) *entra.Service {
	t.Helper()
	s, err := entra.New(entra.Options{Tenant: tenant, ClientID: application, ClientSecret: password, Principal: "p", Audiences: []string{audience}, Federated: federated, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ask(t *testing.T, s *entra.Service, method, path string, form url.Values) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, "https://login.example"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	var m map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return w.Code, m
}

func grant(change ...string) url.Values {
	v := url.Values{"grant_type": {"client_credentials"}, "client_id": {application}, "client_secret": {password}, "scope": {audience + "/.default openid"}}
	for i := 0; i < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v
}

// The token is one that another JWT library accepts with the published keys.
func TestTokensAreStandard(t *testing.T) {
	t.Parallel()
	s := service(t, time.Now, false)
	status, m := ask(t, s, http.MethodPost, "/"+tenant+"/oauth2/v2.0/token", grant())
	if status != http.StatusOK || m["token_type"] != "Bearer" {
		t.Fatalf("%d %v", status, m)
	}
	_, keys := ask(t, s, http.MethodGet, "/"+tenant+"/discovery/v2.0/keys", nil)
	key := keys["keys"].([]any)[0].(map[string]any)
	number := func(name string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(key[name].(string))
		if err != nil {
			t.Fatal(err)
		}
		return new(big.Int).SetBytes(b)
	}
	public := &rsa.PublicKey{N: number("n"), E: int(number("e").Int64())}
	token, err := jwt.Parse(m["access_token"].(string), func(token *jwt.Token) (any, error) {
		if token.Header["kid"] != key["kid"] {
			t.Error("the key is not named")
		}
		return public, nil
	}, jwt.WithAudience(audience), jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer("https://login.example/"+tenant+"/v2.0"))
	if err != nil || !token.Valid {
		t.Fatal(err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := service(t, time.Now, false)
	for _, c := range []struct {
		tenant string
		form   url.Values
		status int
		code   string
	}{
		{tenant, grant("client_secret", "wrong"), 401, "AADSTS7000215"},
		{tenant, grant("client_secret", ""), 401, "AADSTS7000216"},
		{tenant, grant("client_id", "other"), 400, "AADSTS700016"},
		{tenant, grant("scope", audience), 400, "AADSTS1002012"},
		{tenant, grant("scope", "https://other/.default"), 400, "AADSTS500011"},
		{tenant, grant("grant_type", "password"), 400, "AADSTS70003"},
		{tenant, grant("grant_type", ""), 400, "AADSTS900144"},
		{tenant, grant("client_assertion", "a.b.c"), 401, "AADSTS70021"},
		{"nobody", grant(), 400, "AADSTS90002"},
	} {
		status, m := ask(t, s, http.MethodPost, "/"+c.tenant+"/oauth2/v2.0/token", c.form)
		text, _ := m["error_description"].(string)
		if status != c.status || !strings.HasPrefix(text, c.code+":") || strings.Contains(text, password) {
			t.Errorf("%s: %d %v", c.code, status, m)
		}
	}
	federated := service(t, time.Now, true)
	if status, m := ask(t, federated, http.MethodPost, "/"+tenant+"/oauth2/v2.0/token", grant("client_assertion", "a.b.c", "client_secret", "")); status != http.StatusOK {
		t.Errorf("%d %v", status, m)
	}
	if status, _ := ask(t, federated, http.MethodPost, "/"+tenant+"/oauth2/v2.0/token", grant("client_assertion", "abc")); status != http.StatusUnauthorized {
		t.Errorf("%d", status)
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := service(t, func() time.Time { return now }, false)
	token, err := s.Issue(audience+"/", "https://login.example")
	if err != nil {
		t.Fatal(err)
	}
	other, err := service(t, time.Now, false).Issue(audience, "https://login.example")
	if err != nil {
		t.Fatal(err)
	}
	judge := func(header string, audiences ...string) error {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", header)
		_, err := s.Judge(r, audiences...)
		return err
	}
	parts := strings.Split(token, ".")
	for header, want := range map[string]error{
		"": entra.ErrMissing, "Basic x": entra.ErrMissing, "Bearer x": entra.ErrInvalid, "Bearer " + other: entra.ErrInvalid, "bearer " + token: nil,
		"Bearer " + parts[0] + "." + parts[0] + "." + parts[2]: entra.ErrInvalid, "Bearer " + strings.Repeat("x", 1<<20): entra.ErrInvalid,
	} {
		if got := judge(header, audience); got != want {
			t.Errorf("%.20s: %v, want %v", header, got, want)
		}
	}
	if got := judge("Bearer "+token, "https://vault.azure.net"); got != entra.ErrAudience {
		t.Errorf("%v", got)
	}
	now = now.Add(2 * time.Hour)
	if got := judge("Bearer "+token, audience); got != entra.ErrExpired {
		t.Errorf("%v", got)
	}
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	s := service(t, time.Now, false)
	_, m := ask(t, s, http.MethodGet, "/"+tenant+"/v2.0/.well-known/openid-configuration", nil)
	if m["token_endpoint"] != "https://login.example/"+tenant+"/oauth2/v2.0/token" || m["issuer"] != "https://login.example/"+tenant+"/v2.0" {
		t.Errorf("%v", m)
	}
	if _, m := ask(t, s, http.MethodGet, "/common/discovery/instance", nil); m["tenant_discovery_endpoint"] == nil {
		t.Errorf("%v", m)
	}
	if status, _ := ask(t, s, http.MethodGet, "/nobody/v2.0/.well-known/openid-configuration", nil); status != http.StatusBadRequest {
		t.Errorf("%d", status)
	}
}
