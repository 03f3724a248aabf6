package arm_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/arm"
	"example.com/landfall/internal/sandbox/arm/document"
	"pgregory.net/rapid"
)

func TestTrafficManagerProfiles(t *testing.T) {
	t.Parallel()
	s := start(t)
	group := s.group("rg")
	path := group + "/providers/Microsoft.Network/trafficManagerProfiles/shop"
	endpoint := func(name, target string, weight int) object {
		return object{"name": name, "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints", "properties": object{"target": target, "weight": weight, "endpointLocation": "East US", "geoMapping": []any{"WORLD"}}}
	}
	body := func(weight int) object {
		return object{"location": "global", "properties": object{"trafficRoutingMethod": "Weighted", "dnsConfig": object{"relativeName": "shop", "ttl": 5}, "monitorConfig": object{"protocol": "HTTP", "port": 80, "path": "/healthz"},
			"endpoints": []any{endpoint("aws", "127.1.2.1", weight), endpoint("azure", "127.1.2.2", 10)}}}
	}
	for _, weight := range []int{0, 1001} {
		if a := s.call(http.MethodPut, path, "2022-04-01", body(weight)); a.status != http.StatusBadRequest {
			t.Errorf("weight %d: %d", weight, a.status)
		}
	}
	if a := s.call(http.MethodPut, path, "2022-04-01", body(1000)); a.status != http.StatusCreated || document.Text(a.body, "properties.dnsConfig.fqdn") != "shop.trafficmanager.net" {
		t.Fatalf("%d %v", a.status, a.body)
	}
	profiles := s.server.Profiles()
	if len(profiles) != 1 || profiles[0].Name != "shop.trafficmanager.net" || profiles[0].TTLSeconds != 5 || len(profiles[0].Endpoints) != 2 || !reflect.DeepEqual(profiles[0].Endpoints[0], arm.Endpoint{Name: "aws", Target: "127.1.2.1", Weight: 1000, Priority: 1, Location: "East US", Geo: []string{"WORLD"}, Serving: true}) {
		t.Fatalf("%+v", profiles)
	}
	if a := s.call(http.MethodPatch, path+"/externalEndpoints/aws", "2022-04-01", object{"properties": object{"weight": 1}}); a.status != http.StatusOK {
		t.Errorf("%d %v", a.status, a.body)
	}
	a := s.send(http.MethodPost, s.url+"/_landfall/monitor", object{"profile": profiles[0].ID, "endpoint": "azure", "status": "Degraded"})
	if p := s.server.Profiles()[0]; a.status != http.StatusOK || p.Endpoints[0].Weight != 1 || p.Endpoints[1].Serving {
		t.Errorf("%v %+v", a.body, p)
	}
	for _, c := range []struct {
		status      string
		first, next bool
	}{
		{"Degraded", true, true}, // both: all are answered
		{"Inactive", false, true},
		{"CheckingEndpoint", true, false},
	} {
		a := s.send(http.MethodPost, s.url+"/_landfall/monitor", object{"profile": profiles[0].ID, "endpoint": "aws", "status": c.status})
		if p := s.server.Profiles()[0]; a.status != http.StatusOK || p.Endpoints[0].Serving != c.first || p.Endpoints[1].Serving != c.next {
			t.Errorf("%s: %v %+v", c.status, a.body, p)
		}
	}
	if a := s.send(http.MethodPost, s.url+"/_landfall/monitor", object{"profile": profiles[0].ID, "endpoint": "none", "status": "Online"}); a.status != http.StatusNotFound {
		t.Errorf("%v", a.body)
	}
	if a := s.call(http.MethodPost, "//providers/Microsoft.Network/checkTrafficManagerNameAvailability", "2022-04-01", object{"name": "other", "type": "Microsoft.Network/trafficManagerProfiles"}); document.Get(a.body, "nameAvailable") != true {
		t.Errorf("%v", a.body)
	}
}

