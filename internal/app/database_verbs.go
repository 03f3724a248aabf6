package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/move/postgres"
	"example.com/landfall/internal/move/postgres/base"
	"example.com/landfall/internal/move/postgres/compare"
	"example.com/landfall/internal/move/postgres/compare/rows"
	"example.com/landfall/internal/move/postgres/preflight"
	"example.com/landfall/internal/view"
)

// check looks at both sides before the move.
func (d *databaseMove) check(ctx context.Context) error {
	o := postgres.CheckOptions{Probe: d.o.Probe}
	if d.o.NoSample {
		o.Sample = -1
	}
	report, err := d.mover.Check(ctx, o)
	if err != nil {
		return err
	}
	d.out.Report = report
	for _, f := range report.Findings {
		d.out.Findings = append(d.out.Findings, view.DatabaseFinding{ID: f.ID, Severity: string(f.Severity), Side: string(f.Side), Subject: f.Subject, What: f.What, Why: f.Why, Fix: fixes(f.Fix, d.azure)})
	}
	for _, e := range report.Effects {
		d.out.Effects = append(d.out.Effects, fmt.Sprintf("%s, %s: %s; %s", e.Side, e.When, e.What, e.Undone))
	}
	blocks := report.Count(preflight.Blocks)
	d.fact(view.Info, "%d findings block the move, %d lose something, %d warn, %d note", blocks, report.Count(preflight.Loses), report.Count(preflight.Warns), report.Count(preflight.Notes))
	if blocks > 0 {
		d.out.Next = "mend what blocks, then landfall move postgres check"
		return fault.Newf(fault.Found, "check the move: %d findings stand in the way", blocks)
	}
	return nil
}

// fixes writes a fix in lines, a parameter of a flexible server with the command that
// sets it.
func fixes(f preflight.Fix, azure string) []string {
	var lines []string
	side := ""
	if f.Side != "" {
		side = "at the " + string(f.Side) + ": "
	}
	for _, sql := range f.SQL {
		lines = append(lines, side+sql)
	}
	for _, p := range f.Parameters {
		restart := ""
		if p.Restart {
			restart = " (taken at the next start)"
		}
		lines = append(lines, side+"set "+p.Name+" = "+p.Value+restart)
		if azure != "" && f.Side == preflight.Target {
			lines = append(lines, azureSets(azure, p)...)
		}
	}
	if f.Action != "" {
		lines = append(lines, side+f.Action)
	}
	return lines
}

// flexibleDomain is where the names of flexible servers stand (Microsoft Learn,
// "Networking overview for Azure Database for PostgreSQL").
const flexibleDomain = ".postgres.database.azure.com"

// azureSets are the commands that set a parameter of a flexible server (Azure CLI, "az
// postgres flexible-server parameter set"). The name of a server is unique in the world,
// and its resource group is looked up.
func azureSets(server string, p preflight.Parameter) []string {
	which := fmt.Sprintf(`--resource-group "$(az postgres flexible-server list --query "[?name=='%s'].resourceGroup" --output tsv)"`, server)
	lines := []string{fmt.Sprintf("az postgres flexible-server parameter set %s --server-name %s --name %s --value '%s'", which, server, p.Name, p.Value)}
	if p.Restart {
		lines = append(lines, fmt.Sprintf("az postgres flexible-server restart %s --name %s", which, server))
	}
	return lines
}

// copy carries the database over and lets the target follow.
func (d *databaseMove) copy(ctx context.Context) error {
	result, err := d.mover.Copy(ctx)
	d.out.Report = result
	if err != nil && !fault.Is(err, fault.Found) {
		return err
	}
	d.copied(result)
	return err
}

func (d *databaseMove) copied(r base.Result) {
	d.fact(view.Good, "%s, %d rows, %s in %s", several(len(r.Tables), "table", "tables"), r.Rows, graph.Volume(r.Bytes), r.Took.Round(time.Second))
	if r.Indexes > 0 {
		d.fact(view.Good, "%s built", several(r.Indexes, "index", "indexes"))
	}
	if r.LargeObjects > 0 {
		d.fact(view.Good, "%s", several(int(r.LargeObjects), "large object", "large objects"))
	}
	for _, t := range r.Tables {
		if t.Error != "" {
			d.fact(view.Bad, "%s: %s", t.Table, t.Error)
		}
		if t.Again != "" {
			d.fact(view.Info, "%s was copied anew: %s", t.Table, t.Again)
		}
	}
	for _, left := range r.Left {
		mark := view.Bad
		if left.Later {
			mark = view.Info
		}
		d.fact(mark, "not on the target: %s %s: %s", left.Kind, left.Name, left.Message)
	}
	if len(r.Generations) > 1 {
		d.fact(view.Info, "the copy was interrupted: it was made of %d snapshots, each followed from its own point", len(r.Generations))
	}
}

