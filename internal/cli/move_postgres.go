package cli

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/view"
)

func movePostgresCommand(e *env) *cobra.Command {
	var o app.DatabaseOptions
	cmd := &cobra.Command{
		Use:   "postgres",
		Short: "carry a PostgreSQL database over while it is in use, with every row proved and a way back",
		Long: `Copy a database to another server and let it follow: roles, schema, rows, indexes,
then each change as it is made, until "cutover" switches over and "signoff" gives
the way back up. docs/guides/move-postgres.md says what each step does on both
servers, what is proved how, and what is not moved.

Without a subcommand it checks, copies, and ends when the target follows; the
servers go on by themselves. A command that was stopped, or killed, goes on when
it is given again.

Passwords do not belong into a command line: write them into the file that
PGPASSFILE names.`,
		Example: `  landfall move postgres check --source postgres://shop@db.example/shop --target postgres://shop@flex.example/shop
  landfall move postgres --source URL --target URL
  landfall verify postgres --source URL --target URL
  landfall move postgres cutover --source URL --target URL
  landfall move postgres rollback --source URL --target URL`,
		Args: subcommand,
		RunE: e.database("copy", &o),
	}
	bothDatabases(cmd.PersistentFlags(), &o)
	howToMove(cmd.PersistentFlags(), &o)
	add := func(verb, short, long string) *cobra.Command {
		sub := &cobra.Command{Use: verb, Short: short, Long: long, RunE: e.database(verb, &o)}
		cmd.AddCommand(sub)
		return sub
	}
	check := add("check", "say what stands in the way, what would be lost, and what the move does to the source", `Look at both sides and change nothing. Each finding says what to do; the exit code
is 1 when one stands in the way.`)
	check.Flags().BoolVar(&o.Probe, "probe", false, "try whether the two servers reach each other: makes a subscription and drops it")
	check.Flags().BoolVar(&o.NoSample, "no-sample", false, "read no rows to estimate how long it takes")
	add("status", "say how far the move is, and how far the target is behind", "")
	watch := add("follow", "keep an eye on the lag, the schema, and the log that the source has to keep", `Watch until it is stopped. The servers need nobody for it; what needs a watcher is
the source's disk: when the log that is kept for the target comes near its bound,
following is given up and the slot dropped, so that the disk is never full.`)
	watch.Flags().DurationVar(&o.Until, "until", 0, "end as soon as the target is at most so far behind")
	add("cutover", "fence the source, drain, prove, prepare the way back, open the target", `Nobody but Landfall can write at the source from the fence on, which is tried; the
target gets everything up to there; schema, every row and the sequences are
compared; what will be written at the target comes back to the source; the target
is opened. An error on the way leaves the source fenced: the same command goes on,
"rollback" opens the source again.`)
	add("rollback", "go back to the source with all that was written at the target", `Fence the target, wait until the source has everything, and open the source. The
target follows again, so that the cutover can be tried once more.`)
	add("signoff", "give the way back up, and clear away what the move has made", "")
	abandon := add("abandon", "give the move up before the switch, and clear away what it has made", "")
	abandon.Flags().BoolVar(&o.Empty, "empty", false, "drop from the target what was copied, so that another move can begin")
	return cmd
}

func verifyPostgresCommand(e *env) *cobra.Command {
	var o app.DatabaseOptions
	cmd := &cobra.Command{
		Use:   "postgres",
		Short: "compare two PostgreSQL databases: schema, every row, sequences, large objects",
		Long: `Compare two databases object by object and row by row, whoever copied them, also
while changes flow from one to the other. Each server hashes its own rows; what
differs is narrowed down to the rows and their columns. Nothing is changed without
--repair. The exit code is 1 when anything differs or cannot be read.`,
		Example: `  landfall verify postgres --source postgres://shop@db.example/shop --target postgres://shop@flex.example/shop`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.databaseResult(cmd.Context(), func(ctx context.Context, a *app.App) (view.Database, error) {
				return a.VerifyDatabase(ctx, o, e.progress())
			})
		},
	}
	flags := cmd.Flags()
	bothDatabases(flags, &o)
	flags.IntVar(&o.Settings.Jobs, "jobs", 0, "tables read at once (default 4)")
	flags.BoolVar(&o.Repair, "repair", false, "make rows of the target that differ equal; where no move is under way, it is you who sees to it that nothing else writes there")
	flags.BoolVar(&o.Values, "values", false, "show keys and values of rows that differ; without it they do not leave the servers")
	flags.BoolVar(&o.NoSchema, "no-schema", false, "compare the content only")
	flags.IntVar(&o.First, "first", 0, "how many rows that differ are listed for a table (default 20)")
	return cmd
}

