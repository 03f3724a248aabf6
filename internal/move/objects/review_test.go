package objects_test

import (
	"context"
	"io"
	"maps"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/testkit/objectworld"
)

// deaf pays no heed to If-Match, as some servers with the API of S3.
type deaf struct{ object.Source }

func (d deaf) Open(ctx context.Context, ref object.Ref, span object.Span) (object.Head, io.ReadCloser, error) {
	ref.IfMatch = ""
	return d.Source.Open(ctx, ref, span)
}

func (d deaf) Head(ctx context.Context, ref object.Ref) (object.Head, error) {
	ref.IfMatch = ""
	return d.Source.Head(ctx, ref)
}

// An object that changes between two of its blocks is not put together of both,
// whatever the server says.
func TestNothingIsPutTogetherOfTwoVersions(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	opaque := func(seed int) {
		w.Put(&objectworld.Content{Object: object.Object{Key: "large"}, Body: body(seed, 10*block)})
	}
	opaque(1)
	n := 0
	w.Before = func(c objectworld.Call) error {
		if c.Op == "source.Open" {
			if n++; n == 5 {
				opaque(2)
			}
		}
		return nil
	}
	m, err := objects.New(objects.Ports{Source: deaf{w.Source()}, Target: w.Target(), Folder: t.TempDir()}, settings(), move.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Copy(t.Context(), objects.Pass{ID: "p"}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if _, there, _ := w.Blob("large"); string(there) != string(body(2, 10*block)) {
		t.Errorf("%d bytes that are neither", len(there))
	}
}

// What cannot be carried is refused where the policy says so, also when nobody
// knows what it is.
func TestHiddenMetadataFail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode name.Mode
		want manifest.Result
	}{{name.Fail, manifest.Refused}, {name.Exclude, manifest.Copied}} {
		w := &objectworld.World{}
		w.Add("a", []byte("x"))
		s := settings()
		s.Names.Metadata = c.mode
		m, err := objects.New(objects.Ports{Source: hiding{w.Source()}, Target: w.Target(), Folder: t.TempDir()}, s, move.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := m.Copy(t.Context(), objects.Pass{ID: "p"}, io.Discard)
		if err != nil || r.Counts.Results[c.want].Objects != 1 {
			t.Errorf("%q: %+v, %v", c.mode, r.Counts.Results, err)
		}
	}
}

// hiding is a source that holds metadata that it cannot answer.
type hiding struct{ object.Source }

func (h hiding) Open(ctx context.Context, ref object.Ref, span object.Span) (object.Head, io.ReadCloser, error) {
	head, body, err := h.Source.Open(ctx, ref, span)
	head.Hidden = 2
	return head, body, err
}

// A mark that goes along with other content of the same size vouches for nothing.
func TestMarksOnOtherContentAreNotBelieved(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	w.Add("a", []byte("right"))
	copyAll(t, w, settings())
	b, _, _ := w.Blob("a")
	_, err := w.Target().Put(t.Context(), object.Write{Name: "a", Metadata: maps.Clone(b.Metadata)}, []byte("wrong"), object.Sums{})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := verifyAll(t, w, settings(), objects.LevelListing); got["a"].Result != manifest.Different {
		t.Errorf("verified: %+v", got["a"])
	}
	got, _ := copyAll(t, w, settings())
	if _, there, _ := w.Blob("a"); got["a"].Result != manifest.Copied || string(there) != "right" {
		t.Errorf("%+v, there is %q", got["a"], there)
	}
}

// What was copied out of another bucket is not ours to delete.
func TestDeletesLeaveTheBlobsOfOtherBuckets(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	w.Add("theirs", []byte("x"))
	s := settings()
	s.Source = "s3://another/prefix"
	copyAll(t, w, s)
	w.Drop("theirs")
	w.Add("ours", []byte("y"))
	s = settings()
	s.Delete = objects.DeleteOurs
	m := newMover(t, w, s, objects.Ports{Folder: t.TempDir()})
	if plan, err := m.Plan(t.Context(), objects.Rates{}); err != nil || plan.Delete.Objects != 0 || plan.Extra.Objects != 1 {
		t.Errorf("%+v, %v", plan, err)
	}
	got, _ := copyAll(t, w, s)
	if _, _, there := w.Blob("theirs"); !there || got["theirs"].Result != manifest.Extra {
		t.Errorf("%+v, there %t", got["theirs"], there)
	}
}

// A shard that was finished under other settings is not taken for one of these.
func TestShardsOfOtherSettingsAreRefused(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	w.Add("a", []byte("x"))
	ports := objects.Ports{Folder: t.TempDir(), Journal: &journal{}}
	pass := objects.Pass{ID: "p"}
	m := newMover(t, w, settings(), ports)
	shards, err := m.Shards(t.Context(), pass)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.CopyShard(t.Context(), pass, shards[0]); err != nil {
		t.Fatal(err)
	}
	s := settings()
	s.Tags = true
	if _, err := newMover(t, w, s, ports).CopyShard(t.Context(), pass, shards[0]); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
}

// What is there and then gone and then there again while the target fetches it is
// fetched again.
func TestObjectsThatComeBackAreFetchedAgain(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	one := func(seed int) {
		w.Put(&objectworld.Content{Object: object.Object{Key: "a", ETag: []string{"x", "y"}[seed]}, Body: body(seed, 50)})
	}
	one(0)
	n := 0
	w.Before = func(c objectworld.Call) error {
		if c.Op == "target.StageFrom" {
			switch n++; n {
			case 2:
				one(1)
			case 3:
				one(0)
			}
		}
		if c.Op == "source.Head" && n == 2 {
			n++
			one(0)
		}
		return nil
	}
	s := settings()
	s.Path, s.ServerFrom = objects.ServerSide, 1
	got, _ := copyAll(t, w, s)
	if _, there, _ := w.Blob("a"); got["a"].Result != manifest.Copied || string(there) != string(body(0, 50)) {
		t.Errorf("%+v: other content is there: %t", got["a"], string(there) == string(body(1, 50)))
	}
}
