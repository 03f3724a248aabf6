package iac

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/sandbox/arm"
	"example.com/landfall/internal/sandbox/arm/armtest"
	"example.com/landfall/internal/target"
	"example.com/landfall/internal/target/azure"
)

const tenantID = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

// sandbox serves the Resource Manager of the sandbox and returns the product's
// own deployer for it. The SDK's credential chain reads the process's
// environment, so these tests are not parallel.
func sandbox(t *testing.T) *azure.Deployer {
	t.Helper()
	server, err := arm.New(arm.Options{Subscription: subscriptionID, Tenant: tenantID, ClientID: "99999999-8888-7777-6666-555555555555", ClientSecret: "not-for-any-log", Types: armtest.Types(t), Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewTLSServer(server)
	t.Cleanup(func() {
		web.Close()
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	authorities := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(authorities, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential", "AZURE_TENANT_ID": tenantID, "AZURE_CLIENT_ID": "99999999-8888-7777-6666-555555555555",
		"AZURE_CLIENT_SECRET": "not-for-any-log", "HTTPS_PROXY": "", "https_proxy": "",
	} {
		t.Setenv(name, value)
	}
	d, err := azure.NewDeployer(azure.Settings{Subscription: subscriptionID, Tenant: tenantID, Endpoint: web.URL, Authority: web.URL + "/", CAFile: authorities}, azure.DeployOptions{Now: time.Now, Pause: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func deployment(t *testing.T, d *design.Design, parameters map[string]any) target.Deployment {
	t.Helper()
	template, err := ARM(d)
	if err != nil {
		t.Fatal(err)
	}
	return target.Deployment{Name: "shop", Place: d.Place, Template: template, Resources: d.Resources, Parameters: parameters}
}

// TestTemplateDeploys deploys the template to the sandbox, which checks every
// body against Azure's published types, reads everything back, and asks what a
// second deployment would change.
func TestTemplateDeploys(t *testing.T) {
	deployer := sandbox(t)
	for _, d := range []*design.Design{shop(t), design.ForEnvironment(shop(t), design.Environment{Name: "test", Location: "westeurope"})} {
		in := deployment(t, d, map[string]any{"databasePassword": "Sandbox-0nly!", "adminLogin": "shopadmin"})
		if _, err := deployer.Deploy(t.Context(), in, nil, nil); err != nil {
			t.Fatalf("%s: %v", d.Place.Group, err)
		}
		for _, r := range d.Resources {
			got, err := deployer.Read(t.Context(), r)
			if err != nil {
				t.Fatalf("%s: %v", r.ID, err)
			}
			if id := design.Text(got, "id"); !strings.EqualFold(id, string(r.ID)) {
				t.Errorf("%s stands at %s", r.ID, id)
			}
		}
		changes, err := deployer.WhatIf(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			if c.Action != target.None {
				t.Errorf("a second run would change %+v", c)
			}
		}
	}
	container, err := deployer.Read(t.Context(), shop(t).Resources[6])
	if err != nil || design.Text(container, "properties.metadata.note") != "[not an expression]" {
		t.Errorf("a literal became %v %v", container, err)
	}
	balancer, err := deployer.Read(t.Context(), shop(t).Resources[9])
	if pool := design.Text(balancer, "properties.ipConfigurations.properties.loadBalancerBackendAddressPools.id"); err != nil || !strings.HasSuffix(pool, "/lb-web/backendAddressPools/web") {
		t.Errorf("pool %q %v", pool, err)
	}
}

// TestTemplateReachesOutside deploys to the subscription and to another group.
func TestTemplateReachesOutside(t *testing.T) {
	deployer := sandbox(t)
	definition := "/subscriptions/" + subscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/0f1e2d3c-4b5a-5697-8877-66554433221a"
	d := &design.Design{Workload: "shop", Place: place(), Resources: []design.Resource{
		newResource(t, "Microsoft.ManagedIdentity/userAssignedIdentities/id-web", "2024-11-30", `{"location":"eastus"}`),
		newResource(t, definition, "2022-04-01", `{"properties":{"roleName":"Shop","type":"CustomRole","permissions":[{"actions":["Microsoft.Storage/storageAccounts/read"]}],"assignableScopes":["`+string(place().GroupID())+`"]}}`),
		newResource(t, "Microsoft.Authorization/roleAssignments/0f1e2d3c-4b5a-5697-8877-665544332211", "2022-04-01", `{"properties":{"principalId":"[reference('@/Microsoft.ManagedIdentity/userAssignedIdentities/id-web', '2024-11-30').properties.principalId]","principalType":"ServicePrincipal","roleDefinitionId":"`+definition+`"}}`,
			"Microsoft.ManagedIdentity/userAssignedIdentities/id-web", definition),
	}}
	if _, err := deployer.Deploy(t.Context(), deployment(t, d, nil), nil, nil); err != nil {
		t.Fatal(err)
	}
	for _, r := range d.Resources {
		if _, err := deployer.Read(t.Context(), r); err != nil {
			t.Errorf("%s: %v", r.ID, err)
		}
	}
}

// TestTemplateSaysWhatTheDesignSays evaluates the literals of odd bodies: what
// comes out is what went in.
func TestTemplateSaysWhatTheDesignSays(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		d := oddDesign(t, seed)
		text, err := ARM(d)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ARM(oddDesign(t, seed))
		if err != nil || !bytes.Equal(text, again) {
			t.Fatalf("seed %d: two runs give different bytes", seed)
		}
		var got struct{ Resources []map[string]any }
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, r := range got.Resources {
			want := d.Resources[indexOf(t, d, r["name"].(string))]
			if value := evaluated(t, r["properties"]); !reflect.DeepEqual(value, want.Body["properties"]) {
				t.Fatalf("seed %d: %s: got %#v, want %#v", seed, want.ID, value, want.Body["properties"])
			}
		}
	}
}

func indexOf(t *testing.T, d *design.Design, name string) int {
	t.Helper()
	for i, r := range d.Resources {
		if r.Name == name {
			return i
		}
	}
	t.Fatalf("no resource %q", name)
	return 0
}

// evaluated reads back the few calls that a template without parameters has.
func evaluated(t *testing.T, v any) any {
	t.Helper()
	switch v := v.(type) {
	case string:
		return evaluatedText(t, v)
	case []any:
		out := make([]any, len(v))
		for i, w := range v {
			out[i] = evaluated(t, w)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, w := range v {
			out[evaluatedText(t, k)] = evaluated(t, w)
		}
		return out
	}
	return v
}

func evaluatedText(t *testing.T, s string) string {
	t.Helper()
	switch {
	case strings.HasPrefix(s, "[["):
		return s[1:]
	case !strings.HasPrefix(s, "["):
		return s
	}
	out := ""
	out, rest := call(t, strings.TrimSuffix(s[1:], "]"))
	if rest != "" {
		t.Fatalf("%q stands behind the expression", rest)
	}
	return out
}

// call evaluates one expression at the start of a text.
func call(t *testing.T, text string) (value, rest string) {
	t.Helper()
	if strings.HasPrefix(text, "'") {
		return unquoted(t, text)
	}
	name, rest, _ := strings.Cut(text, "(")
	var args []string
	for rest = strings.TrimPrefix(rest, ", "); !strings.HasPrefix(rest, ")"); rest = strings.TrimPrefix(rest, ", ") {
		var arg string
		arg, rest = call(t, rest)
		args = append(args, arg)
	}
	rest = strings.TrimPrefix(rest[1:], ".id")
	own, outer := string(place().GroupID()), "/subscriptions/"+subscriptionID
	switch name {
	case "resourceGroup":
		return own, rest
	case "subscription":
		return outer, rest
	case "concat":
		return strings.Join(args, ""), rest
	case "resourceId":
		return own + "/providers/" + pairs(args[0], args[1:]), rest
	case "subscriptionResourceId":
		return outer + "/providers/" + pairs(args[0], args[1:]), rest
	case "extensionResourceId":
		return args[0] + "/providers/" + pairs(args[1], args[2:]), rest
	}
	t.Fatalf("unexpected call of %q", name)
	return "", ""
}

func unquoted(t *testing.T, text string) (word, rest string) {
	t.Helper()
	if !strings.HasPrefix(text, "'") {
		t.Fatalf("no quoted text in %q", text)
	}
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\'' && i+1 < len(text) && text[i+1] == '\'':
			word += "'"
			i++
		case text[i] == '\'':
			return word, text[i+1:]
		default:
			word += text[i : i+1]
		}
	}
	t.Fatalf("%q does not end", text)
	return "", ""
}

func TestTemplateRefusesWhatHasNoForm(t *testing.T) {
	t.Parallel()
	for _, r := range []design.Resource{{ID: "/nothing"}, {ID: "/nothing", Type: "a/b", APIVersion: "1", Name: "n"}} {
		if _, err := ARM(&design.Design{Place: place(), Resources: []design.Resource{r}}); err == nil {
			t.Errorf("%+v was printed", r)
		}
	}
	twice := newResource(t, "Microsoft.Web/sites/a", "2024-04-01", `{}`)
	if _, err := ARM(&design.Design{Place: place(), Resources: []design.Resource{twice, twice}}); err == nil {
		t.Error("the same id was printed twice")
	}
}
