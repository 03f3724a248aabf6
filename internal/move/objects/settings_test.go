package objects_test

import (
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/testkit/objectworld"
)

func TestSettingsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	for name, s := range map[string]objects.Settings{
		"delete":           {Delete: "some"},
		"path":             {Path: "other"},
		"ours, but unseen": {Delete: objects.DeleteOurs, NoMark: true},
		"block":            {Block: 5 << 30},
		"days":             {RestoreDays: -1},
		"mode":             {Names: name.Policy{Keys: "maybe"}},
	} {
		_, err := objects.New(objects.Ports{Source: w.Source(), Target: w.Target(), Folder: t.TempDir()}, s, move.Limits{})
		if !fault.Is(err, fault.Usage) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	m := newMover(t, w, objects.Settings{}, objects.Ports{Folder: t.TempDir()})
	for _, id := range []string{"", "a/b", "é"} {
		if _, err := m.Copy(t.Context(), objects.Pass{ID: id}, nil); !fault.Is(err, fault.Usage) {
			t.Errorf("a pass called %q: %v", id, err)
		}
	}
}

func TestFingerprintsTellSettingsApart(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range []objects.Settings{{}, {Source: "s3://a"}, {Tags: true}, {Delete: objects.DeleteAll}, {Names: name.Policy{SourcePrefix: "a"}}, {Names: name.Policy{TargetPrefix: "a"}}} {
		if f := s.Fingerprint(); seen[f] || f != s.Fingerprint() {
			t.Errorf("%+v has the fingerprint of another", s)
		} else {
			seen[f] = true
		}
	}
}