// database runs a verb.
func (e *env) database(verb string, o *app.DatabaseOptions) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		return e.databaseResult(cmd.Context(), func(ctx context.Context, a *app.App) (view.Database, error) {
			return a.Database(ctx, verb, *o, e.progress())
		})
	}
}

// databaseResult shows a result, also of a verb that found something or was
// stopped.
func (e *env) databaseResult(ctx context.Context, run func(context.Context, *app.App) (view.Database, error)) error {
	a, err := e.app()
	if err != nil {
		return err
	}
	result, err := run(ctx, a)
	if err == nil || len(result.Facts) > 0 || len(result.Findings) > 0 {
		if showErr := e.show(result); showErr != nil {
			return showErr
		}
	}
	return err
}

// bothDatabases are the flags of the two sides and of what is meant of them.
func bothDatabases(flags *pflag.FlagSet, o *app.DatabaseOptions) {
	flags.StringVar(&o.Source, "source", "", "URL of the database at the source (default: the variable LANDFALL_SOURCE_DATABASE)")
	flags.StringVar(&o.Target, "target", "", "URL of the database at the target (default: the variable LANDFALL_TARGET_DATABASE)")
	flags.StringSliceVar(&o.Settings.Select.Schemas, "schema", nil, "only these schemas (repeatable)")
	flags.StringSliceVar(&o.Settings.Select.Tables, "table", nil, "only these tables, SCHEMA.TABLE (repeatable)")
	flags.StringSliceVar(&o.Settings.Select.Except, "except", nil, "not these schemas or tables (repeatable)")
	flags.Float64Var(&o.MaxMbps, "max-mbps", 0, "bandwidth in Mbit/s that is read, at most")
}

func howToMove(flags *pflag.FlagSet, o *app.DatabaseOptions) {
	s := &o.Settings
	flags.StringVar(&o.SourceFromTarget, "source-from-target", "", "HOST:PORT by which the target's server reaches the source, where that differs")
	flags.StringVar(&o.TargetFromSource, "target-from-source", "", "HOST:PORT by which the source's server reaches the target, where that differs")
	flags.BoolVar(&s.Offline, "offline", false, "copy once and follow nothing: nobody writes at the source meanwhile")
	flags.BoolVar(&s.Identity, "replica-identity", false, "let Landfall set the replica identity of tables without a key at the source, and take it back")
	flags.BoolVar(&s.NoReturn, "no-return", false, "prepare no way back after the switch")
	flags.BoolVar(&s.OpenTarget, "open-target", false, "do not close the target to others while it follows")
	flags.IntVar(&s.Jobs, "jobs", 0, "tables copied at once (default 4)")
	flags.IntVar(&s.IndexJobs, "index-jobs", 0, "indexes built at once (default 4)")
	flags.IntVar(&s.Busy, "busy", 0, "wait while more than so many sessions work at the source")
	flags.Int64Var(&s.Guard.Bytes, "max-slot-wal", 0, "bytes of log that the source may have to keep for the target, at most (default: max_slot_wal_keep_size)")
	flags.Int64Var(&s.Margin, "sequence-margin", 0, "how many numbers sequences are set ahead at the switch")
	flags.DurationVar(&s.Grace, "grace", 0, "how long open transactions may go on when the fence goes up")
}
