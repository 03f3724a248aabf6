package azure

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/arm/armtest"
)

const (
	subscription = armtest.Subscription
	password     = armtest.Secret
)

// serve runs the Resource Manager and token endpoint of the sandbox over TLS
// and gives the SDK's chain credentials for it. The chain reads the process's
// environment, so these tests are not parallel.
func serve(t *testing.T) Settings {
	t.Helper()
	s, _ := serveAnd(t)
	return s
}

// serveAnd is serve, and gives the server for what somebody else does there.
func serveAnd(t *testing.T) (Settings, *armtest.Running) {
	t.Helper()
	running, err := armtest.Serve(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	logIn(t, password)
	return Settings{Subscription: subscription, Tenant: armtest.Tenant, Endpoint: running.URL, Authority: running.URL + "/", CAFile: running.Authorities}, running
}

// logIn makes the SDK's chain find exactly this credential.
func logIn(t *testing.T, secret string) {
	t.Helper()
	for name, value := range armtest.Variables() {
		t.Setenv(name, value)
	}
	t.Setenv("AZURE_CLIENT_SECRET", secret)
}

func access(t *testing.T, s Settings) *Access {
	t.Helper()
	a, err := NewAccess(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestCallerAndPermissionsOfAnOwner(t *testing.T) {
	a := access(t, serve(t))
	caller, err := a.Caller(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if caller.Account != subscription || caller.Name == "" || time.Since(caller.ServerTime).Abs() > time.Minute {
		t.Errorf("caller %+v; want the subscription, its name and the server's time", caller)
	}
	probes := a.Probe(t.Context())
	if len(probes) != len(needed()) {
		t.Errorf("%d probes, want %d", len(probes), len(needed()))
	}
	for _, p := range probes {
		if p.Err != nil {
			t.Errorf("%s: %v", p.Permission, p.Err)
		}
	}
}

// A caller who was demoted to Reader is told each permission that is missing.
func TestPermissionsOfAReader(t *testing.T) {
	settings, running := serveAnd(t)
	a := access(t, settings)
	const reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7" // the same id in every tenant
	demote(t, running, reader)

	if _, err := a.Caller(t.Context()); err != nil {
		t.Errorf("a reader may read the subscription: %v", err)
	}
	for _, p := range a.Probe(t.Context()) {
		if !fault.Is(p.Err, fault.Denied) || !strings.Contains(p.Err.Error(), p.Permission) {
			t.Errorf("%s: %v; want denied, and the permission's name", p.Permission, p.Err)
		}
	}
}

// demote gives the caller the role in the place of the owner's.
func demote(t *testing.T, running *armtest.Running, role string) {
	t.Helper()
	const below = "/subscriptions/" + subscription + "/providers/Microsoft.Authorization/"
	content, err := running.Do(t.Context(), http.MethodGet, below+"roleAssignments", permissionsVersion, "")
	if err != nil {
		t.Fatal(err)
	}
	var assignments struct {
		Value []struct {
			ID         string
			Properties struct{ PrincipalID string }
		}
	}
	if err := json.Unmarshal(content, &assignments); err != nil || len(assignments.Value) != 1 {
		t.Fatalf("%d role assignments, want that of the owner; %v", len(assignments.Value), err)
	}
	owner := assignments.Value[0]
	body := fmt.Sprintf(`{"properties":{"roleDefinitionId":%q,"principalId":%q}}`, below+"roleDefinitions/"+role, owner.Properties.PrincipalID)
	if _, err := running.Do(t.Context(), http.MethodPut, below+"roleAssignments/00000000-0000-0000-0000-0000000000a9", permissionsVersion, body); err != nil {
		t.Fatal(err)
	}
	if _, err := running.Do(t.Context(), http.MethodDelete, owner.ID, permissionsVersion, ""); err != nil {
		t.Fatal(err)
	}
}

func TestCallerWithAWrongSecret(t *testing.T) {
	s := serve(t)
	const wrong = "wrong-and-still-secret"
	logIn(t, wrong)
	_, err := access(t, s).Caller(t.Context())
	if !fault.Is(err, fault.Denied) {
		t.Fatalf("%v (%s), want denied", err, fault.KindOf(err))
	}
	text := err.Error()
	if strings.Contains(text, wrong) || strings.Contains(text, password) {
		t.Errorf("%q holds a secret", text)
	}
	if !strings.Contains(text, "AADSTS7000215") || strings.Contains(text, "RESPONSE") || !strings.Contains(fault.HintOf(err), "az login") {
		t.Errorf("%q, hint %q; want Entra's code, no dump of the response, and a way on", text, fault.HintOf(err))
	}
}

func TestCallerWithoutCredentials(t *testing.T) {
	s := serve(t)
	t.Setenv("AZURE_CLIENT_ID", "")
	_, err := access(t, s).Caller(t.Context())
	if !fault.Is(err, fault.Denied) {
		t.Errorf("%v (%s), want denied", err, fault.KindOf(err))
	}
}

func TestCallerOfNoSuchSubscription(t *testing.T) {
	s := serve(t)
	s.Subscription = "00000000-0000-0000-0000-00000000dead"
	// Resource Manager asks for the permission before it looks, so that nobody
	// learns which subscriptions exist.
	_, err := access(t, s).Caller(t.Context())
	if !fault.Is(err, fault.Denied) || !strings.Contains(fault.HintOf(err), s.Subscription) {
		t.Errorf("%v (%s), hint %q; want denied, and how to look at the subscription", err, fault.KindOf(err), fault.HintOf(err))
	}
}

func TestCallerWhenNobodyAnswers(t *testing.T) {
	s := serve(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "https://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	noTokens := s
	noTokens.Authority = closed + "/"
	if _, err := access(t, noTokens).Caller(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("no token endpoint: %v (%s), want unavailable", err, fault.KindOf(err))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := access(t, s).Caller(ctx); !fault.Is(err, fault.Canceled) {
		t.Errorf("cancelled: %v (%s), want canceled", err, fault.KindOf(err))
	}
}

// A certificate that nobody vouches for is no answer either, and the text says
// which setting is about it.
func TestCallerThatDoesNotTrustTheServer(t *testing.T) {
	s := serve(t)
	s.CAFile = ""
	_, err := access(t, s).Caller(t.Context())
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v (%s), want unavailable, and a word about the certificate", err, fault.KindOf(err))
	}
}

// A link to another host would carry the caller's token there.
func TestLinksAwayAreNotFollowed(t *testing.T) {
	a := access(t, serve(t))
	var into any
	_, err := a.client.get(t.Context(), "https://127.0.0.1:1/subscriptions", subscriptionsVersion, &into)
	if !fault.Is(err, fault.Refused) {
		t.Errorf("%v, want refused", err)
	}
}

func TestNewAccessRefusesBadSettings(t *testing.T) {
	logIn(t, password)
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk.pem")
	if err := os.WriteFile(junk, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		settings Settings
		want     fault.Kind
	}{
		"no subscription":   {Settings{}, fault.Invalid},
		"no such CA file":   {Settings{Subscription: subscription, CAFile: filepath.Join(dir, "none.pem")}, fault.NotFound},
		"CA file of no use": {Settings{Subscription: subscription, CAFile: junk}, fault.Invalid},
	} {
		if _, err := NewAccess(c.settings); !fault.Is(err, c.want) {
			t.Errorf("%s: %v (%s), want %s", name, err, fault.KindOf(err), c.want)
		}
	}
}
