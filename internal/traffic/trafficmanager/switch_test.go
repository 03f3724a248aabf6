package trafficmanager_test

import (
	"encoding/json"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/arm/armtest"
	"example.com/landfall/internal/target/azure"
	"example.com/landfall/internal/traffic"
	"example.com/landfall/internal/traffic/trafficmanager"
)

const (
	version = "2022-04-01"
	groupID = "/subscriptions/" + armtest.Subscription + "/resourceGroups/rg"
)

type object = map[string]any

// served is a Resource Manager with a resource group. The SDK's chain reads the
// process's environment, so these tests are not parallel.
func served(t *testing.T) *azure.Manager {
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
	for name, value := range armtest.Variables() {
		t.Setenv(name, value)
	}
	t.Setenv("AZURE_CLIENT_SECRET", armtest.Secret)
	m, err := azure.NewManager(azure.Settings{Subscription: armtest.Subscription, Tenant: armtest.Tenant, Endpoint: running.URL, Authority: running.URL + "/", CAFile: running.Authorities})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Write(t.Context(), groupID, "2022-09-01", object{"location": "eastus2"}, &object{}); err != nil {
		t.Fatal(err)
	}
	return m
}

func external(name, target string, weight int, status string) object {
	return object{"name": name, "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints", "properties": object{"target": target, "weight": weight, "endpointStatus": status, "endpointLocation": "East US"}}
}

// profileOf makes a profile and returns the entrance that it leads.
func profileOf(t *testing.T, m *azure.Manager, name, method string, endpoints ...object) traffic.Entrance {
	t.Helper()
	list := make([]any, len(endpoints))
	for i, e := range endpoints {
		list[i] = e
	}
	id := groupID + "/providers/Microsoft.Network/trafficManagerProfiles/" + name
	body := object{"location": "global", "tags": object{"owner": "shop"}, "properties": object{"trafficRoutingMethod": method, "dnsConfig": object{"relativeName": name, "ttl": 60}, "monitorConfig": object{"protocol": "HTTP", "port": 80, "path": "/"}, "endpoints": list}}
	if err := m.Write(t.Context(), id, version, body, &object{}); err != nil {
		t.Fatal(err)
	}
	return traffic.Entrance{Name: name + ".trafficmanager.net", Zone: id, Target: traffic.Endpoint{Host: "shop.azurefd.net", Addresses: []netip.Addr{netip.MustParseAddr("198.51.100.7")}}}
}

func stored(t *testing.T, m *azure.Manager, e traffic.Entrance) string {
	t.Helper()
	var all object
	if err := m.Read(t.Context(), e.Zone, version, &all); err != nil {
		t.Fatal(err)
	}
	delete(all, "systemData")
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestThereAndBack(t *testing.T) {
	m := served(t)
	for name, endpoints := range map[string][]object{
		"one-each":     {external("aws", "shop.us-east-1.elb.amazonaws.com", 1, "Enabled"), external("azure", "198.51.100.7", 1, "Disabled")},
		"several":      {external("aws-a", "192.0.2.1", 30, "Enabled"), external("aws-b", "192.0.2.2", 10, "Enabled"), external("aws-c", "192.0.2.3", 10, "Disabled"), external("azure", "shop.azurefd.net", 1, "Disabled")},
		"both-targets": {external("aws", "192.0.2.1", 1000, "Enabled"), external("azure-a", "shop.azurefd.net", 1, "Disabled"), external("azure-b", "198.51.100.7", 3, "Disabled")},
	} {
		e, s := profileOf(t, m, name, "Weighted", endpoints...), trafficmanager.New(m)
		was := stored(t, m, e)
		if st, err := s.SetTTL(t.Context(), e, 10*time.Second); err != nil || st.TTL != 10*time.Second || !st.Changed {
			t.Fatalf("%s: %+v, %v", name, st, err)
		}
		for _, share := range []int{0, 5, 25, 25, 100, 50, 0} {
			st, err := s.Shift(t.Context(), e, share)
			if err != nil || math.Abs(st.Share-float64(share)) > 0.2 || strings.Contains(st.Text, "aws-c weight") {
				t.Fatalf("%s, %d %%: %+v, %v", name, share, st, err)
			}
		}
		for range 2 {
			if st, err := s.Restore(t.Context(), e); err != nil || st.Changed {
				t.Fatalf("%s: %+v, %v", name, st, err)
			}
		}
		if now := stored(t, m, e); now != was {
			t.Errorf("%s:\n%s\nand not\n%s", name, now, was)
		}
	}
}

func TestSettle(t *testing.T) {
	m := served(t)
	e, s := profileOf(t, m, "shop", "Weighted", external("aws", "192.0.2.1", 1, "Enabled"), external("azure", "198.51.100.7", 1, "Disabled")), trafficmanager.New(m)
	for range 2 {
		st, err := s.Settle(t.Context(), e)
		if err != nil || st.Share != 100 || st.Changed || st.Text != "aws off; azure weight 1000" {
			t.Fatalf("%+v, %v", st, err)
		}
	}
}

func TestWhatCannotBeLed(t *testing.T) {
	m := served(t)
	aws, azureEnd := external("aws", "192.0.2.1", 1, "Enabled"), external("azure", "198.51.100.7", 1, "Disabled")
	many := []object{azureEnd}
	for _, letter := range strings.Split("abcdefghijklmnopqrst", "") {
		many = append(many, external("source-"+letter, letter+".example.net", 1, "Enabled"))
	}
	for name, c := range map[string]struct {
		method    string
		endpoints []object
		want      fault.Kind
		says      string
	}{
		"priority":  {"Priority", []object{aws, azureEnd}, fault.Unsupported, "by weight"},
		"no-target": {"Weighted", []object{aws}, fault.NotFound, "no endpoint of the target"},
		"no-source": {"Weighted", []object{azureEnd}, fault.NotFound, "no endpoint of the source"},
		"many":      {"Weighted", many, fault.Refused, "too many"},
	} {
		e := profileOf(t, m, name, c.method, c.endpoints...)
		was := stored(t, m, e)
		if _, err := trafficmanager.New(m).Shift(t.Context(), e, 10); !fault.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if stored(t, m, e) != was {
			t.Errorf("%s: it changed something", name)
		}
	}
	e := profileOf(t, m, "plain", "Weighted", aws, azureEnd)
	for _, share := range []int{-1, 101} {
		if _, err := trafficmanager.New(m).Shift(t.Context(), e, share); !fault.Is(err, fault.Invalid) {
			t.Errorf("%d %%: %v", share, err)
		}
	}
	e.Zone += "-none"
	if _, err := trafficmanager.New(m).Get(t.Context(), e); !fault.Is(err, fault.NotFound) {
		t.Errorf("no such profile: %v", err)
	}
}
