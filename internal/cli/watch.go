package cli

import (
	"time"

	"github.com/spf13/cobra"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/view"
)

func watchCommand(e *env) *cobra.Command {
	once, every := false, 15*time.Minute
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "look again and again whether the runbook would still come through",
		Long: `Look at the runbook against what is there, by reading only: whether design and
runbook are of the newest assessment and landfall.yaml, whether this very
fingerprint has its approvals, whether the maintenance window can be kept; what
changed at the source since the assessment, what the target lacks (quotas,
providers, names, rights), which certificates end before the cutover does, and
whether name servers let names be kept for longer than the plan waits. Each finding
says what, where, and what to do.

With --once it looks once, and the exit code is 1 when something would fail or
nobody can tell. Without, it looks every --every until Ctrl-C and shows each look
that found something else than the one before. Each look is an entry of the ledger,
and nothing else is written.`,
		Example: `  landfall watch --once
  landfall watch --every 1h`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if once && cmd.Flags().Changed("every") {
				return usage(cmd, fault.Newf(fault.Usage, "%s --once looks once: it takes no --every", cmd.CommandPath()))
			}
			a, err := e.app()
			if err != nil {
				return err
			}
			if once {
				result, err := a.Watch(cmd.Context())
				return e.showAnd(result, err, result.Evidence != 0)
			}
			return a.KeepWatching(cmd.Context(), every, func(w view.Watched) error { return e.show(w) })
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "look once")
	cmd.Flags().DurationVar(&every, "every", every, "time between two looks")
	return cmd
}
