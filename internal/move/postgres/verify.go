package postgres

import (
	"context"
	"errors"
	"fmt"
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
	if o.Journal == nil {
		o.Journal = m.ports.Journal
	}
	if o.Pass == "" {
		o.Pass = m.passName()
	}
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
	if d.Kind == "database" && sameRights(d) {
		return schema.ByFence
	}
	return ""
}

// sameRights reports whether nothing differs at the databases themselves but who
// may connect, and who owns them: Landfall makes no database, and the target's
// belongs to whoever made it, who has all rights by that.
func sameRights(d schema.Difference) bool {
	for _, field := range d.Fields {
		if field != "grants" && field != "owner" {
			return false
		}
	}
	_, source := rightsOf(d.Source)
	owner, target := rightsOf(d.Target)
	delete(source, owner)
	delete(target, owner)
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

// passName tells a comparison behind one fence from any other. Under change there
// is nothing to go on with: what was equal then may not be now.
func (m *Mover) passName() string {
	if m.in(Drained, Proved) {
		return string(m.doc.Run) + "@" + m.doc.FenceLSN.String()
	}
	return string(m.doc.Run) + "/" + m.ports.Now().UTC().Format("20060102T150405.000000000")
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
	s := Summary{Equal: r.Equal(), Tables: len(r.Tables), Rows: r.Rows, Bytes: r.Bytes, Seconds: r.Seconds, Verdicts: map[string]int64{}}
	name := func(format string, args ...any) {
		if len(s.Different) < most {
			s.Different = append(s.Different, fmt.Sprintf(format, args...))
		}
	}
	for _, all := range [][]rows.Table{r.Tables, r.Views} {
		for _, t := range all {
			s.Verdicts[string(t.Verdict)]++
			if t.Verdict != rows.Equal {
				name("%s: %s: %d missing, %d extra, %d changed, %d open %s", t.Name, t.Verdict, t.Missing, t.Extra, t.Changed, t.Open, t.Reason)
			}
		}
	}
	for _, q := range r.Sequences {
		if q.Verdict != rows.Equal {
			name("sequence %s: %s %s", q.Name, q.Verdict, q.Reason)
		}
	}
	if l := r.LargeObjects; l != nil && l.Verdict != rows.Equal {
		name("large objects: %s: %d missing, %d extra, %d changed %s", l.Verdict, l.Missing, l.Extra, l.Changed, l.Reason)
	}
	if r.Schema != nil {
		for _, n := range r.Schema.Equal {
			s.Objects += n
		}
		for _, line := range SchemaLines(r) {
			name("%s", line)
		}
	}
	return s
}

// SchemaLines are the differences of the schema that are none to expect, and what
// could not be read, a line each.
func SchemaLines(r compare.Report) []string {
	if r.Schema == nil {
		return nil
	}
	var lines []string
	for _, d := range r.Schema.Unexpected() {
		switch {
		case d.Target == "" && len(d.Fields) == 0:
			lines = append(lines, d.Kind+" "+d.Name+" is missing at the target")
		case d.Source == "" && len(d.Fields) == 0:
			lines = append(lines, d.Kind+" "+d.Name+" is at the target only")
		default:
			lines = append(lines, d.Kind+" "+d.Name+" differs in "+strings.Join(d.Fields, ", "))
		}
	}
	for _, u := range r.Schema.SourceUnread {
		lines = append(lines, "not to be read at the source: "+u.What+": "+u.Reason)
	}
	for _, u := range r.Schema.TargetUnread {
		lines = append(lines, "not to be read at the target: "+u.What+": "+u.Reason)
	}
	return lines
}

func differs(r compare.Report) error {
	if r.Equal() {
		return nil
	}
	s := summaryOf(r)
	first := "see the report"
	if len(s.Different) > 0 {
		first = s.Different[0]
	}
	return fault.Newf(fault.Found, "compare the databases: they are not equal: %s", first).
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
