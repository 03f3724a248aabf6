package designtest

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// rounds is how many orders Shuffled tries.
const rounds = 3

// Shuffled designs the case from its resources in several orders, some of
// them given twice, and reports any difference. It returns the design.
func (c Case) Shuffled(t testing.TB) *design.Design {
	t.Helper()
	first := c.Make(t)
	want := text(t, first)
	for seed := range uint64(rounds) {
		source := rand.New(rand.NewPCG(seed, 7))
		again := c
		again.Resources = slices.Clone(c.Resources)
		for i := 0; i < len(c.Resources); i += 3 {
			again.Resources = append(again.Resources, c.Resources[i])
		}
		source.Shuffle(len(again.Resources), func(i, j int) {
			again.Resources[i], again.Resources[j] = again.Resources[j], again.Resources[i]
		})
		if got := text(t, again.Make(t)); got != want {
			t.Errorf("order %d of the resources gives another design: %s", seed, firstDifference(want, got))
			return first
		}
	}
	return first
}

// Shuffled is Case.Shuffled for a workload of which everything is inside the
// boundary.
func Shuffled(t testing.TB, families []design.Family, resources ...inventory.Resource) *design.Design {
	t.Helper()
	return Case{Families: families, Resources: resources}.Shuffled(t)
}

// SameTargets reports target resources that one design has and the other has
// not, or has differently: a template and a live scan of one workload give the
// same.
func SameTargets(t testing.TB, a, b *design.Design) {
	t.Helper()
	first, second := targets(t, a), targets(t, b)
	for id, body := range first {
		switch other, ok := second[id]; {
		case !ok:
			t.Errorf("only the first design has %s", id)
		case other != body:
			t.Errorf("%s differs: %s", id, firstDifference(body, other))
		}
	}
	for id := range second {
		if _, ok := first[id]; !ok {
			t.Errorf("only the second design has %s", id)
		}
	}
}

func targets(t testing.TB, d *design.Design) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, r := range d.Resources {
		data, err := json.MarshalIndent(r, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		out[string(r.ID)] = string(data)
	}
	return out
}

func text(t testing.TB, d *design.Design) string {
	t.Helper()
	data, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return "line " + strings.TrimSpace(x[i]) + " is " + strings.TrimSpace(y[i])
		}
	}
	return "one goes on where the other ends"
}
