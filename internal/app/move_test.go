package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store/journal"
)

func TestParseSides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ source, target, bucket, from, account, container, to string }{
		{"s3://b", "az://acc/con", "b", "", "acc", "con", ""},
		{"s3://b/", "az://acc/con/", "b", "", "acc", "con", ""},
		{"s3://b/p/q", "az://acc/con/r", "b", "p/q", "acc", "con", "r"},
		{"s3://b/a?b#c%2F é", "az://acc/con/x//y", "b", "a?b#c%2F é", "acc", "con", "x//y"},
		{"s3://arn:aws:s3:us-east-1:123456789012:accesspoint/ap/p/q", "az://acc/$web", "arn:aws:s3:us-east-1:123456789012:accesspoint/ap", "p/q", "acc", "$web", ""},
	} {
		s, err := parseSides(c.source, c.target)
		if err != nil || s.bucket != c.bucket || s.sourcePrefix != c.from || s.account != c.account || s.container != c.container || s.targetPrefix != c.to {
			t.Errorf("%s %s: %+v %v", c.source, c.target, s, err)
		}
	}
	for _, bad := range [][2]string{{"b", "az://acc/con"}, {"s3://", "az://acc/con"}, {"s3:///k", "az://acc/con"}, {"s3://b", "acc/con"}, {"s3://b", "az://acc"}, {"s3://b", "az://ACC/con"}, {"s3://b", "az://acc/Con"}, {"s3://b", "az://acc/c"}, {"s3://arn:aws:s3:r:1:accesspoint", "az://acc/con"}} {
		if _, err := parseSides(bad[0], bad[1]); !fault.Is(err, fault.Usage) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	a, _ := parseSides("s3://b", "az://acc/con")
	b, _ := parseSides("s3://b", "az://acc/con/x")
	if a.hash() == b.hash() || len(a.hash()) != 16 {
		t.Errorf("%s %s", a.hash(), b.hash())
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		when, err := time.Parse("15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for schedule, c := range map[string]map[string]bool{
		"22:00-06:00": {"21:59": false, "22:00": true, "00:00": true, "05:59": true, "06:00": false, "12:00": false},
		"09:30-17:00": {"09:29": false, "09:30": true, "16:59": true, "17:00": false, "00:00": false},
	} {
		s, err := parseSchedule(schedule)
		if err != nil {
			t.Fatal(err)
		}
		for when, want := range c {
			if s.open(at(when)) != want {
				t.Errorf("%s at %s: %t", schedule, when, !want)
			}
		}
	}
	if s, err := parseSchedule("22:05-06:00"); err != nil || s.begins() != "22:05" {
		t.Errorf("%v %v", s, err)
	}
	if s, err := parseSchedule(""); s != nil || err != nil {
		t.Errorf("%v %v", s, err)
	}
	for _, bad := range []string{"22-06", "24:00-06:00", "22:60-06:00", "06:00-06:00", "22:00"} {
		if _, err := parseSchedule(bad); !fault.Is(err, fault.Usage) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestMoveOptions(t *testing.T) {
	t.Parallel()
	pair, err := parseSides("s3://b/p", "az://acc/con/q")
	if err != nil {
		t.Fatal(err)
	}
	s, err := MoveOptions{Delete: "marked", ServerSide: "auto", Names: "rename", Metadata: "fail", Include: []string{"*.jpg"}, Exclude: []string{"x"}, RestoreDays: 3, Tags: true}.settings(pair, name.Account{Premium: true})
	if err != nil {
		t.Fatal(err)
	}
	if s.Delete != objects.DeleteOurs || s.Path != objects.EitherPath || s.Names.Keys != name.Rename || s.Names.Metadata != name.Fail || s.Names.Tags != name.Fail || s.RestoreDays != 3 || !s.Tags ||
		s.Names.SourcePrefix != "p" || s.Names.TargetPrefix != "q" || !s.Names.Account.Premium || strings.Join(s.Chosen, ",") != "--include *.jpg,--exclude x" {
		t.Errorf("%+v", s)
	}
	for _, bad := range []MoveOptions{{Delete: "some"}, {ServerSide: "perhaps"}, {Names: "x"}, {Metadata: "x"}} {
		if _, err := bad.settings(pair, name.Account{}); !fault.Is(err, fault.Usage) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	l, err := MoveOptions{MaxMbps: 8, MaxRequests: 5, MaxCost: 2, Requests: 7, BuffersMiB: 3}.limits()
	if err != nil || l != (move.Limits{BytesPerSecond: 1e6, RequestsPerSecond: 5, Cost: 2, Requests: 7, Buffers: 3 << 20}) {
		t.Errorf("%+v %v", l, err)
	}
	for _, bad := range []MoveOptions{{MaxMbps: -1}, {Requests: 1 << 20}, {BuffersMiB: -1}, {RestoreDays: -1}} {
		if _, err := bad.limits(); !fault.Is(err, fault.Usage) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	for _, bad := range []MoveOptions{{DryRun: true, Follow: true}, {DryRun: true, Plan: "x"}, {Follow: true, Final: true}, {Events: "q"}, {Follow: true, Delete: "all", Plan: "x"}} {
		if err := bad.consistent(); !fault.Is(err, fault.Usage) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if err := (MoveOptions{Delete: "all"}).consistent(); !fault.Is(err, fault.Refused) {
		t.Errorf("a deletion without a plan: %v", err)
	}
	for text, want := range map[string]objects.Level{"": objects.LevelHead, "bound": objects.LevelHead, "listing": objects.LevelListing, "full": objects.LevelFull} {
		if got, err := levelOf(text); err != nil || got != want || text != "" && levelWord(got) != text {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
}

// What has to be agreed to is in the fingerprint, and how much there is to copy
// is not.
func TestPlanFingerprint(t *testing.T) {
	t.Parallel()
	p := objects.Plan{Fingerprint: "a"}
	before := planFingerprint(p)
	p.Copy = manifest.Count{Objects: 7}
	if planFingerprint(p) != before {
		t.Error("more to copy is another plan")
	}
	p.Delete = manifest.Count{Objects: 1}
	if planFingerprint(p) == before {
		t.Error("more to delete is the same plan")
	}
}

func TestContainerOf(t *testing.T) {
	t.Parallel()
	const account = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/stshop"
	for id, want := range map[string][2]string{
		account + "/blobServices/default/containers/covers": {"stshop", "covers"},
		account: {"stshop", "bucket"},
	} {
		if a, c, err := containerOf(id, "bucket"); err != nil || a != want[0] || c != want[1] {
			t.Errorf("%s: %s %s %v", id, a, c, err)
		}
	}
	if _, _, err := containerOf("/subscriptions/s", "b"); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	a := &App{}
	if name, err := a.bucketOf("arn:aws:s3:::covers"); err != nil || name != "covers" {
		t.Errorf("%q %v", name, err)
	}
}

func TestPassesAreLockedAndGoneOnWith(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 1, 12, 0, 0, 5e6, time.UTC)
	s := moveState{dir: t.TempDir()}
	if err := s.make(); err != nil {
		t.Fatal(err)
	}
	o := journal.Options{Now: func() time.Time { return now }}
	j, pass, resumed, err := s.openPass(verbCopy, "a", o)
	if err != nil || resumed || pass.Run != "20270301T120000005Z" {
		t.Fatalf("%+v %t %v", pass, resumed, err)
	}
	release, err := s.lock(verbCopy)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.lock(verbCopy); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "another landfall") {
		t.Errorf("a second process: %v", err)
	}
	beside, err := s.lock(verbVerify)
	if err != nil {
		t.Fatalf("a verification beside it: %v", err)
	}
	beside()
	release()
	if release, err = s.lock(verbCopy); err != nil {
		t.Fatalf("after it: %v", err)
	}
	release()
	other, _, _, err := s.openPass(verbVerify, "a", o)
	if err != nil {
		t.Fatalf("a verification beside it: %v", err)
	}
	defer other.Close() //nolint:errcheck // the test ends
	if err := keepPass(j, pass); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	j, again, resumed, err := s.openPass(verbCopy, "a", o)
	if err != nil || !resumed || again != pass {
		t.Fatalf("%+v %t %v", again, resumed, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j, fresh, resumed, err := s.openPass(verbCopy, "other settings", o)
	if err != nil || resumed || fresh.Run == pass.Run {
		t.Errorf("%+v %t %v", fresh, resumed, err)
	}
	if err := j.Discard(); err != nil {
		t.Fatal(err)
	}
	// What passes that nobody goes on with have left is cleared away.
	for _, left := range []string{"copy-old", "verify-old"} {
		if err := os.Mkdir(filepath.Join(s.dir, "parts", left), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.parts(verbCopy, "new"); err != nil {
		t.Fatal(err)
	}
	if all, _ := filepath.Glob(filepath.Join(s.dir, "parts", "*")); len(all) != 2 || filepath.Base(all[0]) != "copy-new" || filepath.Base(all[1]) != "verify-old" {
		t.Errorf("%v", all)
	}
}

// slowMover is a mover whose copies take as long as the test wants.
type slowMover struct {
	action.ObjectMover
	copied bool
	left   int64
	copies int
	tick   func()
}

func (m *slowMover) Look(context.Context, action.ObjectSet) (action.ObjectsSeen, error) {
	return action.ObjectsSeen{Left: m.left}, nil
}

func (m *slowMover) Last(context.Context, action.ObjectSet) (action.ObjectsDone, bool, error) {
	return action.ObjectsDone{}, m.copied, nil
}

func (m *slowMover) Copy(context.Context, action.ObjectSet, func(move.Progress)) (action.ObjectsDone, error) {
	m.copies++
	m.tick()
	return action.ObjectsDone{Counts: map[string]int64{"changing": m.left}}, nil
}

func TestLag(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	m := &slowMover{tick: func() { now = now.Add(3 * time.Second) }}
	a := &App{setup: Setup{Now: func() time.Time { return now }}}
	a.CacheDir = t.TempDir()
	set := runbook.DataSet{ID: "bucket:covers", Kind: "objects", Source: "arn:aws:s3:::covers", Target: "/x/storageAccounts/stshop/blobServices/default/containers/covers"}
	l := &lags{app: a, mover: m, set: func(string) (runbook.DataSet, error) { return set, nil }}
	lag := runbook.Fact{Name: "lag_seconds", Source: "lag", Inputs: map[string]any{"data": set.ID}}
	if _, err := l.Measure(t.Context(), lag); !fault.Is(err, fault.Unavailable) || m.copies != 0 {
		t.Errorf("no gate begins a copy: %v, %d", err, m.copies)
	}
	m.copied = true
	if got, err := l.Measure(t.Context(), lag); err != nil || got.Value != 3.0 || got.Unix != now.Unix() || m.copies != 1 {
		t.Errorf("%+v %v", got, err)
	}
	m.left = 2
	if got, err := l.Measure(t.Context(), lag); !fault.Is(err, fault.Unavailable) {
		t.Errorf("with changes that could not be copied: %+v %v", got, err)
	}
	copies := m.copies
	remaining := runbook.Fact{Name: "remaining", Source: "lag", Inputs: map[string]any{"data": set.ID, "of": "changes"}}
	if got, err := l.Measure(t.Context(), remaining); err != nil || got.Value != 2.0 || m.copies != copies {
		t.Errorf("behind the fence: %+v %v, %d copies", got, err, m.copies-copies)
	}
	// A process that follows is taken at its word, as long as that is fresh.
	pair, _ := parseSides("s3://covers", "az://stshop/covers")
	state, err := a.moveState(pair)
	if err == nil {
		err = state.make()
	}
	if err == nil {
		err = state.write(lagFile, lagNow{At: now, OldestSeconds: 0.5, Listed: now.Add(-9 * time.Second), Events: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, err := l.Measure(t.Context(), lag); err != nil || got.Value != 0.5 || m.copies != copies {
		t.Errorf("%+v %v", got, err)
	}
	if err := state.write(lagFile, lagNow{At: now, OldestSeconds: 0.5, Listed: now.Add(-9 * time.Second)}); err != nil {
		t.Fatal(err)
	}
	if got, err := l.Measure(t.Context(), lag); err != nil || got.Value != 9.0 {
		t.Errorf("without events: %+v %v", got, err)
	}
	now = now.Add(time.Hour)
	m.left = 0
	if got, err := l.Measure(t.Context(), lag); err != nil || got.Value != 3.0 {
		t.Errorf("an old word: %+v %v", got, err)
	}
	set.Kind = "mysql"
	if _, err := l.Measure(t.Context(), lag); !fault.Is(err, fault.Unsupported) {
		t.Error(err)
	}
}
