package view

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/move"
)

func textOf(r Result) string {
	var b bytes.Buffer
	r.Text(NewPaper(&b, false))
	return b.String()
}

func TestMovedText(t *testing.T) {
	t.Parallel()
	r := Moved{
		Verb: "verify", Level: "full", Source: "s3://b", Target: "az://a/c", Run: "r1", Resumed: true, Began: "then", Notes: []string{"a note"},
		Results: []MoveCount{{Name: "same", Objects: 2, Bytes: 2048, Good: true}, {Name: "missing", Objects: 1, Bytes: 5}, {Name: "extra"}},
		Proofs:  []MoveCount{{Name: "read", Objects: 1, Bytes: 1, Good: true}, {Name: "unproved", Objects: 1, Bytes: 1}},
		Losses:  1, First: []MoveLine{{Key: "k\n", Version: "v", Result: "missing", Reason: "there is\nno blob"}}, Manifest: "m", Digest: "d", Key: "SHA256:x", Seconds: 2, Next: "do it",
	}
	got := textOf(r)
	for _, want := range []string{
		"verify (full) s3://b -> az://a/c, run r1, gone on with since then", "info    a note", "ok      same       2 objects, 2.0 KiB", "fail    missing    1 object, 5 B",
		"of these, 1 object, 1 B: both sides were read", "warn    of these, 1 object, 1 B: nothing that both sides say", "1 object is not in every form", `missing    "k\n" version v: there is no blob`,
		"manifest m", "d, signed with SHA256:x", "next: do it",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "extra") {
		t.Error("a count of nothing is shown")
	}
	for _, proof := range []string{"recorded", "bound"} {
		if proofWords(proof) == proofWords("unproved") {
			t.Errorf("%s is no proof", proof)
		}
	}
	if got := textOf(Moved{Verb: "plan", Plan: &MovePlan{Fingerprint: "sha256:f", Counts: []MoveCount{{Name: "to copy", Objects: 1, Good: true}, {Name: "cannot be moved", Objects: 1}}, Named: []MoveLine{{Key: "k", Result: "refused", Reason: "rule"}}}}); !strings.Contains(got, "fingerprint sha256:f") || !strings.Contains(got, "warn    cannot be moved") || !strings.Contains(got, `refused    "k": rule`) {
		t.Error(got)
	}
	if got := textOf(ManifestChecked{File: "m", Verb: "copy", Digest: "d", Entry: 4, Signatures: []ManifestSigned{{By: "w", Key: "k", Known: "known"}}}); !strings.Contains(got, "m is whole") || !strings.Contains(got, "ledger entry 4") || !strings.Contains(got, "signed by w with k, known") {
		t.Error(got)
	}
}

func TestMovingProgress(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	var b bytes.Buffer
	m := NewProgress(&b, false, func() time.Time { return now }).Moving()
	p := move.Progress{Doing: "copy", Items: 5, TotalItems: 10, Bytes: 1024, TotalBytes: 4096, ItemsPerSecond: 2, BytesPerSecond: 512, Left: 3 * time.Second, Refused: 1, Failed: 2, Slowed: "paused"}
	m.Set(p)
	if b.Len() > 0 {
		t.Errorf("too early: %q", b.String())
	}
	now = now.Add(plainEvery)
	m.Set(p)
	if got, want := b.String(), "copy: 5 of 10+ objects, 1.0 KiB of 4.0 KiB+, 2 objects/s, 512 B/s, ETA 3s, 1 not moved, 2 failed, paused\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	m.Say("a word")
	m.Done()
	if !strings.HasSuffix(b.String(), "a word\ncopy: 5 of 10+ objects, 1.0 KiB of 4.0 KiB+, 2 objects/s, 512 B/s, 1 not moved, 2 failed\n") {
		t.Errorf("%q", b.String())
	}
	b.Reset()
	on := NewProgress(&b, true, func() time.Time { return now }).Moving()
	on.Set(p)
	on.Say("a word")
	if got := b.String(); !strings.HasPrefix(got, "\r\x1b[Kcopy: 5 of 10+") || !strings.HasSuffix(got, "\r\x1b[Ka word\n") {
		t.Errorf("%q", got)
	}
}
