package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/postgres"
	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/view"
)

// The environment variables with the two sides of a move, for those who do not
// want them in the command line.
const (
	sourceDatabase = "LANDFALL_SOURCE_DATABASE"
	targetDatabase = "LANDFALL_TARGET_DATABASE"
)

// DatabaseOptions say which database is moved, and how.
type DatabaseOptions struct {
	// Source and Target are URLs; "" takes the environment variables.
	Source, Target string
	// SourceFromTarget and TargetFromSource are the addresses (host:port) by which the
	// servers reach each other, "" for those of the URLs.
	SourceFromTarget, TargetFromSource string
	Settings                           postgres.Settings
	MaxMbps                            float64
	// Check: Probe tries whether the servers reach each other; NoSample reads no rows.
	Probe, NoSample bool
	// Follow: until so far behind at most, 0 until stopped.
	Until time.Duration
	// Verify.
	Repair, Values, NoSchema bool
	// Abandon: Empty drops what was copied.
	Empty bool
	First int
}

// databaseMove is one verb on one pair.
type databaseMove struct {
	*App
	o     DatabaseOptions
	state databaseState
	mover *postgres.Mover
	show  *view.Moving
	watch func(move.Progress)
	out   view.Database
	// step is the step of a run of which this is a part, "" for none.
	step string
	// azure is the flexible server that is the target, "" for any other.
	azure string
}

// Database carries out a verb: "check", "copy", "status", "follow", "cutover",
// "rollback", "signoff" or "abandon". The result is whole also with an error of
// kind fault.Found.
func (a *App) Database(ctx context.Context, verb string, o DatabaseOptions, progress *view.Progress) (view.Database, error) {
	d := &databaseMove{App: a, o: o, show: progress.Moving()}
	defer d.show.Done()
	d.out.Verb = verb
	release, err := d.open(verb)
	if err != nil {
		return view.Database{}, err
	}
	defer release()
	verbs := map[string]func(context.Context) error{
		"check": d.check, "copy": d.copy, "status": d.status, "follow": d.follow, "cutover": d.cutover,
		"rollback": d.rollback, "signoff": d.signOff, "abandon": d.abandon,
	}
	do, known := verbs[verb]
	if !known {
		return view.Database{}, fault.Newf(fault.Internal, "move a database: no verb %q", verb)
	}
	err = do(ctx)
	d.describe()
	if ctx.Err() != nil && err != nil {
		err = fault.Of(fault.Canceled, "stopped "+verb+" of the database; what is done stays done", "", nil).Hintf("the same command goes on from here")
	}
	return d.out, err
}

// open finds both sides and what an earlier process has written down, and keeps
// others away from the pair.
func (d *databaseMove) open(verb string) (release func(), err error) {
	source, err := d.side(d.o.Source, "--source", sourceDatabase)
	if err != nil {
		return nil, err
	}
	target, err := d.side(d.o.Target, "--target", targetDatabase)
	if err != nil {
		return nil, err
	}
	if source.String() == target.String() {
		return nil, fault.Newf(fault.Usage, "move a database: source and target are the same, %s", source)
	}
	if d.state, err = d.databaseState(source.String(), target.String()); err != nil {
		return nil, err
	}
	release = func() {}
	if verb != "status" && verb != "check" && verb != "verify" && verb != "follow" {
		if release, err = d.state.lock(); err != nil {
			return nil, err
		}
	}
	d.out.Source, d.out.Target = source.String(), target.String()
	if server, flexible := strings.CutSuffix(target.Host(), flexibleDomain); flexible {
		d.azure = server
	}
	if d.state.lone {
		d.out.Notes = append(d.out.Notes, "there is no workspace here: the state is kept in "+d.state.dir+", and no ledger")
	}
	d.mover, err = postgres.New(postgres.Ports{
		Source: source, Target: target, SourceAddress: d.o.SourceFromTarget, TargetAddress: d.o.TargetFromSource, Store: d.state, Record: d.keep, Progress: d.progress,
		Say: func(text string) { d.show.Say("%s", text) }, Now: d.setup.Now,
		Alone:   func(context.Context) (func(), error) { return d.state.lock() },
		Journal: d.state.journal,
	}, d.o.Settings, move.Limits{BytesPerSecond: int64(d.o.MaxMbps * 1e6 / 8)})
	if err != nil {
		release()
		return nil, err
	}
	return release, nil
}

func (d *databaseMove) side(given, flag, variable string) (pg.Endpoint, error) {
	if given == "" {
		given, _ = d.setup.Getenv(variable)
	}
	if given == "" {
		return pg.Endpoint{}, fault.Newf(fault.Usage, "move a database: %s is missing", flag).
			Hintf("%s postgres://USER@HOST:5432/DATABASE?sslmode=require, or the variable %s; the password in the file that PGPASSFILE names", flag, variable)
	}
	e, err := pg.Parse(given)
	if err != nil {
		return e, fault.Wrap(err, "read "+flag, "")
	}
	return e, nil
}

