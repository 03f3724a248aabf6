package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/view"
)

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// cloudPort answers as it is told.
type cloudPort struct {
	caller cloud.Caller
	err    error
	probes []cloud.Probe
	probed *bool
}

func (p cloudPort) Caller(context.Context) (cloud.Caller, error) { return p.caller, p.err }

func (p cloudPort) Probe(context.Context) []cloud.Probe {
	if p.probed != nil {
		*p.probed = true
	}
	return p.probes
}

func somebody() cloud.Caller {
	return cloud.Caller{Account: "123456789012", Name: "arn:aws:iam::123456789012:user/x", ServerTime: noon()}
}

// doctor visits with the port as both clouds, in an empty folder.
func doctor(t *testing.T, port cloudPort) (view.Diagnosis, error) {
	t.Helper()
	setup := Setup{Dir: t.TempDir(), Now: noon, Getenv: func(string) (string, bool) { return "", false }}
	none := fault.Newf(fault.NotFound, "no workspace here")
	a := New(setup, Parts{Source: port, Target: port, WorkspaceErr: none, CacheDir: t.TempDir()})
	return a.Doctor(t.Context())
}

// found returns the finding of that name in the area.
func found(t *testing.T, d view.Diagnosis, area, name string) view.Finding {
	t.Helper()
	i := slices.IndexFunc(d.Findings, func(f view.Finding) bool { return f.Area == area && f.Name == name })
	if i < 0 {
		t.Fatalf("no finding %q in area %q: %+v", name, area, d.Findings)
	}
	return d.Findings[i]
}

// Each kind of trouble with the caller has marks of its own: a refusal is
// about the credentials, silence is about the endpoint and says nothing of the
// credentials, throttling says nothing at all.
func TestDoctorMarksTheCaller(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind                  fault.Kind
		endpoint, credentials view.Mark
		failed                bool
	}{
		{fault.Denied, view.Info, view.Bad, true},
		{fault.NotFound, view.Info, view.Bad, true},
		{fault.Unavailable, view.Bad, view.Unknown, true},
		{fault.Timeout, view.Bad, view.Unknown, true},
		{fault.Throttled, view.Info, view.Unknown, false},
		{fault.Internal, view.Info, view.Bad, true},
	} {
		probed := false
		d, err := doctor(t, cloudPort{err: fault.Newf(c.kind, "ask who is calling: no").Hintf("do this"), probed: &probed})
		for _, area := range []string{"aws", "azure"} {
			endpoint, credentials := found(t, d, area, "endpoint"), found(t, d, area, "credentials")
			if endpoint.Mark != c.endpoint || credentials.Mark != c.credentials || found(t, d, area, "permissions").Mark != view.Unknown {
				t.Errorf("%s: %s: endpoint %s, credentials %s; want %s and %s, and unknown permissions", c.kind, area, endpoint.Mark, credentials.Mark, c.endpoint, c.credentials)
			}
			for _, f := range []view.Finding{endpoint, credentials} {
				if f.Mark == view.Bad && f.Mend != "do this" {
					t.Errorf("%s: %s: %q is not mended by %q", c.kind, area, f.Name, f.Mend)
				}
			}
		}
		if fault.Is(err, fault.Found) != c.failed || probed {
			t.Errorf("%s: error %v, probed %v; want failed %v and no probe", c.kind, err, probed, c.failed)
		}
	}
}

// Only a refusal is a "no". What was throttled or not answered is unknown, and
// unknown is neither a failed check nor a good one.
func TestDoctorMarksPermissions(t *testing.T) {
	t.Parallel()
	for kind, want := range map[fault.Kind]view.Mark{
		"": view.Good, fault.Denied: view.Bad, fault.Throttled: view.Unknown, fault.Unavailable: view.Unknown, fault.Timeout: view.Unknown, fault.Internal: view.Unknown,
	} {
		probe := cloud.Probe{Permission: "ec2:DescribeVpcs"}
		if kind != "" {
			probe.Err = fault.Of(kind, "try", probe.Permission, errors.New("no"))
		}
		d, err := doctor(t, cloudPort{caller: somebody(), probes: []cloud.Probe{probe}})
		f := found(t, d, "aws", probe.Permission)
		if f.Mark != want || (f.Mend == "") != (want == view.Good) {
			t.Errorf("%q: mark %s, mend %q; want %s", kind, f.Mark, f.Mend, want)
		}
		if want == view.Bad && !strings.Contains(f.Mend, probe.Permission) {
			t.Errorf("%q: mend %q does not name the permission", kind, f.Mend)
		}
		if fault.Is(err, fault.Found) != (want == view.Bad) {
			t.Errorf("%q: error %v", kind, err)
		}
		if found(t, d, "aws", "endpoint").Mark != view.Good || found(t, d, "aws", "credentials").Mark != view.Good {
			t.Errorf("%q: who answers has an endpoint and credentials: %+v", kind, d.Findings)
		}
	}
}

