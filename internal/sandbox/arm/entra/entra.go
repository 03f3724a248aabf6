package entra

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"github.com/google/uuid"
)

// lifetime of a token: Entra gives between 60 and 90 minutes.
const lifetime = 75 * time.Minute

// maxToken bounds what Judge reads.
const maxToken = 16 << 10

// Options of the service.
type Options struct {
	// Tenant, ClientID and ClientSecret are the one application's.
	Tenant, ClientID, ClientSecret string
	// Principal is the object id of the application's principal.
	Principal string
	// Audiences are the resources that tokens are given for, without a slash
	// at the end.
	Audiences []string
	// Federated accepts a client assertion of any issuer in place of the
	// secret; the sandbox does not know the issuer's keys.
	Federated bool
	// Now is the clock.
	Now func() time.Time
}

// Service gives and judges tokens.
type Service struct {
	options Options
	key     *rsa.PrivateKey
	kid     string
}

// New makes the signing key.
func New(o Options) (*Service, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fault.Of(fault.Internal, "make token key", "", err)
	}
	sum := sha256.Sum256(key.N.Bytes())
	return &Service{options: o, key: key, kid: base64.RawURLEncoding.EncodeToString(sum[:20])}, nil
}

// Handler serves the endpoints below the tenant's path.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", s.discovery)
	mux.HandleFunc("GET /{tenant}/.well-known/openid-configuration", s.discovery)
	mux.HandleFunc("GET /common/discovery/instance", s.instance)
	mux.HandleFunc("GET /{tenant}/discovery/v2.0/keys", s.keys)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", s.token)
	return mux
}

// Serves reports whether a path belongs to the service.
func (s *Service) Serves(path string) bool {
	return path == "/common/discovery/instance" || strings.HasSuffix(path, "/.well-known/openid-configuration") || strings.HasSuffix(path, "/discovery/v2.0/keys") || strings.HasSuffix(path, "/oauth2/v2.0/token")
}

func (s *Service) knows(tenant string) bool {
	return strings.EqualFold(tenant, s.options.Tenant) || tenant == "common" || tenant == "organizations"
}

// base is the URL the client used. Discovery must answer the host that was
// asked, because clients compare the issuer's host with their authority.
func base(r *http.Request) string { return "https://" + r.Host }

func (s *Service) issuer(base string) string { return base + "/" + s.options.Tenant + "/v2.0" }

func (s *Service) discovery(w http.ResponseWriter, r *http.Request) {
	if !s.knows(r.PathValue("tenant")) {
		s.refuse(w, problem{http.StatusBadRequest, "invalid_tenant", 90002, fmt.Sprintf("Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", r.PathValue("tenant"))})
		return
	}
	root := base(r) + "/" + r.PathValue("tenant")
	answer(w, http.StatusOK, map[string]any{
		"issuer": s.issuer(base(r)), "token_endpoint": root + "/oauth2/v2.0/token", "authorization_endpoint": root + "/oauth2/v2.0/authorize", "device_authorization_endpoint": root + "/oauth2/v2.0/devicecode",
		"jwks_uri": root + "/discovery/v2.0/keys", "token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"}, "response_types_supported": []string{"code"},
		"subject_types_supported": []string{"pairwise"}, "id_token_signing_alg_values_supported": []string{"RS256"}, "scopes_supported": []string{"openid"}, "tenant_region_scope": "NA",
	})
}

func (s *Service) instance(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": base(r) + "/" + s.options.Tenant + "/v2.0/.well-known/openid-configuration", "api-version": "1.1",
		"metadata": []any{map[string]any{"preferred_network": r.Host, "preferred_cache": r.Host, "aliases": []string{r.Host}}},
	})
}

func (s *Service) keys(w http.ResponseWriter, _ *http.Request) {
	exponent := big.NewInt(int64(s.key.E)).Bytes()
	answer(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": s.kid, "n": base64.RawURLEncoding.EncodeToString(s.key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(exponent),
	}}})
}

// problem is one refusal of the token endpoint.
type problem struct {
	status int
	kind   string
	code   int
	text   string
}

