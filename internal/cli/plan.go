package cli

import (
	"github.com/spf13/cobra"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/fault"
)

func runbookCommand(e *env) *cobra.Command {
	var o app.PlanOptions
	var advise, diff bool
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "compile the runbook: every step from here to the retirement, with gates and undo",
		Long: `Compile inventory, graph, baseline and design into runbook.json: the steps that
this workload needs, with what each waits for, proves and takes back, and a
cutover by the chosen strategy. Write runbook.md and runbook.svg beside it for
the people who approve it.

The runbook is checked before it can be approved: one writer for each set of data
at any time, users only where they are served, names that expire in time, a
window that is long enough, and every order and failure of the cutover explored.
A finding that blocks fails the command (exit code 10) with the events that lead
to it; the runbook is written all the same, so that it can be read.

--advise compares big bang, phased, blue-green and canary for this workload and
says which guide recommends which. --diff compares with the runbook that was
approved last. Neither writes anything.`,
		Example: `  landfall plan --advise
  landfall plan --strategy canary
  landfall plan --diff`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if advise && (diff || o.Strategy != "") {
				return usage(cmd, fault.Newf(fault.Usage, "%s --advise compares all strategies and takes no other flag of its own", cmd.CommandPath()))
			}
			a, err := e.app()
			if err != nil {
				return err
			}
			switch {
			case advise:
				result, err := a.Advise()
				if err != nil {
					return err
				}
				return e.show(result)
			case diff:
				result, err := a.PlanDiff(cmd.Context(), o)
				if err != nil {
					return err
				}
				return e.show(result)
			}
			result, err := a.Plan(cmd.Context(), o)
			if err == nil || result.Fingerprint != "" { // a runbook that is blocked is shown too
				if showErr := e.show(result); showErr != nil {
					return showErr
				}
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Strategy, "strategy", "", "big-bang, phased, blue-green or canary (default: landfall.yaml, else what is advised)")
	flags.BoolVar(&advise, "advise", false, "compare the strategies for this workload")
	flags.BoolVar(&diff, "diff", false, "compare with the runbook that was approved last")
	return cmd
}
