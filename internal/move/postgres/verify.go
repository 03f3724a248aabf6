package postgres

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/compare"
	"example.com/landfall/internal/move/postgres/compare/rows"
	"example.com/landfall/internal/move/postgres/compare/schema"
)

// Verify compares both databases. While the target follows, it is a comparison
// under change; behind the fence, and for databases that stand still, every
// difference is one. The error is fault.Found when the two are not equal.
func (m *Mover) Verify(ctx context.Context, o rows.Options, parts compare.Parts) (compare.Report, error) {
	if !m.over() || len(o.Select.Schemas)+len(o.Select.Tables)+len(o.Select.Except) == 0 {
		o.Select = m.settings.Select
	}
	o.Limits, o.Progress = m.limits, m.counting("rows")
	if m.in(Following, Fenced) {
		f, err := m.follower(ctx)
		if err != nil {
			return compare.Report{}, err
		}
		defer f.Close()
		o.Applied = (&awaiting{wait: f.Await}).await
		// Sequences are carried over behind the fence.
		parts.NoSequences = true
	}
	// So are materialized views refreshed then: before, each side's is of its own time.
	parts.NoViews = parts.NoViews || m.in(Following, Fenced, Drained, Switched)
	report, err := compare.Run(ctx, rows.Sides{Source: m.ports.Source, Target: m.ports.Target}, compare.Options{
		Options: o, Parts: parts, Known: schema.Known{Fenced: m.doc.SourceFence != nil, Expect: m.expect},
	})
	if err != nil {
		return report, err
	}
	if err := m.tell("compared", summaryOf(report)); err != nil {
		return report, err
	}
	return report, differs(report)
}

// expect gives the reason for differences that the fence of the target makes.
func (m *Mover) expect(d schema.Difference) string {
	if m.doc.TargetFence == nil {
		return ""
	}
	if d.Kind == "setting" && strings.HasPrefix(d.Name, "default_transaction_read_only") {
		return schema.ByFence
	}
	if d.Kind == "database" && sameRights(d, m.ports.Target.User()) {
		return schema.ByFence
	}
	return ""
}

// sameRights reports whether nothing differs at the databases themselves but who
// may connect, and who owns them: Landfall makes no database, and the target's
// belongs to whoever made it, who has all rights by that. So has Landfall's login
// there, which is the owner or one of its members, and may be a role of the source too.
func sameRights(d schema.Difference, login string) bool {
	for _, field := range d.Fields {
		if field != "grants" && field != "owner" {
			return false
		}
	}
	_, source := rightsOf(d.Source)
	owner, target := rightsOf(d.Target)
	for _, role := range []string{owner, login} {
		delete(source, role)
		delete(target, role)
	}
	return maps.Equal(source, target)
}

// rightsOf reads the text of a difference: the owner, "" where that is the same on
// both sides, and who has which rights besides the one to connect.
func rightsOf(text string) (owner string, rights map[string]string) {
	rights = map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "grants:"))
		who, list, _ := strings.Cut(line, ": ")
		if who == "owner" {
			owner = list
			continue
		}
		all := slices.DeleteFunc(strings.Split(list, ", "), func(r string) bool { return strings.TrimSuffix(r, "*") == "CONNECT" || r == "" })
		if len(all) > 0 {
			rights[who] = strings.Join(all, ", ")
		}
	}
	return owner, rights
}

// proof is the comparison behind the fence. One that was killed goes on with the tables
// that were not found equal yet; one that came to its end is never gone on with: what is
// mended after it may reach tables that were equal.
func (m *Mover) proof(ctx context.Context) (compare.Report, error) {
	if m.ports.Journal == nil {
		return m.Verify(ctx, rows.Options{}, compare.Parts{})
	}
	pass := string(m.doc.Run) + "@" + m.doc.FenceLSN.String()
	kept, err := m.ports.Journal(pass)
	if err != nil {
		return compare.Report{}, err
	}
	report, err := m.Verify(ctx, rows.Options{Journal: kept, Pass: pass}, compare.Parts{})
	end := kept.Close
	if err == nil || fault.Is(err, fault.Found) {
		end = kept.Discard
	}
	if failed := end(); err == nil {
		err = failed
	}
	return report, err
}

// Summary is what a comparison came to, without its rows.
type Summary struct {
	Equal     bool             `json:"equal"`
	Tables    int              `json:"tables"`
	Rows      int64            `json:"rows"`
	Bytes     int64            `json:"bytes"`
	Different []string         `json:"different,omitempty"`
	Objects   int              `json:"objects"`
	Seconds   float64          `json:"seconds"`
	Verdicts  map[string]int64 `json:"verdicts"`
}

// most is how many differences a summary names.
const most = 50

func summaryOf(r compare.Report) Summary {
	s := Summary{Equal: r.Equal(), Tables: len(r.Tables), Rows: r.Rows, Bytes: r.Bytes, Seconds: r.Seconds, Verdicts: map[string]int64{}, Different: r.Differences()}
	s.Different = s.Different[:min(len(s.Different), most)]
	for _, t := range slices.Concat(r.Tables, r.Views) {
		s.Verdicts[string(t.Verdict)]++
	}
	if r.Schema != nil {
		for _, n := range r.Schema.Equal {
			s.Objects += n
		}
	}
	return s
}

func differs(r compare.Report) error {
	if r.Equal() {
		return nil
	}
	return fault.Newf(fault.Found, "compare the databases: they are not equal: %s", r.Differences()[0]).
		Hintf("landfall verify postgres --json names every difference; --repair makes rows of the target equal while nothing else writes there")
}

// Repair makes rows of the target equal to the source's, for the tables of a report
// that differ. It is refused at every stage at which something else may write at the
// target; where no move is under way, the caller's word is that nothing does.
func (m *Mover) Repair(ctx context.Context, report compare.Report) ([]rows.Repaired, error) {
	if !m.in(None, Abandoned, Copied, Drained, Proved) {
		return nil, fault.Newf(fault.Refused, "repair the target: something else may write there (the move is %q)", m.doc.Stage).
			Hintf("behind the fence nothing does: landfall move postgres cutover stops there when the two are not equal")
	}
	var differ []rows.Table
	for _, t := range report.Tables {
		if t.Verdict == rows.Different {
			differ = append(differ, t)
		}
	}
	done, err := rows.Repair(ctx, rows.Sides{Source: m.ports.Source, Target: m.ports.Target}, rows.RepairOptions{Alone: true, Tables: differ, Options: rows.Options{Select: m.settings.Select, Progress: m.counting("rows")}})
	return done, errors.Join(err, m.tell("repaired", done))
}
