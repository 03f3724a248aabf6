package arm

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/control"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/vault"
)

// serveVault serves the data plane of one vault. A request without a token is
// told where to get one: Key Vault's clients send their first request so.
func (s *Server) serveVault(w http.ResponseWriter, r *http.Request) {
	name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/_vault/"), "/")
	if _, err := s.tokens.Judge(r, vaultAudience); err != nil {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization="https://%s/%s", resource="%s"`, r.Host, s.options.Tenant, vaultAudience))
		writeError(w, armerror.New(http.StatusUnauthorized, "Unauthorized", "[BearerReadAccessTokenFailed] %s", err))
		return
	}
	if !s.vaultExists(name) {
		writeError(w, armerror.NotFound("VaultNotFound", "The vault '%s' does not exist.", name))
		return
	}
	inner := r.Clone(r.Context())
	inner.URL.Path, inner.URL.RawPath = "/"+rest, ""
	// Clients take name and version from an id by counting its segments, so ids
	// have none of the sandbox's own in front.
	root := "https://" + r.Host
	s.vaults.Handler(strings.ToLower(name), root).ServeHTTP(w, inner)
}

func (s *Server) vaultExists(name string) bool {
	all, err := s.plane.List(control.Query{Scope: s.plane.Subscription(), Type: "Microsoft.KeyVault/vaults"})
	if err != nil {
		return false
	}
	for _, v := range all {
		if strings.EqualFold(v.ID.Name(), name) {
			return true
		}
	}
	return false
}

// secretKeeper puts a secret that is written through Resource Manager into its
// vault, where the data plane reads it. Each write is a new version.
type secretKeeper struct{ vaults *vault.Store }

var _ control.Provisioner = secretKeeper{}

func (k secretKeeper) Provision(_ context.Context, r control.Resource) (map[string]any, error) {
	id, err := armid.Parse(r.ID)
	if err != nil {
		return nil, err
	}
	value := document.Text(r.Body, "properties.value")
	if value == "" {
		return nil, nil
	}
	_, err = k.vaults.Set(strings.ToLower(id.Parent().Name()), r.Name, vault.Content{Value: &value})
	return nil, err
}

func (k secretKeeper) Remove(_ context.Context, r control.Resource) error {
	id, err := armid.Parse(r.ID)
	if err != nil {
		return err
	}
	_, err = k.vaults.Delete(strings.ToLower(id.Parent().Name()), r.Name)
	if err != nil && armerror.Of(err).Status == http.StatusNotFound {
		return nil
	}
	return err
}
