package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/testkit/objectkit"
)

// The whole of it, small: servers, buckets, both passes to both targets, a kill
// and the listings. The pipeline stands for all movers, since it is built in.
func TestCompare(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o, err := parse([]string{"--movers", "pipeline,azcopy", "--scale", "0.0001", "--runs", "1", "--dir", dir, "--out", filepath.Join(dir, "lines")})
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := compare(t.Context(), o, &page); err != nil {
		t.Fatalf("%v\n%s", err, page.String())
	}
	for _, want := range []string{"| sink | small | first copy | pipeline |", "| azurite | mid | no change | pipeline |", "| sink | big | first copy |", "kill -9", "| pipeline | 10000 |", "AzCopy: ", "versitygw 1.", "Commands:"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q in\n%s", want, page.String())
		}
	}
	text, err := os.ReadFile(o.out)
	if err != nil {
		t.Fatal(err)
	}
	var killed, after record
	n := 0
	for line := range strings.Lines(string(text)) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		n++
		switch {
		case r.Pass == passKill:
			killed = r
		case r.Pass == passAfter:
			after = r
		case r.Target == targetSink && r.Pass == passFirst && r.Sent != r.Bytes:
			t.Errorf("%s: %d bytes were sent of %d", r.Set, r.Sent, r.Bytes)
		case r.Target == targetSink && r.Pass == passAgain && (r.Sent != 0 || r.Requests["Put Blob"]+r.Requests["Put Block"]+r.Requests["Get Blob Properties"] != 0):
			t.Errorf("%s: a pass without a change asked for %v", r.Set, r.Requests)
		}
	}
	// Two sets to two targets, one to one, both passes; the kill; three listings.
	if n != 2*5+2+3 {
		t.Errorf("%d records", n)
	}
	if !killed.Killed || killed.Sent < killed.Bytes/2 || after.Sent >= after.Bytes || after.Exit != 0 {
		t.Errorf("killed: %+v\nafter: %+v", killed, after)
	}
}

// What is missing, too much, cut off or altered is no result.
func TestCheckFindsWhatDiffers(t *testing.T) {
	t.Parallel()
	s, err := start(t.Context(), t.TempDir(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}()
	of := set{name: "few", objects: 3, size: 100, prefixes: 1}
	want, err := s.store.fill(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{targetSink, targetAzurite} {
		to, err := s.place(t.Context(), target)
		if err != nil {
			t.Fatal(err)
		}
		defer to.close()
		folder := t.TempDir()
		c := mover{path: os.Args[0]}.pipeline(work{store: s.store, bucket: of.name, to: to, folder: folder})
		c.env = append(c.env, profileVariable+"="+folder)
		if err := to.check(t.Context(), want); err == nil {
			t.Errorf("%s: an empty container passed", target)
		}
		if _, err := launch(t.Context(), c, filepath.Join(folder, "log"), nil); err != nil {
			t.Fatal(err)
		}
		if err := to.check(t.Context(), want); err != nil {
			t.Errorf("%s: %v", target, err)
		}
		if err := to.proved(want); err != nil {
			t.Errorf("%s: %v", target, err)
		}
		if profiles, err := filepath.Glob(filepath.Join(folder, "*.pprof")); err != nil || len(profiles) != 2 {
			t.Errorf("profiles: %q, %v", profiles, err)
		}
		for name, change := range map[string]func(map[string]content){
			"one more":  func(m map[string]content) { m["more"] = content{size: 1} },
			"one less":  func(m map[string]content) { delete(m, of.key(0)) },
			"other bit": func(m map[string]content) { m[of.key(0)] = content{100, 1} },
			"cut off":   func(m map[string]content) { m[of.key(0)] = content{99, m[of.key(0)].crc} },
		} {
			other := map[string]content{}
			for key, one := range want {
				other[key] = one
			}
			change(other)
			if err := to.check(t.Context(), other); err == nil {
				t.Errorf("%s: %s passed", target, name)
			}
		}
	}
	bare := place{sink: objectkit.NewSink()}
	if err := bare.proved(want); err == nil {
		t.Error("what is not there counts as proved")
	}
}

// The bucket holds what the sums say, also of objects in parts.
func TestFill(t *testing.T) {
	t.Parallel()
	s, err := start(t.Context(), t.TempDir(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}()
	for _, of := range []set{{name: "whole", objects: 2, size: 1000, prefixes: 1}, {name: "parts", objects: 2, size: 11 << 20, prefixes: 1, part: 5 << 20}} {
		all, err := s.store.fill(t.Context(), of)
		if err != nil || len(all) != of.objects {
			t.Fatalf("%d objects, %v", len(all), err)
		}
		for i := range of.objects {
			body := make([]byte, of.size)
			of.noise(i).Read(body)
			if got, want := all[of.key(i)], (content{of.size, checksum.CRC64(body)}); got != want {
				t.Errorf("%s: %+v, want %+v", of.key(i), got, want)
			}
		}
	}
	if _, err := (store{url: s.store.url, key: rand.Text(), secret: "wrong"}).fill(t.Context(), set{name: "no", objects: 1, size: 1, prefixes: 1}); err == nil {
		t.Error("filled with a wrong key")
	}
}
