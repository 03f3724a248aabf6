package proxy_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/traffic/proxy"
)

func TestTheAdminAPIWantsItsToken(t *testing.T) {
	t.Parallel()
	p := start(t, two(backend(t, "source", nil), backend(t, "target", nil), split))
	base := "http://" + p.address("admin")
	if res := get(t, base+"/healthz"); res.StatusCode != 200 {
		t.Errorf("healthz: %s", res.Status)
	}
	for _, header := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "bearer " + token, token, "Bearer " + token + " "} {
		for _, path := range []string{"/config", "/status", "/metrics", "/weights", "/shadow", "/nothing"} {
			res := get(t, base+path, "Authorization", header)
			// net/http trims what follows a header's value.
			if ok := strings.TrimSpace(header) == "Bearer "+token; !ok && (res.StatusCode != 401 || strings.Contains(res.body, token)) {
				t.Errorf("%s with %q: %s %s", path, header, res.Status, res.body)
			}
		}
	}
}

func TestAdminRefusesWhatWouldExposeIt(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "proxy.yaml")
	write(t, file, two("http://127.0.0.1:1", "http://127.0.0.1:2", split))
	for _, c := range []struct {
		admin proxy.Admin
		kind  fault.Kind
	}{
		{proxy.Admin{Address: "0.0.0.0:0", Token: token}, fault.Refused},
		{proxy.Admin{Address: ":0", Token: token}, fault.Refused},
		{proxy.Admin{Address: "[::]:0", Token: token}, fault.Refused},
		{proxy.Admin{Address: "admin.example:1", Token: token}, fault.Refused},
		{proxy.Admin{Address: "127.0.0.1:0"}, fault.Usage},
		{proxy.Admin{Address: "127.0.0.1:0", Token: "short"}, fault.Usage},
		{proxy.Admin{Address: "127.0.0.1", Token: token}, fault.Usage},
		{proxy.Admin{Address: "127.0.0.1:0", Token: token, CertFile: "a"}, fault.Usage},
	} {
		if _, err := proxy.New(proxy.Options{File: file, Admin: c.admin, Now: time.Now}); !fault.Is(err, c.kind) {
			t.Errorf("%+v: %v", c.admin, err)
		}
	}
	if _, err := proxy.New(proxy.Options{File: file + ".none", Now: time.Now}); !fault.Is(err, fault.NotFound) {
		t.Errorf("no file: %v", err)
	}
}

func TestConfigurationChangesOnlyFromWhatWasRead(t *testing.T) {
	t.Parallel()
	good := two(backend(t, "source", nil), backend(t, "target", nil), split)
	p := start(t, good)
	first := p.status()
	tag := `"` + first.Fingerprint + `"`
	for _, c := range []struct {
		name, text, match string
		status            int
		want              string
	}{
		{"no match", good + "# 1\n", "", 428, "If-Match"},
		{"other match", good + "# 1\n", `"sha256:0"`, 412, "read it again"},
		{"unknown key", good + "odd: 1\n", tag, 400, "odd: line"},
		{"two mistakes", good + "odd: 1\neven: 2\n", tag, 400, `even: line`},
		{"other listeners", strings.Replace(good, "name: web", "name: wab", 1), tag, 409, "listeners"},
		{"right", good + "# 2\n", tag, 200, `"version": 2`},
		{"again", good + "# 3\n", tag, 412, "not " + first.Fingerprint},
	} {
		status, body := p.admin("PUT", "/config", c.text, "If-Match", c.match)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
	res := do(t, http.DefaultClient, request(t, "GET", "http://"+p.address("admin")+"/config", "", "Authorization", "Bearer "+token))
	if res.body != good+"# 2\n" || res.Header.Get("ETag") != `"`+p.status().Fingerprint+`"` {
		t.Errorf("%v\n%s", res.Header, res.body)
	}
}

func TestWeightsAreSetAndSeen(t *testing.T) {
	t.Parallel()
	p := start(t, two(backend(t, "source", nil), backend(t, "target", nil), split))
	for body, want := range map[string]int{
		`{"weights":{"source":1,"target":1}}`:         400,
		`{"weights":{"source":10000,"moon":0}}`:       400,
		`{"weights":{"source":10001,"target":-1}}`:    400,
		`{"route":"none","weights":{"source":10000}}`: 404,
		`{"wights":{}}`: 400,
		`nothing`:       400,
		`{"route":"all","weights":{"source":"much","target":"less"}}`: 400,
	} {
		if status, text := p.admin("PUT", "/weights", body); status != want {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	if status, _ := p.admin("PUT", "/weights", `{"weights":{"target":10000}}`, "If-Match", `"sha256:old"`); status != 412 {
		t.Errorf("an old match: %d", status)
	}
	for _, share := range []int{0, 10000, 2500} {
		p.weights(share)
		hits := 0
		for i := range 40 {
			if get(t, p.url("/"), "User", fmt.Sprint(i)).body == "target" {
				hits++
			}
		}
		if share == 0 && hits != 0 || share == 10000 && hits != 40 || share == 2500 && (hits == 0 || hits == 40) {
			t.Errorf("share %d: %d of 40", share, hits)
		}
	}
	s := p.status()
	total := 0
	for _, side := range s.Sides {
		if side.ObservedShare == nil || side.Requests == 0 {
			t.Fatalf("%+v", side)
		}
		total += *side.ObservedShare
	}
	if total < 9999 || total > 10001 || s.Weights["all"]["target"] != 2500 {
		t.Errorf("shares add up to %d; %v", total, s.Weights)
	}
	_, metrics := p.admin("GET", "/metrics", "")
	for _, want := range []string{
		`landfall_proxy_requests_total{class="2xx",reason="split",route="all",side="target"}`, `landfall_proxy_weight_basis_points{route="all",side="target"} 2500`,
		`landfall_proxy_configuration_version 4`, `landfall_proxy_request_duration_seconds_count{route="all",side="source"}`, `landfall_proxy_endpoint_usable`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s", want)
		}
	}
}