func TestMachinesAndWhatTheyMayUse(t *testing.T) {
	t.Parallel()
	s := start(t)
	group := s.group("rg")
	root := "/subscriptions/" + subscription
	s.mustPut(group+"/providers/Microsoft.Network/virtualNetworks/v", network, properties(object{"addressSpace": object{"addressPrefixes": []any{"10.0.0.0/16"}}, "subnets": []any{object{"name": "app", "properties": object{"addressPrefix": "10.0.0.0/24"}}}}))
	s.mustPut(group+"/providers/Microsoft.Network/networkInterfaces/n", network, properties(object{"ipConfigurations": []any{object{"name": "a", "properties": object{"subnet": object{"id": root + group + "/providers/Microsoft.Network/virtualNetworks/v/subnets/app"}}}}}))
	machine := properties(object{"hardwareProfile": object{"vmSize": "Standard_D2s_v5"}, "networkProfile": object{"networkInterfaces": []any{object{"id": root + group + "/providers/Microsoft.Network/networkInterfaces/n"}}},
		"osProfile": object{"computerName": "web", "adminUsername": "shop", "adminPassword": "hush-hush"}, "storageProfile": object{"osDisk": object{"createOption": "FromImage"}}})
	path := group + "/providers/Microsoft.Compute/virtualMachines/web"
	first := s.call(http.MethodPut, path, "2026-04-01", machine)
	if first.status != http.StatusCreated || first.header.Get("Azure-AsyncOperation") == "" {
		t.Fatalf("%d %v", first.status, first.body)
	}
	s.done(first)
	if a := s.call(http.MethodPut, group+"/providers/Microsoft.Compute/virtualMachines/two", "2026-04-01", machine); a.code() != "NicInUse" {
		t.Errorf("%v", a.body)
	}
	power := func() string {
		view := s.call(http.MethodGet, path+"/instanceView", "2026-04-01", nil)
		return document.Text(document.List(view.body, "statuses")[1], "code")
	}
	if got := power(); got != "PowerState/running" {
		t.Error(got)
	}
	s.done(s.call(http.MethodPost, path+"/deallocate", "2026-04-01", nil))
	if got := power(); got != "PowerState/deallocated" {
		t.Error(got)
	}
	got := s.call(http.MethodGet, path+"?$expand=instanceView", "2026-04-01", nil)
	if document.Object(got.body, "properties.instanceView") == nil || document.Text(got.body, "properties.vmId") == "" || document.Get(got.body, "properties.osProfile.adminPassword") != nil {
		t.Errorf("%v", got.body)
	}
	for _, c := range []struct{ path, version string }{
		{"/providers/Microsoft.Compute/locations/eastus/usages", "2025-04-01"}, {"/providers/Microsoft.Network/locations/eastus/usages", network}, {"/providers/Microsoft.Compute/skus?$filter=location+eq+'eastus'", "2021-07-01"},
		{"/providers/Microsoft.DBforPostgreSQL/locations/eastus/capabilities", "2025-08-01"}, {"/locations", "2022-12-01"}, {"/tagNames", "2021-04-01"}, {"/providers", "2021-04-01"}, {"/providers/Microsoft.Compute/virtualMachines", "2025-04-01"},
	} {
		a := s.call(http.MethodGet, c.path, c.version, nil)
		if a.status != http.StatusOK || document.Get(a.body, "value") == nil {
			t.Errorf("%s: %d %v", c.path, a.status, a.body)
		}
	}
	for path, code := range map[string]string{"/providers/Microsoft.Compute/locations/eastmoon/usages": "LocationNotAvailableForResourceType", "/providers/Microsoft.Web/locations/eastus/usages": "NotSupportedBySandbox",
		"/providers/Microsoft.Compute/locations/eastus/operationStatuses/none": "OperationNotFound"} {
		if a := s.call(http.MethodGet, path, "2025-04-01", nil); a.code() != code {
			t.Errorf("%s: %v", path, a.body)
		}
	}
	if a := s.call(http.MethodPost, group+"/exportTemplate", "2021-04-01", object{}); a.status != http.StatusNotImplemented || !strings.Contains(document.Text(a.body, "error.message"), "exportTemplate") {
		t.Errorf("%v", a.body)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	s := start(t)
	path := s.group("rg") + "/providers/Microsoft.Network/routeTables/r"
	s.mustPut(path, network, properties(object{}))
	id := "/subscriptions/" + subscription + path
	var lines strings.Builder
	for i := range 10 {
		fmt.Fprintf(&lines, `{"resource":%q,"metric":"Requests","unit":"Count","dimensions":{"Code":"%d"},"time":"2026-01-01T00:0%d:30Z","value":%d}`+"\n", id, 200+300*(i%2), i, i)
	}
	if a := s.send(http.MethodPost, s.url+"/_landfall/metrics", lines.String()); document.Get(a.body, "loaded") != int64(10) {
		t.Fatalf("%v", a.body)
	}
	a := s.call(http.MethodGet, path+"/providers/Microsoft.Insights/metrics?metricnames=Requests&timespan=2026-01-01T00:00:00Z/2026-01-01T00:10:00Z&interval=PT5M&aggregation=Total,Maximum&$filter=Code+eq+'500'", "2023-10-01", nil)
	series := document.List(document.List(a.body, "value")[0], "timeseries")
	data := document.List(series[0], "data")
	if len(series) != 1 || len(data) != 2 || document.Get(data[0], "total") != int64(4) || document.Get(data[1], "maximum") != int64(9) || document.Get(data[0], "average") != nil {
		t.Errorf("%v", a.body)
	}
	if a := s.call(http.MethodGet, path+"/providers/Microsoft.Insights/metricDefinitions", "2023-10-01", nil); document.Text(document.List(a.body, "value")[0], "name.value") != "Requests" {
		t.Errorf("%v", a.body)
	}
	if a := s.call(http.MethodGet, path+"/providers/Microsoft.Insights/metrics?metricnames=Other", "2023-10-01", nil); a.status != http.StatusBadRequest {
		t.Errorf("%v", a.body)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	s := start(t)
	group := s.group("rg")
	token := s.token()
	set := func(rule object) {
		if a := s.send(http.MethodPost, s.url+"/_landfall/faults", rule); a.status != http.StatusOK {
			t.Fatalf("%v", a.body)
		}
	}
	path := group + "/providers/Microsoft.Network/routeTables/r"
	set(object{"service": "Microsoft.Network/*", "operation": "PUT", "kind": "throttle", "calls": []int{1}})
	set(object{"service": "Microsoft.Network/*", "operation": "PUT", "kind": "error500", "calls": []int{2}})
	set(object{"service": "Microsoft.Network/*", "operation": "PUT", "kind": "effectThenTimeout", "calls": []int{3}})
	if a := s.call(http.MethodPut, path, network, properties(object{})); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %v", a.status, a.body)
	}
	if a := s.call(http.MethodPut, path, network, properties(object{})); a.status != http.StatusInternalServerError {
		t.Errorf("%d %v", a.status, a.body)
	}
	if a := s.call(http.MethodGet, path, network, nil); a.status != http.StatusNotFound {
		t.Errorf("a refused call took effect: %v", a.body)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.url+"/subscriptions/"+subscription+path+"?api-version="+network, strings.NewReader(`{"location":"eastus"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if w, err := s.http.Do(r); err == nil {
		w.Body.Close()
		t.Errorf("the connection was not cut: %d", w.StatusCode)
	}
	if a := s.call(http.MethodGet, path, network, nil); a.status != http.StatusOK {
		t.Errorf("the call did not take effect: %v", a.body)
	}
	listed := s.send(http.MethodGet, s.url+"/_landfall/faults", nil)
	if len(document.List(listed.body, "rules")) != 3 {
		t.Errorf("%v", listed.body)
	}
	if a := s.send(http.MethodDelete, s.url+"/_landfall/faults", nil); a.status != http.StatusOK {
		t.Errorf("%v", a.body)
	}
	if a := s.send(http.MethodGet, s.url+"/_landfall/health", nil, "Origin", "https://evil.example"); a.status < 400 {
		t.Error("a browser may ask")
	}
}

// Many clients at once: every write is there afterwards, no address is given
// twice, and nothing is answered with a 500.
func TestConcurrentClients(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *arm.Options) { o.Delay = time.Millisecond })
	group := s.group("rg")
	subnet := "/subscriptions/" + subscription + group + "/providers/Microsoft.Network/virtualNetworks/v/subnets/app"
	s.mustPut(group+"/providers/Microsoft.Network/virtualNetworks/v", network, properties(object{"addressSpace": object{"addressPrefixes": []any{"10.0.0.0/16"}}, "subnets": []any{object{"name": "app", "properties": object{"addressPrefix": "10.0.0.0/24"}}}}))
	var wait sync.WaitGroup
	for i := range 40 {
		wait.Go(func() {
			path := fmt.Sprintf("%s/providers/Microsoft.Network/networkInterfaces/n%d", group, i)
			a := s.call(http.MethodPut, path, network, properties(object{"ipConfigurations": []any{object{"name": "a", "properties": object{"subnet": object{"id": subnet}}}}}))
			if a.status != http.StatusCreated {
				t.Errorf("%d %v", a.status, a.body)
			}
		})
	}
	wait.Wait()
	list := s.call(http.MethodGet, group+"/providers/Microsoft.Network/networkInterfaces", network, nil)
	seen := map[string]bool{}
	for _, nic := range document.List(list.body, "value") {
		seen[document.Text(document.List(nic, "properties.ipConfigurations")[0], "properties.privateIPAddress")] = true
	}
	if len(seen) != 40 {
		t.Errorf("%d addresses for 40 interfaces", len(seen))
	}
}

// Random writes, patches, reads and deletions against a model of what should
// be there.
func TestAgainstAModel(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *arm.Options) { o.Delay = 0 })
	group := s.group("rg")
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		model := map[string]map[string]string{}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			name := rapid.SampledFrom([]string{"a", "b", "A"}).Draw(rt, "name")
			key := strings.ToLower(name)
			path := fmt.Sprintf("%s/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-%d-%s", group, run, name)
			tag := rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "tag")
			switch rapid.SampledFrom([]string{"put", "patch", "get", "delete"}).Draw(rt, "verb") {
			case "put":
				a := s.call(http.MethodPut, path, "2024-11-30", object{"location": "eastus", "tags": object{tag: "put"}})
				want := http.StatusCreated
				if model[key] != nil {
					want = http.StatusOK
				}
				if a.status != want {
					rt.Fatalf("PUT %s: %d, want %d", path, a.status, want)
				}
				model[key] = map[string]string{tag: "put"}
			case "patch":
				a := s.call(http.MethodPatch, path, "2024-11-30", object{"tags": object{tag: "patch"}})
				if (a.status == http.StatusOK) != (model[key] != nil) {
					rt.Fatalf("PATCH %s: %d", path, a.status)
				}
				if model[key] != nil {
					model[key] = map[string]string{tag: "patch"}
				}
			case "get":
				a := s.call(http.MethodGet, path, "2024-11-30", nil)
				if (a.status == http.StatusOK) != (model[key] != nil) || len(document.Object(a.body, "tags")) != len(model[key]) {
					rt.Fatalf("GET %s: %d %v, want %v", path, a.status, a.body, model[key])
				}
				for k, v := range model[key] {
					if document.Text(a.body, "tags."+k) != v {
						rt.Fatalf("GET %s: %v, want %v", path, a.body, model[key])
					}
				}
			case "delete":
				a := s.call(http.MethodDelete, path, "2024-11-30", nil)
				if (a.status == http.StatusOK) != (model[key] != nil) || a.status >= 300 {
					rt.Fatalf("DELETE %s: %d", path, a.status)
				}
				delete(model, key)
			}
		}
	})
}
