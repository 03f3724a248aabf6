package compute

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

func TestCronThatAProfileTakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		ok   bool
		days int
	}{
		{"0 8 * * *", true, 7}, {"30 7 * * MON-FRI", true, 5}, {"0 0 * * 0", true, 1}, {"0 0 * * 6,7", true, 2}, {"0 0 * * fri-mon", true, 4}, {"59 23 * * ?", true, 7},
		{"0 0 1 * *", false, 0}, {"*/5 * * * *", false, 0}, {"0 25 * * *", false, 0}, {"60 1 * * *", false, 0}, {"0 8 * *", false, 0}, {"", false, 0}, {"0 8 * * XYZ", false, 0}, {"0 8 * * 9", false, 0}, {"0 8,9 * * *", false, 0},
	} {
		got, ok := cron(c.text)
		if ok != c.ok || len(got.Days) != c.days {
			t.Errorf("%q: %v, %v", c.text, got, ok)
		}
	}
}

func TestTimeZonesHaveWindowsNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"": "UTC", "Etc/UTC": "UTC", "Europe/Berlin": "W. Europe Standard Time", "America/New_York": "Eastern Standard Time", "Mars/Olympus": ""} {
		if got := windowsZone(name); got != want {
			t.Errorf("%q is %q", name, got)
		}
	}
}

func TestSecurityPoliciesMap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, policy string
		same         bool
	}{
		{"ELBSecurityPolicy-TLS13-1-2-2021-06", "AppGwSslPolicy20220101", true}, {"ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "AppGwSslPolicy20220101S", true}, {"ELBSecurityPolicy-FS-1-2-Res-2020-10", "AppGwSslPolicy20220101S", true},
		{"ELBSecurityPolicy-TLS-1-2-2017-01", "AppGwSslPolicy20220101", true}, {"ELBSecurityPolicy-2016-08", "AppGwSslPolicy20220101", false}, {"ELBSecurityPolicy-TLS-1-0-2015-04", "AppGwSslPolicy20220101", false}, {"anything", "AppGwSslPolicy20220101", false},
	} {
		policy, same := sslPolicy(c.name)
		if policy.PolicyName == nil || string(*policy.PolicyName) != c.policy || same != c.same {
			t.Errorf("%s: %+v, %v", c.name, policy, same)
		}
	}
	if policy, same := sslPolicy("ELBSecurityPolicy-TLS13-1-3-2021-06"); policy.MinProtocolVersion == nil || string(*policy.MinProtocolVersion) != "TLSv1_3" || !same {
		t.Errorf("TLS 1.3 alone: %+v", policy)
	}
}

func TestStatusCodes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"200": "200", "200,202": "200 202", "200-299, 404": "200-299 404", "": "200", ",": "200"} {
		if got := strings.Join(statusCodes(text), " "); got != want {
			t.Errorf("%q is %q", text, got)
		}
	}
}

func TestHostPatterns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, host string
		want          bool
	}{
		{"*.shop.example", "www.shop.example", true}, {"*.shop.example", "a.b.shop.example", true}, {"WWW.shop.example", "www.SHOP.example", true}, {"www?.shop.example", "www1.shop.example", true},
		{"*.shop.example", "shop.example", false}, {"[", "x", false}, {"[", "[", true},
	} {
		if got := covers(c.pattern, c.host); got != c.want {
			t.Errorf("%s covers %s: %v", c.pattern, c.host, got)
		}
	}
}

// Names of parts and of machines are what Azure takes, whatever the source
// calls them.
func TestNamesOfPartsAndMachines(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "name")
		name := part(text, "443")
		if len(name) == 0 || len(name) > 80 || strings.ContainsFunc(name, func(r rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", r)
		}) {
			t.Fatalf("part %q of %q", name, text)
		}
		for _, windows := range []bool{true, false} {
			host := computerName(text, windows)
			most := map[bool]int{true: 15, false: 64}[windows]
			if host == "" || len(host) > most || strings.HasPrefix(host, "-") || strings.HasSuffix(host, "-") || strings.Trim(host, "0123456789") == "" {
				t.Fatalf("host %q of %q", host, text)
			}
		}
	})
	for text, want := range map[string]string{"Web Server 1": "web-server-1", "db.prod_eu": "db-prod-eu", "123": "vm123", "averyveryverylongname": "averyveryverylongname"} {
		if got := computerName(text, false); got != want {
			t.Errorf("%q is %q", text, got)
		}
	}
}