func (s *Service) refuse(w http.ResponseWriter, p problem) {
	now := s.options.Now().UTC()
	trace, correlation := uuid.NewString(), uuid.NewString()
	answer(w, p.status, map[string]any{
		"error": p.kind, "error_codes": []int{p.code}, "timestamp": now.Format("2006-01-02 15:04:05Z"), "trace_id": trace, "correlation_id": correlation, "error_uri": fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", p.code),
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", p.code, p.text, trace, correlation, now.Format("2006-01-02 15:04:05Z")),
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// The client is gone when this fails; there is nobody to tell.
	_ = json.NewEncoder(w).Encode(body)
}

func (s *Service) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		s.refuse(w, problem{http.StatusBadRequest, "invalid_request", 900144, "The request body could not be read."})
		return
	}
	if p := s.judgeGrant(r.PathValue("tenant"), r.PostForm); p != nil {
		s.refuse(w, *p)
		return
	}
	audience := strings.TrimSuffix(resourceScope(r.PostForm), "/.default")
	token, err := s.Issue(audience, base(r))
	if err != nil {
		s.refuse(w, problem{http.StatusInternalServerError, "server_error", 90033, "A transient error has occurred. Please try again."})
		return
	}
	seconds := int(lifetime.Seconds())
	answer(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token})
}

// resourceScope is the scope without the OpenID scopes that clients add to
// every request and that mean nothing to an application.
func resourceScope(form url.Values) string {
	words := slices.DeleteFunc(strings.Fields(form.Get("scope")), func(w string) bool {
		return w == "openid" || w == "offline_access" || w == "profile"
	})
	return strings.Join(words, " ")
}

// judgeGrant checks a token request the way Entra does, in its order.
func (s *Service) judgeGrant(tenant string, form url.Values) *problem {
	bad := func(kind string, code int, format string, args ...any) *problem {
		return &problem{http.StatusBadRequest, kind, code, fmt.Sprintf(format, args...)}
	}
	scope := resourceScope(form)
	switch {
	case !s.knows(tenant):
		return bad("invalid_tenant", 90002, "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", tenant)
	case form.Get("grant_type") == "":
		return bad("invalid_request", 900144, "The request body must contain the following parameter: 'grant_type'.")
	case form.Get("grant_type") != "client_credentials":
		return bad("unsupported_grant_type", 70003, "The app requested an unsupported grant type '%s'.", form.Get("grant_type"))
	case !strings.EqualFold(form.Get("client_id"), s.options.ClientID):
		return bad("unauthorized_client", 700016, "Application with identifier '%s' was not found in the directory '%s'.", form.Get("client_id"), s.options.Tenant)
	case !strings.HasSuffix(scope, "/.default"):
		return bad("invalid_scope", 1002012, "The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", scope)
	case !s.serves(strings.TrimSuffix(scope, "/.default")):
		return bad("invalid_resource", 500011, "The resource principal named %s was not found in the tenant named %s.", strings.TrimSuffix(scope, "/.default"), s.options.Tenant)
	}
	return s.judgeCredential(form)
}

func (s *Service) judgeCredential(form url.Values) *problem {
	secret, assertion := form.Get("client_secret"), form.Get("client_assertion")
	switch {
	case assertion != "" && !s.options.Federated:
		return &problem{http.StatusUnauthorized, "invalid_client", 70021, "No matching federated identity record found for presented assertion."}
	case assertion != "" && strings.Count(assertion, ".") != 2:
		return &problem{http.StatusUnauthorized, "invalid_client", 50027, "JWT token is invalid or malformed."}
	case assertion != "":
		return nil
	case secret == "":
		return &problem{http.StatusUnauthorized, "invalid_client", 7000216, "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."}
	case subtle.ConstantTimeCompare([]byte(secret), []byte(s.options.ClientSecret)) != 1:
		return &problem{http.StatusUnauthorized, "invalid_client", 7000215, fmt.Sprintf("Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", s.options.ClientID)}
	}
	return nil
}

func (s *Service) serves(audience string) bool {
	return slices.Contains(s.options.Audiences, strings.TrimRight(audience, "/"))
}

// Issue makes a token for an audience, as the service at the URL.
func (s *Service) Issue(audience, at string) (string, error) {
	now := s.options.Now()
	head, err := json.Marshal(map[string]any{"typ": "JWT", "alg": "RS256", "kid": s.kid})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"aud": strings.TrimRight(audience, "/"), "iss": s.issuer(at), "iat": now.Unix(), "nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(lifetime).Unix(),
		"appid": s.options.ClientID, "azp": s.options.ClientID, "oid": s.options.Principal, "sub": s.options.Principal, "tid": s.options.Tenant, "idtyp": "app", "ver": "1.0", "uti": uuid.NewString(),
	})
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), err
}
