package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/view"
)

func moveCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "move",
		Short: "carry data from the source to the target, and prove it",
	}
	cmd.AddCommand(moveObjectsCommand(e), movePostgresCommand(e))
	return cmd
}

func moveObjectsCommand(e *env) *cobra.Command {
	var o app.MoveOptions
	cmd := &cobra.Command{
		Use:   "objects s3://BUCKET[/PREFIX] az://ACCOUNT/CONTAINER[/PREFIX]",
		Short: "copy a bucket into a container, with proof for each object",
		Long: `Make a container equal to a bucket: list both sides, copy what is missing or
differs, and prove each object on the way by the hashes that both services hold.
The result is a manifest with a line for each object, signed, and an entry in the
ledger. docs/guides/move-objects.md says what is proved how, what is not moved and
why, what it costs and where its limits are.

Nothing is written at the source, except that --restore asks for archived objects.
Nothing is deleted at the target without --delete, and that only after a dry run
whose fingerprint is given with --plan.

A command that was stopped, or killed, goes on when it is given again: what is
done is not done again, also within a large object. A second run copies nothing
but what changed. The exit code is 1 when an object is not as it should be.`,
		Example: `  landfall move objects s3://covers az://stcovers/covers --dry-run
  landfall move objects s3://covers az://stcovers/covers
  landfall move objects s3://covers az://stcovers/covers --follow
  landfall move objects s3://covers az://stcovers/covers --final
  landfall move objects s3://logs/2025 az://stlogs/logs/2025 --max-mbps 200 --schedule 22:00-06:00`,
		Args: twoSides,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Source, o.Target = args[0], args[1]
			return e.moved(func(a *app.App) (view.Moved, error) { return a.MoveObjects(cmd.Context(), o, e.progress()) })
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.DryRun, "dry-run", false, "say what would be done, what it costs, and what cannot be moved")
	flags.StringVar(&o.Plan, "plan", "", "carry out what the dry run with this fingerprint has said, and nothing else")
	flags.StringVar(&o.Delete, "delete", "", "delete blobs of which the object is gone: marked (those that Landfall has copied) or all; wants --plan")
	flags.Lookup("delete").NoOptDefVal = "marked"
	flags.BoolVar(&o.Follow, "follow", false, "go on, pass after pass, until --final says elsewhere that nobody writes at the source any more")
	flags.DurationVar(&o.Every, "every", 0, "time between two passes while following (default 1m)")
	flags.StringVar(&o.Events, "events", "", "URL of an SQS queue to which the bucket sends its events: changes are copied as they are told")
	flags.BoolVar(&o.Final, "final", false, "the last pass, when nobody writes at the source any more; ends a command that follows")
	flags.BoolVar(&o.Versions, "versions", false, "copy all versions in their order, and not only the current ones")
	flags.BoolVar(&o.Tags, "tags", true, "copy tags; Azure wants the role \"Storage Blob Data Owner\" for it")
	flags.StringVar(&o.ServerSide, "server-side", "never", "let the target fetch large objects from the source: never, auto (where it works) or always")
	flags.StringVar(&o.Names, "names", "", "keys that Azure cannot hold: exclude (listed), rename or fail (default exclude, or rename where the runbook says so of the bucket)")
	flags.StringVar(&o.Metadata, "metadata", "", "metadata, tags and headers that Azure cannot hold: exclude (listed), rename or fail (default as with --names)")
	flags.IntVar(&o.RestoreDays, "restore", 0, "ask for archived objects to be readable for so many days; a later run copies them")
	flags.BoolVar(&o.NoMark, "no-mark", false, "leave out the metadata by which a later run knows what it has copied")
	flags.Float64Var(&o.MaxCost, "max-cost", 0, "stop in order when requests and traffic have cost so many US dollars, by estimate")
	sharedMoveFlags(flags, &o)
	return cmd
}

// sharedMoveFlags are those of copying and of comparing.
func sharedMoveFlags(flags *pflag.FlagSet, o *app.MoveOptions) {
	flags.StringArrayVar(&o.Include, "include", nil, "only keys that match: * within a folder, ** over folders (repeatable)")
	flags.StringArrayVar(&o.Exclude, "exclude", nil, "no keys that match (repeatable)")
	flags.Float64Var(&o.MaxMbps, "max-mbps", 0, "bandwidth in Mbit/s, at most")
	flags.Float64Var(&o.MaxRequests, "max-requests", 0, "requests a second to each side, at most")
	flags.StringVar(&o.Schedule, "schedule", "", "hours of the day in which to work, such as 22:00-06:00; outside of them it is paused")
	flags.IntVar(&o.Requests, "requests", 0, "requests in flight at once (default: as many as pay)")
	flags.IntVar(&o.BuffersMiB, "buffers", 0, "MiB of memory for contents (default 96)")
	flags.BoolVar(&o.RequesterPays, "requester-pays", false, "agree to pay for requests to the bucket, where its owner asks for that")
	flags.StringVar(&o.Manifest, "manifest", "", "write the manifest to this file, too")
}

// moved shows a result, also of a command that found something or was stopped.
func (e *env) moved(run func(*app.App) (view.Moved, error)) error {
	a, err := e.app()
	if err != nil {
		return err
	}
	result, err := run(a)
	if err == nil || result.Digest != "" || result.Plan != nil {
		if showErr := e.show(result); showErr != nil {
			return showErr
		}
	}
	return err
}

// twoSides wants a source and a target.
func twoSides(cmd *cobra.Command, args []string) error {
	if len(args) == 2 {
		return nil
	}
	return fault.Newf(fault.Usage, "%s wants a source and a target; got %d arguments", cmd.CommandPath(), len(args)).
		Hintf("%s s3://BUCKET az://ACCOUNT/CONTAINER", cmd.CommandPath())
}