func TestDoctorComparesClocks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		server time.Time
		want   view.Mark
	}{
		{noon(), view.Good},
		{noon().Add(clockLimit), view.Good},
		{noon().Add(clockLimit + time.Second), view.Bad},
		{noon().Add(-clockLimit - time.Second), view.Bad},
		{time.Time{}, view.Unknown},
	} {
		caller := somebody()
		caller.ServerTime = c.server
		d, _ := doctor(t, cloudPort{caller: caller})
		f := found(t, d, "aws", "clock")
		if f.Mark != c.want || (f.Mark == view.Bad) != (f.Mend != "") {
			t.Errorf("server at %s: %s (%s), want %s", c.server, f.Mark, f.Mend, c.want)
		}
	}
}

// A port that could not be built is a failed check with the way on; the other
// areas are looked at all the same.
func TestDoctorWithoutPorts(t *testing.T) {
	t.Parallel()
	broken := fault.Newf(fault.Invalid, "no subscription is configured").Hintf("set target.subscription")
	a := New(Setup{Dir: t.TempDir(), Now: noon, Getenv: func(string) (string, bool) { return "", false }},
		Parts{SourceErr: broken, TargetErr: broken, WorkspaceErr: broken, CacheErr: broken})
	d, err := a.Doctor(t.Context())
	if !fault.Is(err, fault.Found) {
		t.Errorf("error %v, want found", err)
	}
	for _, at := range [][2]string{{"workspace", config.FileName}, {"tools", "cache folder"}, {"aws", "configuration"}, {"azure", "configuration"}} {
		if f := found(t, d, at[0], at[1]); f.Mark != view.Bad || f.Mend != "set target.subscription" {
			t.Errorf("%s: %+v", at[0], f)
		}
	}
	if d.Counts[view.Bad] != 4 {
		t.Errorf("%d failed checks counted, want 4", d.Counts[view.Bad])
	}
}

// The endpoint's line says where requests go and who decided that.
func TestDoctorNamesTheEndpoint(t *testing.T) {
	t.Parallel()
	settings, err := config.Load(config.Input{Path: "x", Data: []byte("schemaVersion: 1\nworkload: {name: shop}\n"), Flags: map[string]string{"source-endpoint": "http://127.0.0.1:9"}})
	if err != nil {
		t.Fatal(err)
	}
	variables := func(name string) (string, bool) { return "http://127.0.0.1:8", name == "AWS_ENDPOINT_URL" }
	for want, a := range map[string]*App{
		"http://127.0.0.1:9 (source.endpoint, flag --source-endpoint)": New(Setup{Getenv: variables}, Parts{Access: settings}),
		"http://127.0.0.1:8 (env AWS_ENDPOINT_URL)":                    New(Setup{Getenv: variables}, Parts{}),
		"the public cloud": New(Setup{Getenv: func(string) (string, bool) { return "", false }}, Parts{}),
	} {
		if got := a.endpointFinding("source.endpoint", "AWS_ENDPOINT_URL").Detail; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDoctorStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := New(Setup{Dir: t.TempDir(), Now: noon, Getenv: func(string) (string, bool) { return "", false }},
		Parts{Source: cloudPort{caller: somebody()}, Target: cloudPort{caller: somebody()}, WorkspaceErr: errors.New("none"), CacheDir: t.TempDir()})
	if _, err := a.Doctor(ctx); !fault.Is(err, fault.Canceled) {
		t.Errorf("error %v, want canceled", err)
	}
}
