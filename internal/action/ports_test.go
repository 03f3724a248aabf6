package action_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/target"
)

// nameServer serves records on loopback, and returns its address.
func nameServer(t *testing.T, authoritative bool, records ...string) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		answer := new(dns.Msg)
		answer.SetReply(q)
		answer.Authoritative = authoritative
		for _, text := range records {
			rr, err := dns.NewRR(text)
			if err != nil {
				t.Error(err)
				continue
			}
			if rr.Header().Name == q.Question[0].Name && rr.Header().Rrtype == q.Question[0].Qtype {
				answer.Answer = append(answer.Answer, rr)
			}
		}
		_ = w.WriteMsg(answer)
	})}
	started := make(chan struct{})
	s.NotifyStartedFunc = func() { close(started) }
	go func() { _ = s.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _ = s.Shutdown() })
	return conn.LocalAddr().String()
}

func TestNames(t *testing.T) {
	t.Parallel()
	shop := "www.shop.example. 60 IN A 192.0.2.7"
	own := nameServer(t, true, shop, "www.shop.example. 60 IN A 192.0.2.8", "alias.shop.example. 300 IN CNAME Front.Azure.example.")
	cache := nameServer(t, false, shop, "www.shop.example. 17 IN A 192.0.2.8")
	old := nameServer(t, false, "www.shop.example. 3000 IN A 192.0.2.1")
	for name, c := range map[string]struct {
		inputs map[string]any
		wrong  string
	}{
		"all":                 {map[string]any{"route": "www.shop.example", "ttlSeconds": 60, "answers": []any{"192.0.2.7", "192.0.2.8"}, "servers": []any{own}, "resolvers": []any{cache}}, ""},
		"any":                 {map[string]any{"route": "www.shop.example", "anyOf": true, "answers": []any{"192.0.2.7", "192.0.2.8", "192.0.2.9"}, "servers": []any{own}}, ""},
		"an alias":            {map[string]any{"route": "alias.shop.example.", "type": "cname", "answers": []any{"front.azure.example"}, "servers": []any{own}}, ""},
		"one is missing":      {map[string]any{"route": "www.shop.example", "answers": []any{"192.0.2.9"}, "servers": []any{own}}, "not 192.0.2.9"},
		"one is elsewhere":    {map[string]any{"route": "www.shop.example", "anyOf": true, "answers": []any{"192.0.2.7"}, "servers": []any{own}}, "192.0.2.8, which is none"},
		"kept for too long":   {map[string]any{"route": "www.shop.example", "ttlSeconds": 30, "servers": []any{own}}, "60 s, and not for 30 s"},
		"a cache that is old": {map[string]any{"route": "www.shop.example", "ttlSeconds": 60, "servers": []any{own}, "resolvers": []any{old}}, "3000 s"},
		"not its own":         {map[string]any{"route": "www.shop.example", "servers": []any{cache}}, "not authoritative"},
		"no record":           {map[string]any{"route": "other.shop.example", "servers": []any{own}}, "no such record"},
		"no answer":           {map[string]any{"route": "www.shop.example", "servers": []any{"127.0.0.1:1"}}, "ask"},
		"no type":             {map[string]any{"route": "www.shop.example", "type": "X"}, "no type of records"},
		"no resolver":         {map[string]any{"route": "www.shop.example"}, "no resolver is known"},
	} {
		r := action.Run(t.Context(), action.Names{}, call(action.KindDNS, c.inputs), false)
		want := runbook.Succeeded
		if c.wrong != "" {
			want = runbook.NoEffect
		}
		if r.Outcome != want || !strings.Contains(r.Detail, c.wrong) {
			t.Errorf("%s: %s (%s), want %s (%s)", name, r.Outcome, r.Detail, want, c.wrong)
		}
	}
}

// The servers of a zone are found from the name upwards.
func TestNameServersAreFound(t *testing.T) {
	t.Parallel()
	own := nameServer(t, true, "www.shop.example. 60 IN A 192.0.2.7")
	_, port, _ := net.SplitHostPort(own)
	resolver := nameServer(t, false, "shop.example. 60 IN NS ns1.example.", "ns1.example. 60 IN A 127.0.0.1", "www.shop.example. 5 IN A 192.0.2.7")
	a := action.Names{Resolvers: []string{resolver}, Port: port}
	r := action.Run(t.Context(), a, call(action.KindExpired, map[string]any{"route": "www.shop.example", "ttlSeconds": 60}), false)
	if r.Outcome != runbook.Succeeded || len(r.Evidence) != 2 || r.Evidence[0].Data["authoritative"] != "true" || r.Evidence[1].Data["ttl"] != "5" {
		t.Errorf("%s: %s, %+v", r.Outcome, r.Detail, r.Evidence)
	}
	r = action.Run(t.Context(), a, call(action.KindExpired, map[string]any{"route": "www.other.test"}), false)
	if r.Outcome != runbook.NoEffect || !strings.Contains(r.Detail, "find the name servers") {
		t.Errorf("%s: %s", r.Outcome, r.Detail)
	}
}

