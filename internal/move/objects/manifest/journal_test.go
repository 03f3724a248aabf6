package manifest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/manifest"
)

// again takes a value through JSON, as the journal and the ledger do.
func again[T any](t *testing.T, v T) T {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// What a killed run left in its journal is joined by the next one to the same
// manifest, byte for byte: empty segments, keys that are no text, disorder.
func TestSegmentsComeBackFromTheJournal(t *testing.T) {
	t.Parallel()
	all := lines(30)
	odd := []manifest.Line{{Key: "\xff<&>", Result: manifest.Refused}, {Key: "\xffb", Result: manifest.Extra, Size: 1 << 62}}
	parts := []manifest.Part{part(t, "a", all[:10]), part(t, "", nil), part(t, "b/\u2028<", []manifest.Line{all[12], all[11]}), part(t, "z", odd)}
	want, summary := file(t, parts...)
	for i := range parts {
		parts[i].File = again(t, parts[i].File)
	}
	got, second := file(t, parts...)
	if !bytes.Equal(got, want) || second.Digest != summary.Digest {
		t.Error("from the journal it is another manifest")
	}
	read, s, err := readAll(got)
	if err != nil || len(read) != 14 || read[12].Key != odd[0].Key || s.Digest != summary.Digest {
		t.Errorf("%d lines, %v", len(read), err)
	}
	if kept := again(t, summary); kept.Digest != summary.Digest || kept.Statement() != summary.Statement() || kept.End.Counts.Lines != 14 {
		t.Errorf("the ledger keeps %+v", kept)
	}
}

// A proof is given away as JSON.
func TestProofsComeBackFromJSON(t *testing.T) {
	t.Parallel()
	all := lines(6)
	b, summary := file(t, part(t, "a", all))
	signed := bytes.NewBuffer(b)
	if _, err := manifest.Sign(context.Background(), signed, summary, newKeyring(3)); err != nil {
		t.Fatal(err)
	}
	proof, err := manifest.Prove(bytes.NewReader(signed.Bytes()), all[4].Key, all[4].Version)
	if err != nil {
		t.Fatal(err)
	}
	line, s, err := again(t, proof).Check()
	if err != nil || !reflect.DeepEqual(line, all[4]) {
		t.Fatalf("%+v, %v", line, err)
	}
	if err := s.Verify(newKeyring(3)); err != nil {
		t.Errorf("the signature does not hold with the proof alone: %v", err)
	}
	if err := s.Verify(newKeyring(4)); !fault.Is(err, fault.Denied) {
		t.Errorf("another key verifies it: %v", err)
	}
}

// Only what the target has counts as good, and only what is good has a proof
// that counts.
func TestWhatIsGood(t *testing.T) {
	t.Parallel()
	good := map[manifest.Result]bool{manifest.Copied: true, manifest.Same: true, manifest.Deleted: true}
	for _, r := range manifest.Results() {
		if r.Good() != good[r] {
			t.Errorf("%s is good: %v", r, r.Good())
		}
		counts := part(t, "a", []manifest.Line{{Key: "k", Size: 5, Result: r}}).File.Segment.Counts
		_, proved := counts.Proofs["unproved"]
		if proved != (good[r] && r != manifest.Deleted) || counts.Results[r] != (manifest.Count{Objects: 1, Bytes: 5}) || counts.Lines != 1 {
			t.Errorf("%s: %+v", r, counts)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b, _ := file(t, part(t, "a", lines(2)))
	before, _ := manifest.Open(bytes.NewReader(b))
	after, _ := manifest.Open(bytes.NewReader(b))
	defer before.Close()
	defer after.Close()
	if _, err := manifest.Compare(ctx, before, after, nil); !fault.Is(err, fault.Canceled) {
		t.Errorf("a comparison that was stopped gives %v", err)
	}
}
