package cli

import (
	"github.com/spf13/cobra"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/view"
)

func verifyCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "prove that data is the same at the source and at the target",
	}
	cmd.AddCommand(verifyObjectsCommand(e), verifyPostgresCommand(e), verifyManifestCommand(e))
	return cmd
}

func verifyObjectsCommand(e *env) *cobra.Command {
	var o app.MoveOptions
	cmd := &cobra.Command{
		Use:   "objects s3://BUCKET[/PREFIX] az://ACCOUNT/CONTAINER[/PREFIX]",
		Short: "compare a bucket with a container, whoever copied it",
		Long: `Compare each object of a bucket with its blob, and list each difference with its
exact reason. Nothing is changed. The levels:

  listing  names, sizes, marks and MD5s that the two listings tell
  bound    also asks both sides for each object: the hashes of the content that
           they hold, headers and metadata
  full     reads both sides to the last byte, independently of each other

What equality rests on is counted: read, bound, recorded (the mark of an earlier
copy) or unproved. The exit code is 1 when anything differs, is missing or extra,
or when nothing proves that it is equal.`,
		Example: `  landfall verify objects s3://covers az://stcovers/covers
  landfall verify objects s3://covers az://stcovers/covers --level full`,
		Args: twoSides,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Source, o.Target = args[0], args[1]
			return e.moved(func(a *app.App) (view.Moved, error) { return a.VerifyObjects(cmd.Context(), o, e.progress()) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Level, "level", "bound", "how much is looked at: listing, bound or full")
	flags.StringVar(&o.Names, "names", "", "keys that Azure cannot hold, as they were copied: exclude, rename or fail (default exclude, or rename where the runbook says so of the bucket)")
	flags.StringVar(&o.Metadata, "metadata", "", "metadata, tags and headers that Azure cannot hold: exclude (listed), rename or fail (default as with --names)")
	flags.BoolVar(&o.Tags, "tags", false, "compare the tags, too")
	sharedMoveFlags(flags, &o)
	return cmd
}

func verifyManifestCommand(e *env) *cobra.Command {
	var o app.ManifestOptions
	cmd := &cobra.Command{
		Use:   "manifest PATH",
		Short: "check a manifest offline: that it is whole, who signed it, and that the ledger knows it",
		Long: `Read a manifest to its end and check each line, each count and each hash; that
the ledger holds its digest; and its signature, with the key of the workspace that
the ledger names, or with the signers file for a person's. Nothing is asked over
the network.`,
		Args: oneArgument("the path of a manifest"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Path = args[0]
			return showing(e, func(cmd *cobra.Command, a *app.App) (view.ManifestChecked, error) {
				return a.CheckManifest(cmd.Context(), o)
			})(cmd, args)
		},
	}
	cmd.Flags().StringVar(&o.Ledger, "ledger", "", "a copy of the ledger (default: the workspace's)")
	cmd.Flags().StringVar(&o.Key, "key", "", "a file with the public key of the workspace, or of the person who signed, to check without a ledger")
	return cmd
}
