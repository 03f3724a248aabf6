package main

import (
	"context"
	"testing"
)

// Both readers give the same answer on the same files; a comparison of
// different answers would be worth nothing.
func TestAnswersAreEqual(t *testing.T) {
	t.Parallel()
	o := options{dir: t.TempDir(), mib: 1, seed: 3}
	if err := generate(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for what, readers := range map[string][2]func(context.Context, options) (answer, error){whatFlow: {ourFlow, duckFlow}, whatTrail: {ourTrail, duckTrail}, whatResidual: {ourResidual, duckResidual}} {
		o := o
		o.what = what
		ours, err := readers[0](t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		duck, err := readers[1](t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if ours != duck || ours.Rows < 10 || ours.Total < 1000 {
			t.Errorf("%s: %+v and %+v", what, ours, duck)
		}
	}
	o.what = whatResidual
	ours, err := ourResidual(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if jq, err := jqResidual(t.Context(), o); err != nil || jq != ours {
		t.Errorf("%+v and %+v: %v", jq, ours, err)
	}
}

func BenchmarkFlowLogs(b *testing.B) { benchmark(b, whatFlow, ourFlow, duckFlow) }

func BenchmarkCloudTrail(b *testing.B) { benchmark(b, whatTrail, ourTrail, duckTrail) }

func benchmark(b *testing.B, what string, ours, duck func(context.Context, options) (answer, error)) {
	o := options{dir: b.TempDir(), mib: 8, seed: 3, what: what}
	if err := generate(b.Context(), o); err != nil {
		b.Fatal(err)
	}
	for name, read := range map[string]func(context.Context, options) (answer, error){readerOurs: ours, readerDuck: duck} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(o.mib) << 20)
			for b.Loop() {
				if _, err := read(b.Context(), o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
