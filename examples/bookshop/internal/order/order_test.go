package order_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/examples/bookshop/internal/order"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	good := func() order.Content {
		return order.Content{Customer: "ada@example.org", Sequence: 1, Lines: []order.Line{{BookID: 7, Quantity: 2}, {BookID: 3, Quantity: 1}}}
	}
	for _, c := range []struct {
		name   string
		change func(*order.Content)
		want   string
	}{
		{"good", func(*order.Content) {}, ""},
		{"no customer", func(c *order.Content) { c.Customer = "" }, "customer"},
		{"space in customer", func(c *order.Content) { c.Customer = "a b" }, "customer"},
		{"long customer", func(c *order.Content) { c.Customer = strings.Repeat("x", 65) }, "customer"},
		{"sequence zero", func(c *order.Content) { c.Sequence = 0 }, "sequence 0"},
		{"no lines", func(c *order.Content) { c.Lines = nil }, "0 lines"},
		{"too many lines", func(c *order.Content) { c.Lines = make([]order.Line, 21) }, "21 lines"},
		{"book twice", func(c *order.Content) { c.Lines[1].BookID = 7 }, "line 2: book 7"},
		{"no copies", func(c *order.Content) { c.Lines[0].Quantity = 0 }, "line 1: quantity 0"},
		{"too many copies", func(c *order.Content) { c.Lines[1].Quantity = 51 }, "line 2: quantity 51"},
	} {
		content := good()
		c.change(&content)
		err := content.Check()
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if !errors.Is(err, order.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	if order.CheckID("r1-00000001") != nil || order.CheckID("a/b") == nil || order.CheckID("a%") == nil {
		t.Error("CheckID accepts or refuses the wrong ids")
	}
}

func content(t *rapid.T) order.Content {
	return order.Content{
		Customer: rapid.StringMatching(`[a-z0-9._@-]{1,20}`).Draw(t, "customer"),
		Sequence: rapid.Int64Range(1, 1000).Draw(t, "sequence"),
		Lines: rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) order.Line {
			return order.Line{BookID: rapid.Int64Range(1, 50).Draw(t, "book"), Quantity: rapid.IntRange(1, 5).Draw(t, "n")}
		}), 1, 6, func(l order.Line) int64 { return l.BookID }).Draw(t, "lines"),
	}
}

// Two contents have the same hash exactly when every field and the order of
// the lines is the same: a hash that missed a field would let the audit pass
// over a changed order.
func TestHashTellsContentsApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := content(t), content(t)
		if rapid.Bool().Draw(t, "near") {
			b = a
			b.Lines = slices.Clone(a.Lines)
			switch rapid.IntRange(0, 3).Draw(t, "change") {
			case 0:
				b.Sequence++
			case 1:
				b.Lines[0].Quantity++
			case 2:
				slices.Reverse(b.Lines)
			}
		}
		same := a.Customer == b.Customer && a.Sequence == b.Sequence && slices.Equal(a.Lines, b.Lines)
		if (a.Hash() == b.Hash()) != same {
			t.Fatalf("same=%v, but hashes %s and %s", same, a.Hash(), b.Hash())
		}
	})
}

func TestHashSurvivesJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := content(t)
		text, err := json.MarshalIndent(a, " ", "   ")
		if err != nil {
			t.Fatal(err)
		}
		var b order.Content
		if err := json.Unmarshal(text, &b); err != nil {
			t.Fatal(err)
		}
		if a.Hash() != b.Hash() || a.Check() != nil {
			t.Fatalf("%s changed in JSON, or is refused: %v", text, a.Check())
		}
	})
}