func (d *databaseMove) progress(p move.Progress) {
	d.show.Set(p)
	if d.watch != nil {
		d.watch(p)
	}
}

// keep puts evidence into the ledger, where there is one.
func (d *databaseMove) keep(ctx context.Context, kind string, body any) error {
	if d.state.lone {
		return nil
	}
	if m, ok := body.(map[string]any); ok && d.step != "" {
		m["step"] = d.step
	}
	entry, err := d.record(ctx, kind, d.out.Source+" -> "+d.out.Target, body)
	if err == nil {
		d.out.Evidence = append(d.out.Evidence, entry.Seq)
	}
	return err
}

func (d *databaseMove) fact(mark view.Mark, format string, args ...any) {
	d.out.Facts = append(d.out.Facts, view.DatabaseFact{Mark: mark, Text: fmt.Sprintf(format, args...)})
}

// describe adds how far the move is, and what comes next.
func (d *databaseMove) describe() {
	doc := d.mover.Document()
	d.out.Run, d.out.Stage = string(doc.Run), string(doc.Stage)
	if d.out.Next == "" {
		d.out.Next = nextOf(doc)
	}
}

// nextOf is what a person does at a stage.
func nextOf(doc postgres.Document) string {
	if doc.Stage == postgres.Following && doc.SourceFence != nil {
		return "the source is half fenced: landfall move postgres cutover goes on; landfall move postgres rollback opens it again"
	}
	return map[postgres.Stage]string{
		postgres.None:      "landfall move postgres --source URL --target URL",
		postgres.Copying:   "the same command again: it goes on where it stopped",
		postgres.Copied:    "landfall verify postgres, then landfall move postgres signoff",
		postgres.Following: "landfall verify postgres while the changes flow; landfall move postgres follow keeps an eye on the lag; landfall move postgres cutover",
		postgres.Fenced:    "landfall move postgres cutover goes on; landfall move postgres rollback opens the source again",
		postgres.Drained:   "landfall move postgres cutover goes on; landfall move postgres rollback opens the source again",
		postgres.Proved:    "landfall move postgres cutover goes on; landfall move postgres rollback opens the source again",
		postgres.Returning: "landfall move postgres cutover goes on; landfall move postgres rollback opens the source again",
		postgres.Switched:  "point the workload to the target; landfall move postgres rollback takes all back, landfall move postgres signoff gives the way back up",
	}[doc.Stage]
}

func (d *databaseMove) status(ctx context.Context) error {
	doc := d.mover.Document()
	if doc.Stage == postgres.None {
		return fault.Newf(fault.NotFound, "tell how far the move is: none of this database is under way").Hintf("landfall move postgres --source URL --target URL")
	}
	d.fact(view.Info, "begun %s", doc.Began.Format(time.RFC3339))
	if doc.SourceFence != nil {
		d.fact(view.Info, "the source is fenced since %s", doc.FencedAt.Format(time.RFC3339))
	}
	if doc.TargetFence != nil {
		d.fact(view.Info, "the target is closed to everybody else")
	}
	for _, left := range doc.Left {
		d.fact(view.Warn, "not on the target: %s %s: %s", left.Kind, left.Name, left.Message)
	}
	if doc.Lost != "" {
		d.fact(view.Bad, "following was given up: %s", doc.Lost)
	}
	lag, err := d.mover.Lag(ctx, lagWithin)
	if fault.Is(err, fault.Refused) {
		return nil // nothing follows at this stage
	}
	if err != nil {
		return err
	}
	d.out.Lag = lagOf(lag)
	return nil
}

// lagWithin is how long a look waits until the lag is known.
const lagWithin = 20 * time.Second

func lagOf(s follow.State) *view.DatabaseLag {
	l := &view.DatabaseLag{Bytes: s.Bytes, Seconds: s.Seconds, Known: s.Known, Trouble: s.Lost}
	for _, one := range s.Streams {
		l.Kept = max(l.Kept, one.Retained)
		if l.Trouble == "" {
			l.Trouble = one.Trouble
		}
	}
	if l.Trouble == "" && s.Unreachable != "" {
		l.Trouble = "no answer from " + s.Unreachable
	}
	return l
}

// errEnough ends a watch that has seen what it was asked for.
var errEnough = errors.New("near enough")

func (d *databaseMove) follow(ctx context.Context) error {
	err := d.mover.Watch(ctx, func(s follow.State) error {
		l := lagOf(s)
		d.out.Lag = l
		if err := d.state.keepLag(lagNow{At: s.At.UTC(), OldestSeconds: s.Seconds, Bytes: s.Bytes, Listed: s.At.UTC(), Events: true}, l.Known && l.Trouble == ""); err != nil {
			return err
		}
		switch {
		case l.Trouble != "":
			d.show.Say("%s", l.Trouble)
		case l.Known:
			d.show.Set(move.Progress{Doing: "follow", Unit: "bytes behind", Items: s.Bytes, Bytes: l.Kept})
			if d.o.Until > 0 && s.Seconds <= d.o.Until.Seconds() {
				return errEnough
			}
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}
