package azure

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/arm"
)

const (
	subscription = "11111111-2222-3333-4444-555555555555"
	tenant       = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
	application  = "99999999-8888-7777-6666-555555555555"
	password     = "not-for-any-log"
)

// serve runs the Resource Manager and token endpoint of the sandbox over TLS
// and gives the SDK's chain credentials for it. The chain reads the process's
// environment, so these tests are not parallel.
func serve(t *testing.T) Settings {
	t.Helper()
	server, err := arm.New(arm.Options{Subscription: subscription, Tenant: tenant, ClientID: application, ClientSecret: password, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(server)
	web.Config.ErrorLog = log.New(io.Discard, "", 0) // a client that hangs up is part of the tests
	web.StartTLS()
	t.Cleanup(func() {
		web.Close()
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	authorities := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	if err := os.WriteFile(authorities, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	logIn(t, password)
	return Settings{Subscription: subscription, Tenant: tenant, Endpoint: web.URL, Authority: web.URL + "/", CAFile: authorities}
}

// logIn makes the SDK's chain find exactly this credential.
func logIn(t *testing.T, secret string) {
	t.Helper()
	for name, value := range map[string]string{
		"AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential", "AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": application,
		"AZURE_CLIENT_SECRET": secret, "HTTPS_PROXY": "", "https_proxy": "",
	} {
		t.Setenv(name, value)
	}
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
	a := access(t, serve(t))
	const reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7" // the same id in every tenant
	var assignments struct {
		Value []struct {
			ID         string `json:"id"`
			Properties struct {
				PrincipalID string `json:"principalId"`
			} `json:"properties"`
		} `json:"value"`
	}
	if _, err := a.client.get(t.Context(), "/subscriptions/"+subscription+"/providers/Microsoft.Authorization/roleAssignments", permissionsVersion, &assignments); err != nil {
		t.Fatal(err)
	}
	if len(assignments.Value) != 1 {
		t.Fatalf("%d role assignments, want that of the owner", len(assignments.Value))
	}
	owner := assignments.Value[0]
	body := fmt.Sprintf(`{"properties":{"roleDefinitionId":"/subscriptions/%s/providers/Microsoft.Authorization/roleDefinitions/%s","principalId":%q}}`,
		subscription, reader, owner.Properties.PrincipalID)
	change(t, a, http.MethodPut, "/subscriptions/"+subscription+"/providers/Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-0000000000a9", body)
	change(t, a, http.MethodDelete, owner.ID, "")

	if _, err := a.Caller(t.Context()); err != nil {
		t.Errorf("a reader may read the subscription: %v", err)
	}
	for _, p := range a.Probe(t.Context()) {
		if !fault.Is(p.Err, fault.Denied) || !strings.Contains(p.Err.Error(), p.Permission) {
			t.Errorf("%s: %v; want denied, and the permission's name", p.Permission, p.Err)
		}
	}
}

// change makes one request that writes, which Access itself never does.
func change(t *testing.T, a *Access, method, path, body string) {
	t.Helper()
	request, err := runtime.NewRequest(t.Context(), method, runtime.JoinPaths(a.client.arm.Endpoint(), path))
	if err != nil {
		t.Fatal(err)
	}
	request.Raw().URL.RawQuery = "api-version=" + permissionsVersion
	if body != "" {
		if err := runtime.MarshalAsJSON(request, json.RawMessage(body)); err != nil {
			t.Fatal(err)
		}
	}
	response, err := a.client.arm.Pipeline().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if !runtime.HasStatusCode(response, http.StatusOK, http.StatusCreated) {
		t.Fatal(runtime.NewResponseError(response))
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
