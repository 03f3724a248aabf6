package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/canon"
)

// odd has a member of every form that documents tell apart.
type odd struct {
	Zebra         []item            `json:"zebra"`
	SchemaVersion int               `json:"schemaVersion"`
	Inputs        map[string]string `json:"inputs"`
	Plain         string
	Left          any      `json:"-"`
	Maybe         []string `json:"maybe,omitempty"`
	Any           []any    `json:"any"`
	Bytes         []byte   `json:"bytes"`
	Whole         shouted  `json:"whole"`
	Object        item     `json:"object"`
	Pointer       *item    `json:"pointer,omitempty"`
	hidden        int
}

type item struct {
	Text  string         `json:"text"`
	Extra map[string]any `json:"extra,omitempty"`
	Loud  pointed        `json:"loud"`
}

// pointed encodes itself where it can be addressed, as in a list.
type pointed int

func (p *pointed) MarshalJSON() ([]byte, error) { return json.Marshal([]int{int(*p)}) }

// shouted is a list that encodes itself.
type shouted []string

func (s shouted) MarshalJSON() ([]byte, error) {
	return json.Marshal(strings.ToUpper(strings.Join(s, "")))
}

func (odd) ArtefactVersion() int { return 3 }

func drawItem(rt *rapid.T) item {
	value, _ := draw(rt, 2).(map[string]any)
	return item{rapid.String().Draw(rt, "text") + "<&>\u2028", value, pointed(rapid.IntRange(0, 9).Draw(rt, "loud"))}
}

func drawOdd(rt *rapid.T) odd {
	o := odd{SchemaVersion: 3, Inputs: map[string]string{}, Plain: rapid.String().Draw(rt, "plain"), Left: 1, Maybe: rapid.SliceOf(rapid.String()).Draw(rt, "maybe"),
		Bytes: rapid.SliceOf(rapid.Byte()).Draw(rt, "bytes"), Whole: rapid.SliceOf(rapid.String()).Draw(rt, "whole"), Object: drawItem(rt), hidden: 1}
	if list, ok := draw(rt, 3).([]any); ok {
		o.Any = list
	}
	if rapid.Bool().Draw(rt, "pointer") {
		o.Pointer = new(drawItem(rt))
	}
	for range rapid.IntRange(0, 3).Draw(rt, "items") {
		o.Zebra = append(o.Zebra, drawItem(rt))
	}
	return o
}

// Member by member, the bytes are those of encoding/json, and the fingerprint
// is that of the whole.
func TestDocumentsAreTheStandardLibrarys(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		value := drawOdd(rt)
		var want, got bytes.Buffer
		whole := json.NewEncoder(&want)
		whole.SetEscapeHTML(false)
		whole.SetIndent("", "  ")
		if err := whole.Encode(value); err != nil {
			rt.Skip() // no finite number, for example
		}
		fingerprint, refused := canon.Fingerprint(want.Bytes())
		d, err := documentOf(value)
		if err != nil {
			rt.Fatal(err)
		}
		print, err := d.printed(&got)
		if (err == nil) != (refused == nil) || print != fingerprint {
			rt.Fatalf("fingerprint %q, %v; of the whole it is %q, %v", print, err, fingerprint, refused)
		}
		if got.String() != want.String() {
			rt.Fatalf("got\n%s\nwant\n%s", got.String(), want.String())
		}
	})
}

type embedding struct {
	odd
	Inputs map[string]string `json:"inputs"`
}

type quoted struct {
	SchemaVersion int `json:"schemaVersion,string"`
}

func (quoted) ArtefactVersion() int { return 1 }

type list []int

func (list) ArtefactVersion() int { return 1 }

func TestWhatIsNoPlainStructIsADefect(t *testing.T) {
	t.Parallel()
	w, err := Create(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []Artefact{embedding{}, quoted{}, list{1}, odd{SchemaVersion: 3, Inputs: map[string]string{}, Any: []any{func() {}}}, odd{SchemaVersion: 3, Inputs: map[string]string{}, Any: []any{1<<60 + 1}}} {
		if _, err := w.Put(Graph, value); !fault.Is(err, fault.Internal) {
			t.Errorf("%T: %v", value, err)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// An error of the disk is not taken for one of the value.
func TestAnErrorOfTheDiskIsTheDisks(t *testing.T) {
	t.Parallel()
	d, err := documentOf(odd{SchemaVersion: 3, Inputs: map[string]string{}, Plain: strings.Repeat("x", 1<<17)})
	if err != nil {
		t.Fatal(err)
	}
	to := &destination{Writer: fullDisk{}}
	if _, err := d.printed(to); err == nil || to.err == nil {
		t.Errorf("written to a full disk: %v, %v", err, to.err)
	}
	if _, err := d.printed(io.Discard); err != nil {
		t.Error(err)
	}
}