func TestHostSKUs(t *testing.T) {
	t.Parallel()
	facts, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[string]string{"Standard_D2s_v5": "Dsv5-Type1", "Standard_D4as_v5": "Dasv5-Type1", "Standard_E8ds_v5": "Esv5-Type1", "Standard_F4s_v2": "Fsv2-Type3", "Standard_D2as_v6": "", "Standard_B2s": ""} {
		s, ok := facts.VM(size)
		if !ok {
			t.Errorf("the catalogue lacks %s", size)
		}
		if got := hostSKU(s); got != want {
			t.Errorf("%s stands on %q, want %q", size, got, want)
		}
	}
}

func TestBatchTypesAndFormulas(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		types []string
		kind  string
		want  string
	}{
		{nil, "EC2", "m6i.xlarge"}, {[]string{"optimal"}, "EC2", "m5.xlarge"}, {[]string{"C5"}, "SPOT", "c5.xlarge"}, {[]string{"r5.2xlarge", "m5"}, "EC2", "r5.2xlarge"}, {[]string{"x"}, "FARGATE_SPOT", "m6i.xlarge"}, {[]string{"${ref:a}"}, "EC2", "m5.xlarge"},
	} {
		if got := batchType(c.types, c.kind); got != c.want {
			t.Errorf("%v %s: %s", c.types, c.kind, got)
		}
	}
	if text := formula(1, 9, false); !strings.Contains(text, "$TargetDedicatedNodes = min(9, max(1, waiting));") {
		t.Errorf("%s", text)
	}
}

func TestOwnersByTheirTags(t *testing.T) {
	t.Parallel()
	for want, tags := range map[string]cloud.Tags{
		"the EKS node group ng": {"eks:nodegroup-name": "ng"}, "the ECS cluster": {"AmazonECSManaged": "true"}, "the Kubernetes cluster prod": {"kubernetes.io/cluster/prod": "owned"},
		"the Elastic Beanstalk environment shop": {"elasticbeanstalk:environment-name": "shop"}, "": {"Name": "web", "kubernetes.io/cluster/prod": "shared"},
	} {
		if got := ownerByTags(tags); got != want {
			t.Errorf("%v: %q, want %q", tags, got, want)
		}
	}
}

func TestListsThatAreOneText(t *testing.T) {
	t.Parallel()
	if got := splitNames([]any{"subnet-1, subnet-2", "subnet-3", 4.0, ","}); !slices.Equal(got, []any{"subnet-1", "subnet-2", "subnet-3", 4.0}) {
		t.Errorf("%v", got)
	}
	if got := distinct([]any{"a", nil, "", "a", 3, "b"}); !slices.Equal(got, []any{"a", "b"}) {
		t.Errorf("%v", got)
	}
	if got := leftover(map[string]any{"b": 1, "a": 2, "c": nil, "d": 3}, "d"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("%v", got)
	}
}

func TestConditionsOfBothForms(t *testing.T) {
	t.Parallel()
	r := readRoute(&inventory.Resource{Properties: inventory.Properties{"Priority": "7", "Conditions": []any{
		map[string]any{"Field": "host-header", "Values": []any{"b.example"}}, map[string]any{"Field": "host-header", "HostHeaderConfig": map[string]any{"Values": []any{"a.example"}}},
		map[string]any{"Field": "path-pattern", "PathPatternConfig": map[string]any{"Values": []any{"/x"}}}, map[string]any{"Field": "path-pattern", "RegexValues": []any{"^/y"}}, map[string]any{"Field": "source-ip", "SourceIpConfig": map[string]any{"Values": []any{"10.0.0.0/8"}}}, map[string]any{}, nil, "x",
	}, "Actions": []any{map[string]any{"Type": "forward", "Order": 2.0}, map[string]any{"Type": "authenticate-oidc", "Order": 1.0}}}})
	if r.priority != 7 || strings.Join(r.hosts, " ") != "a.example b.example" || strings.Join(r.paths, " ") != "/x" || strings.Join(r.other, "|") != `a condition without a field|path-pattern by expression|source-ip {"Values":["10.0.0.0/8"]}` {
		t.Errorf("%+v", r)
	}
	if r.actions[0]["Type"] != "authenticate-oidc" {
		t.Error("actions are not in their order")
	}
}

func TestCustomDataIsNeverCopied(t *testing.T) {
	t.Parallel()
	for text, marker := range map[string]bool{"<powershell>x</powershell>": true, "  <SCRIPT>": true, "#!/bin/sh": false, "#cloud-config": false} {
		if scriptMarker.MatchString(text) != marker {
			t.Errorf("%q", text)
		}
	}
}
