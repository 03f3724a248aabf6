package base

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/move/postgres/dump"
	"example.com/landfall/internal/move/postgres/pg"
)

func TestPaceBoundsBytesAndPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(1000)
		began := time.Now()
		for range 5 {
			if err := p.take(t.Context(), 500); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("it took %s", took)
		}
		if p.slowed() != "limited" {
			t.Error(p.slowed())
		}
		p.set(0)
		p.pause(true)
		p.pause(true)
		if p.slowed() != "paused" {
			t.Error(p.slowed())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := p.take(ctx, 1); err == nil {
			t.Error("it did not wait")
		}
		time.AfterFunc(time.Hour, func() { p.pause(false) })
		began = time.Now()
		if err := p.take(t.Context(), 1<<30); err != nil || time.Since(began) != time.Hour {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

// However the bytes of a COPY arrive, exactly its data passes, in order.
func TestPumpPassesFramesHoweverTheyAreCut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var stream, want []byte
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 300), 0, 20).Draw(r, "frames") {
			frame := append([]byte{msgCopyData}, binary.BigEndian.AppendUint32(nil, uint32(4+n))...)
			frame = append(frame, strings.Repeat("x", n)...)
			stream, want = append(stream, frame...), append(want, frame...)
		}
		stream = append(stream, msgCopyDone, 0, 0, 0, 4)
		w := &wire{reader: &pieces{stream, rapid.SliceOfN(rapid.IntRange(1, 50), 1, 10).Draw(r, "pieces"), 0}, buf: make([]byte, 64)}
		var got []byte
		if err := w.pump(func(b []byte) error { got = append(got, b...); return nil }); err != nil {
			r.Fatal(err)
		}
		kind, _, err := w.next()
		if err != nil || kind != msgCopyDone || string(got) != string(want) {
			r.Fatalf("%q, %v, %d bytes of %d", kind, err, len(got), len(want))
		}
		if _, _, err := w.next(); err != io.ErrUnexpectedEOF || !w.broken {
			r.Fatal(err)
		}
	})
}

// pieces hands out a stream in pieces of these lengths.
type pieces struct {
	rest    []byte
	lengths []int
	n       int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.lengths[p.n%len(p.lengths)])], p.rest)
	p.rest = p.rest[n:]
	p.n++
	return n, nil
}

// A session whose context ends is broken, and says so.
func TestAWireEndsWithItsContext(t *testing.T) {
	t.Parallel()
	here, there := net.Pipe()
	defer there.Close()
	go func() { _, _ = io.Copy(io.Discard, there) }()
	w := &wire{conn: here, reader: here, buf: make([]byte, 64)}
	ctx, cancel := context.WithCancel(t.Context())
	release := w.bound(ctx)
	time.AfterFunc(time.Millisecond, cancel)
	_, err := w.query("SELECT 1")
	release()
	if err == nil || !w.broken {
		t.Error(err)
	}
}

func TestFinishedNeedsEveryChunk(t *testing.T) {
	t.Parallel()
	n := func(name string, chunk, chunks int) note {
		return note{Name: pg.Name{Schema: "s", Name: name}, chunk: chunk, chunks: chunks, generation: 3, Moved: Moved{2, 10}}
	}
	got := finished([]note{n("a", 0, 1), n("b", 0, 2), n("b", 1, 2), n("c", 0, 3), n("c", 2, 3)})
	if len(got) != 2 || got[pg.Name{Schema: "s", Name: "b"}].Rows != 4 || got[pg.Name{Schema: "s", Name: "a"}].generation != 3 {
		t.Errorf("%+v", got)
	}
}

// The chunks of a table cover every page once, and the last has no end.
func TestChunksCoverTheTable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		tab := &table{Table: pg.Table{Name: pg.Name{Schema: "s", Name: "t"}}, heap: rapid.Int64Range(1, 1000).Draw(r, "pages") * pageSize}
		tab.chunks = rapid.IntRange(2, 9).Draw(r, "chunks")
		end := int64(0)
		for chunk := range tab.chunks {
			sql := unit{tab, chunk}.reading("n")
			var from, to int64
			i := strings.Index(sql, "ctid >= ")
			if _, err := fmt.Sscanf(sql[i:], "ctid >= '(%d,0)'", &from); err != nil || from != end {
				r.Fatalf("chunk %d begins at %d, not %d: %v", chunk, from, end, err)
			}
			j := strings.Index(sql, "ctid < ")
			if (j < 0) != (chunk == tab.chunks-1) {
				r.Fatal(sql)
			}
			if j > 0 {
				if _, err := fmt.Sscanf(sql[j:], "ctid < '(%d,0)'", &to); err != nil || to < from {
					r.Fatal(sql)
				}
				end = to
			}
		}
		if end > (tab.heap/pageSize)+int64(tab.chunks) {
			r.Fatal(end)
		}
	})
}

func TestChooseKeepsAllWithoutASelection(t *testing.T) {
	t.Parallel()
	all := []dump.Entry{{ID: 1, Kind: "SCHEMA", Name: "s"}, {ID: 2, Kind: "TABLE", Schema: "s", Name: "t", Needs: []int{1}}, {ID: 3, Kind: "PUBLICATION", Name: "landfall_00000000_1"},
		{ID: 4, Kind: "PUBLICATION TABLE", Schema: "s", Name: "landfall_00000000_1 t", Needs: []int{2, 3}}, {ID: 5, Kind: "CAST", Name: "c"}, {ID: 6, Kind: "COMMENT", Name: "TABLE t", Needs: []int{2}}}
	var got []int
	for _, c := range choose(all, pg.Selection{}) {
		if c.why != "" {
			t.Error(c.why)
		}
		got = append(got, c.ID)
	}
	if !slices.Equal(got, []int{1, 2, 5, 6}) {
		t.Error(got)
	}
}