type watched struct {
	changes []action.SourceChange
	looked  int
	unread  []string
	err     error
}

func (w watched) Changes(context.Context) ([]action.SourceChange, int, []string, error) {
	return w.changes, w.looked, w.unread, w.err
}

func TestUnchanged(t *testing.T) {
	t.Parallel()
	change := []action.SourceChange{{ID: "arn:a", What: "changed", Properties: []string{"Size"}}}
	for name, c := range map[string]struct {
		source watched
		inputs map[string]any
		want   runbook.Outcome
	}{
		"as it was":  {watched{looked: 5}, nil, runbook.Succeeded},
		"changed":    {watched{looked: 5, changes: change}, nil, runbook.NoEffect},
		"announced":  {watched{looked: 5, changes: change}, map[string]any{"announced": []any{"arn:a"}}, runbook.Succeeded},
		"unread":     {watched{looked: 5, unread: []string{"rds"}}, nil, runbook.NoEffect},
		"nothing":    {watched{}, nil, runbook.NoEffect},
		"not looked": {watched{err: fault.Newf(fault.Throttled, "scan")}, nil, runbook.NoEffect},
	} {
		r := action.Run(t.Context(), action.Unchanged{Source: c.source}, call(action.KindUnchanged, c.inputs), false)
		if r.Outcome != c.want {
			t.Errorf("%s: %s (%s)", name, r.Outcome, r.Detail)
		}
		if c.source.err == nil && (len(r.Evidence) != 1 || r.Evidence[0].Data["compared"] != fmt.Sprint(c.source.looked)) {
			t.Errorf("%s: evidence %+v", name, r.Evidence)
		}
	}
}

type dialled []action.Connection

func (d dialled) Connections(_ context.Context, _ string, progress func(done, total int)) ([]action.Connection, error) {
	progress(len(d), len(d))
	return d, nil
}

func TestConnections(t *testing.T) {
	t.Parallel()
	open, shut := action.Connection{ID: "a", Expected: true, Tried: true, Passed: true}, action.Connection{ID: "b", Tried: true, Passed: true}
	leak, untried := action.Connection{ID: "c", Tried: true, Detail: "open"}, action.Connection{ID: "d", Expected: true}
	for name, c := range map[string]struct {
		all    dialled
		inputs map[string]any
		wrong  string
	}{
		"both ways":       {dialled{open, shut}, nil, ""},
		"nothing to deny": {dialled{open}, map[string]any{"onlyAllowed": true}, ""},
		"no denial tried": {dialled{open}, nil, "none is tried that must be refused"},
		"a leak":          {dialled{open, shut, leak}, nil, "c (open)"},
		"one not tried":   {dialled{open, shut, untried}, nil, "1 were not tried"},
		"none at all":     {dialled{}, nil, "there are none"},
	} {
		r := action.Run(t.Context(), action.Connections{Connector: c.all}, call(action.KindConnections, c.inputs), false)
		if (r.Outcome == runbook.Succeeded) != (c.wrong == "") || !strings.Contains(r.Detail, c.wrong) {
			t.Errorf("%s: %s (%s)", name, r.Outcome, r.Detail)
		}
	}
}

// estate is a target in memory: what is deployed stands there.
type estate struct {
	want, stands []cloud.ResourceID
	fingerprint  string
	fail         error // of the deployment, after half of it
	untold       bool
	underWay     bool
	delete       bool
	checks       []target.Check
	deployed     int
}

func (e *estate) Landing(context.Context, string) (action.Landing, error) { return e, nil }

func (e *estate) Preflight(context.Context) ([]target.Check, error) { return e.checks, nil }

func (e *estate) there(id cloud.ResourceID) bool {
	for _, s := range e.stands {
		if s == id {
			return true
		}
	}
	return false
}

func (e *estate) WhatIf(context.Context) (action.Preview, error) {
	p := action.Preview{Fingerprint: e.fingerprint, UnderWay: e.underWay}
	for _, id := range e.want {
		c := target.Change{ID: id, Action: target.Create}
		if e.there(id) {
			c.Action = target.None
		}
		if e.untold {
			c.Action = target.Unsupported
		}
		p.Changes = append(p.Changes, c)
	}
	if e.delete {
		p.Changes = append(p.Changes, target.Change{ID: "other", Action: target.Delete})
	}
	return p, nil
}

