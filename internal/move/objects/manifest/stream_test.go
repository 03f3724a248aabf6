package manifest_test

import (
	"bytes"
	"context"
	"io"
	"reflect"
	"strconv"
	"syscall"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/manifest"
)

// full is a disk with room for some bytes.
type full struct{ room int }

func (f *full) Write(b []byte) (int, error) {
	if len(b) > f.room {
		n := f.room
		f.room = 0
		return n, syscall.ENOSPC
	}
	f.room -= len(b)
	return len(b), nil
}

// However much room a disk has left: a segment, a manifest or a signature that
// did not fit is an error of the disk, and never a success.
func TestAFullDiskIsNeverASuccess(t *testing.T) {
	t.Parallel()
	write := func(room int) error {
		w, err := manifest.NewSegment(&full{room}, "a")
		if err != nil {
			return err
		}
		defer w.Abandon()
		for _, l := range lines(3) {
			if err := w.Add(l); err != nil {
				return err
			}
		}
		_, err = w.Close()
		return err
	}
	p := part(t, "a", lines(3))
	join := func(room int) error {
		_, err := manifest.Join(context.Background(), &full{room}, head(), []manifest.Part{p})
		return err
	}
	_, summary := file(t, p)
	sign := func(room int) error {
		_, err := manifest.Sign(context.Background(), &full{room}, summary, newKeyring(1))
		return err
	}
	for what, try := range map[string]func(int) error{"segment": write, "join": join, "sign": sign} {
		room := 0
		for ; room < 1<<14; room += 37 {
			err := try(room)
			if err == nil {
				break
			}
			if !fault.Is(err, fault.Storage) {
				t.Fatalf("%s with room for %d bytes: %v", what, room, err)
			}
		}
		if room == 0 || room >= 1<<14 {
			t.Errorf("%s: it fits into %d bytes", what, room)
		}
	}
}

// Bytes may come one at a time or with the end; an error of the disk is one of
// the disk, and no damage.
func TestReadersOfAllManners(t *testing.T) {
	t.Parallel()
	want := lines(20)
	b, _ := file(t, part(t, "a", want))
	for what, from := range map[string]io.Reader{
		"one byte": iotest.OneByteReader(bytes.NewReader(b)), "half": iotest.HalfReader(bytes.NewReader(b)), "end with data": iotest.DataErrReader(bytes.NewReader(b)),
	} {
		r, err := manifest.Open(from)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		var got []manifest.Line
		for err == nil {
			var l manifest.Line
			if l, err = r.Next(); err == nil {
				got = append(got, l)
			}
		}
		if err != io.EOF || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %d lines, %v", what, len(got), err)
		}
		r.Close()
	}
	broken := io.MultiReader(bytes.NewReader(b[:len(b)/2]), iotest.ErrReader(syscall.EIO))
	r, err := manifest.Open(broken)
	for err == nil {
		_, err = r.Next()
	}
	if !fault.Is(err, fault.Storage) {
		t.Errorf("a broken disk gives %v", err)
	}
}

// How lines are cut into segments changes no count and no line.
func TestSegmentsCanBeCutAnywhere(t *testing.T) {
	t.Parallel()
	want := lines(40)
	_, whole := file(t, part(t, "all", want))
	rapid.Check(t, func(rt *rapid.T) {
		var parts []manifest.Part
		for from := 0; from < len(want); {
			to := from + rapid.IntRange(0, len(want)-from).Draw(rt, "size")
			parts = append(parts, part(t, strconv.Itoa(len(parts)), want[from:to]))
			if from = to; len(parts) == 8 {
				parts = append(parts, part(t, "rest", want[from:]))
				break
			}
		}
		b, summary := file(t, parts...)
		got, read, err := readAll(b)
		if err != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(read, summary) {
			rt.Fatalf("%d segments: %d lines, %v", len(parts), len(got), err)
		}
		if !reflect.DeepEqual(read.End.Counts, whole.End.Counts) || read.End.Segments != int64(len(parts)) {
			rt.Fatalf("%d segments: %+v, not %+v", len(parts), read.End.Counts, whole.End.Counts)
		}
	})
}
