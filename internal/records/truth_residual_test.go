package records_test

import (
	"path/filepath"
	"testing"
	"time"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/sandbox/seed/history"
	"example.com/landfall/internal/trail"
	"example.com/landfall/internal/trail/files"
	"example.com/landfall/internal/trail/residual"
)

type deaf struct{}

func (deaf) Unread(inventory.Unread)   {}
func (deaf) Refused(inventory.Refused) {}
func (deaf) Input(string, string)      {}
func (deaf) Planned(int64)             {}
func (deaf) Done(int64)                {}

// Residual use of a generated history, with the cutover before all of it, is
// what the generator counted; delivered twice, it is the same.
func TestResidualUseIsWhatWasWritten(t *testing.T) {
	t.Parallel()
	dir, w, truth := written(t, 2)
	look := func(paths ...string) residual.Report {
		var inputs []files.Input
		for _, p := range paths {
			inputs = append(inputs, files.Input{Kind: trail.Events, Path: p})
		}
		r, err := residual.Read(t.Context(), files.New(inputs...), residual.Inputs{}, residual.Options{Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}, deaf{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := look(filepath.Join(dir, w.TrailBucket))
	if want := int64(truth.TrailEvents + truth.DataEvents); r.Total != want || r.After != want || r.Used+r.Apart != want || len(r.Refused) > 0 {
		t.Errorf("total %d, after %d, used %d, apart %d, want %d; %v", r.Total, r.After, r.Used, r.Apart, want, r.Refused)
	}
	want := map[string]history.PrincipalCount{}
	for _, p := range truth.Principals {
		want[p.Principal] = p
	}
	for _, p := range r.ByPrincipal {
		n := want[p.Principal]
		if p.Events != int64(n.Management+n.Data) || p.Denied != int64(n.Errors) || p.Reads > int64(n.ReadOnly) || p.Reads+p.Denied < int64(n.ReadOnly) {
			t.Errorf("%+v, written %+v", p, n)
		}
	}
	if len(r.ByPrincipal) != len(want) {
		t.Errorf("%d principals, want %d", len(r.ByPrincipal), len(want))
	}
	again := look(filepath.Join(dir, w.TrailBucket), filepath.Join(dir, w.TrailBucket, "AWSLogs"))
	if again.Total != r.Total || again.Used != r.Used {
		t.Errorf("named twice: %d and %d records", again.Total, r.Total)
	}
	used := map[string]bool{}
	for _, one := range r.ByResource {
		used[one.ID] = one.Status == residual.Used
	}
	// The parts of the shop that its own roles call; the snapshot of the night is
	// the backup service's.
	for id, yes := range map[string]bool{w.Secret: true, "arn:aws:s3:::" + w.Invoices: true, w.Key: true} {
		if used[id] != yes {
			t.Errorf("%s: used is %v", id, used[id])
		}
	}
}