func (e *estate) Deploy(_ context.Context, progress target.Progress) ([]target.Outcome, error) {
	e.deployed++
	for k, id := range e.want {
		if e.fail != nil && k == len(e.want)/2 {
			return nil, e.fail
		}
		if !e.there(id) {
			e.stands = append(e.stands, id)
		}
		progress(k, len(e.want), string(id))
	}
	return []target.Outcome{{Name: "d", State: "Succeeded"}}, nil
}

func (e *estate) ReadBack(context.Context) (action.ReadBack, error) {
	var b action.ReadBack
	for _, id := range e.want {
		if !e.there(id) {
			b.Missing = append(b.Missing, string(id))
			continue
		}
		b.Resources++
	}
	return b, nil
}

func TestDeploy(t *testing.T) {
	t.Parallel()
	two := []cloud.ResourceID{"/vnet", "/vm"}
	quota := fault.Newf(fault.Refused, "deploy: quota")
	for name, c := range map[string]struct {
		e        estate
		preview  string
		want     runbook.Outcome
		final    bool
		deployed int
	}{
		"into nothing":           {estate{want: two, fingerprint: "sha256:1"}, "sha256:1", runbook.Succeeded, false, 1},
		"is there":               {estate{want: two, stands: two}, "sha256:old", runbook.Succeeded, false, 0},
		"half of it is there":    {estate{want: two, stands: two[:1]}, "", runbook.Succeeded, false, 1},
		"not what was approved":  {estate{want: two, fingerprint: "sha256:2"}, "sha256:1", runbook.NoEffect, true, 0},
		"under way already":      {estate{want: two, fingerprint: "sha256:2", underWay: true}, "sha256:1", runbook.Succeeded, false, 1},
		"would delete":           {estate{want: two, delete: true}, "", runbook.NoEffect, true, 0},
		"fails half way":         {estate{want: two, fail: quota}, "", runbook.BadEffect, true, 1},
		"cannot say, not there":  {estate{want: two, untold: true}, "", runbook.Succeeded, false, 1},
		"cannot say, and stands": {estate{want: two, stands: two, untold: true}, "", runbook.Succeeded, false, 0},
	} {
		inputs := map[string]any{"environment": "prod"}
		if c.preview != "" {
			inputs["preview"] = c.preview
		}
		r := action.Run(t.Context(), action.Deploy{Landings: &c.e}, call(action.KindDeploy, inputs), false)
		if r.Outcome != c.want || r.Final != c.final || c.e.deployed != c.deployed {
			t.Errorf("%s: %s (%s), final %v, deployed %d times", name, r.Outcome, r.Detail, r.Final, c.e.deployed)
		}
		if r.Outcome == runbook.Succeeded && r.Evidence[0].Data["resources"] != "2" {
			t.Errorf("%s: evidence %+v", name, r.Evidence)
		}
	}
	if _, err := (action.Deploy{}).Undo(t.Context(), call(action.KindDeploy, nil)); !fault.Is(err, fault.Unsupported) {
		t.Errorf("undo answered %v", err)
	}
}

// A deployment that is cut off at any moment and begun anew ends the same, with
// each resource there once.
func TestDeployIsCutOff(t *testing.T) {
	t.Parallel()
	for _, point := range action.Points() {
		e := &estate{want: []cloud.ResourceID{"/a", "/b", "/c"}}
		c := call(action.KindDeploy, nil)
		c.Failpoint = func(at string) {
			if at == point {
				panic("cut off")
			}
		}
		if r := action.Run(t.Context(), action.Deploy{Landings: e}, c, false); r.Outcome != runbook.Unknown {
			t.Errorf("%s: %s", point, r.Outcome)
		}
		c.Failpoint = nil
		if r := action.Run(t.Context(), action.Deploy{Landings: e}, c, false); r.Outcome != runbook.Succeeded || len(e.stands) != 3 || e.deployed != 1 {
			t.Errorf("%s: %s, %v stand, deployed %d times", point, r.Outcome, e.stands, e.deployed)
		}
	}
}

func TestLandingZone(t *testing.T) {
	t.Parallel()
	ok := target.Check{Name: "providers", Status: target.OK}
	e := &estate{checks: []target.Check{ok}}
	if r := action.Run(t.Context(), action.LandingZone{Landings: e}, call(action.KindLandingZone, nil), false); r.Outcome != runbook.Succeeded {
		t.Errorf("%s: %s", r.Outcome, r.Detail)
	}
	e.checks = append(e.checks, target.Check{Name: "quota", Status: target.Unknown, Detail: "nobody may look", Do: "ask for it"})
	if r := action.Run(t.Context(), action.LandingZone{Landings: e}, call(action.KindLandingZone, nil), false); r.Outcome != runbook.NoEffect || !strings.Contains(r.Detail, "ask for it") {
		t.Errorf("%s: %s", r.Outcome, r.Detail)
	}
}