// cutover takes the move to the target.
func (d *databaseMove) cutover(ctx context.Context) error {
	if err := d.mover.Cutover(ctx); err != nil {
		return err
	}
	doc := d.mover.Document()
	d.fact(view.Good, "everything up to %s is at the target, compared behind the fence and equal", doc.FenceLSN)
	if !doc.Settings.NoReturn {
		d.fact(view.Good, "what is written at the target comes back to the source")
	}
	d.fact(view.Good, "nobody could write for %s", doc.OpenedAt.Sub(doc.FencedAt).Round(time.Millisecond))
	return nil
}

// rollback takes the move back to the source.
func (d *databaseMove) rollback(ctx context.Context) error {
	served := d.mover.Document().Stage == postgres.Switched
	if err := d.mover.Back(ctx); err != nil {
		return err
	}
	d.fact(view.Good, "the source is open again; the target is closed, and follows it")
	if served {
		d.fact(view.Good, "what was written at the target is at the source: compared behind both fences, and equal")
	}
	d.out.Next = "point the workload to the source; landfall move postgres cutover tries again, landfall move postgres abandon gives up"
	return nil
}

func (d *databaseMove) signOff(ctx context.Context) error {
	if err := d.mover.SignOff(ctx); err != nil {
		return err
	}
	d.fact(view.Good, "nothing of the move is left on the servers but the fence of the source")
	return nil
}

func (d *databaseMove) abandon(ctx context.Context) error {
	if err := d.mover.Abandon(ctx, d.o.Empty); err != nil {
		return err
	}
	d.fact(view.Good, "the source is as it was")
	switch doc := d.mover.Document(); {
	case d.o.Empty:
		d.fact(view.Good, "what was copied is dropped from the target")
	case doc.TargetFence != nil:
		d.fact(view.Warn, "the target stays closed to others, since it has served; --empty drops what was copied")
	default:
		d.fact(view.Info, "the rows that were copied stay on the target")
	}
	return nil
}

// VerifyDatabase compares both sides, whoever copied. While the target follows, the
// comparison is one under change.
func (a *App) VerifyDatabase(ctx context.Context, o DatabaseOptions, progress *view.Progress) (view.Database, error) {
	d := &databaseMove{App: a, o: o, show: progress.Moving()}
	defer d.show.Done()
	d.out.Verb = "verify"
	verb := "verify"
	if o.Repair {
		verb = "repair" // which changes something, and wants the pair for itself
	}
	release, err := d.open(verb)
	if err != nil {
		return view.Database{}, err
	}
	defer release()
	err = d.verify(ctx)
	d.describe()
	d.out.Next = ""
	return d.out, err
}

func (d *databaseMove) verify(ctx context.Context) error {
	options := rows.Options{Jobs: d.o.Settings.Jobs, First: d.o.First, Values: d.o.Values}
	report, err := d.mover.Verify(ctx, options, compare.Parts{NoSchema: d.o.NoSchema})
	if err != nil && !fault.Is(err, fault.Found) {
		return err
	}
	d.compared(report)
	if err == nil || !d.o.Repair {
		return err
	}
	repaired, failed := d.mover.Repair(ctx, report)
	for _, r := range repaired {
		mark := view.Good
		if r.Verdict != rows.Equal {
			mark = view.Bad
		}
		d.fact(mark, "repaired %s: %d inserted, %d updated, %d deleted; compared again: %s %s", r.Name, r.Inserted, r.Updated, r.Deleted, r.Verdict, r.Reason)
	}
	return failed
}

// compared describes a comparison.
func (d *databaseMove) compared(r compare.Report) {
	d.out.Report = r
	for _, line := range r.Differences() {
		mark := view.Bad
		if strings.Contains(line, ": "+string(rows.Undecided)) {
			mark = view.Unknown
		}
		d.fact(mark, "%s", line)
	}
	equal := 0
	for _, t := range slices.Concat(r.Tables, r.Views) {
		if t.Verdict == rows.Equal {
			equal++
		}
	}
	if r.Rows > 0 || equal > 0 {
		d.fact(view.Good, "%s equal, every row read on both sides: %d rows, %s, in %.1f s", several(equal, "table", "tables"), r.Rows, graph.Volume(r.Bytes), r.Seconds)
	}
	if r.Schema != nil {
		alike := 0
		for _, n := range r.Schema.Equal {
			alike += n
		}
		d.fact(view.Good, "%s compared one by one and alike", several(alike, "object of the schema", "objects of the schema"))
	}
	ahead := 0
	for _, s := range r.Sequences {
		if s.Verdict == rows.Equal {
			ahead++
		}
	}
	if ahead > 0 {
		d.fact(view.Good, "%s equal or ahead", several(ahead, "sequence", "sequences"))
	}
	if l := r.LargeObjects; l != nil && l.Source > 0 && l.Verdict == rows.Equal {
		d.fact(view.Good, "%s equal: %s", several(int(l.Source), "large object", "large objects"), graph.Volume(l.Bytes))
	}
}
