package cli

import (
	"github.com/spf13/cobra"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/view"
)

func connectionsCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "connections",
		Short: "try every connection of the workload from both sides, and those that must stay shut",
		Long: `Each dependency of the graph that has a port is tried in all four ways: within
the source, within the target, and across in both directions. What nothing
depends on has to stay shut. A name that does not resolve, or a connection that
was not tried, never counts as passed.`,
	}
	cmd.AddCommand(
		planCommand(e),
		tryCommand(e),
		&cobra.Command{
			Use:     "report RESULTS...",
			Short:   "compare what was found with what has to be",
			Example: "  landfall connections report web-1.json vm-web.json",
			Args: func(cmd *cobra.Command, args []string) error {
				if len(args) == 0 {
					return fault.Newf(fault.Usage, "%s wants the files that \"landfall connections try --out\" wrote", cmd.CommandPath())
				}
				return nil
			},
			RunE: func(cmd *cobra.Command, args []string) error {
				a, err := e.app()
				if err != nil {
					return err
				}
				result, err := a.JudgeConnections(cmd.Context(), args)
				if err == nil || len(result.Verdicts) > 0 {
					if showErr := e.show(result); showErr != nil {
						return showErr
					}
				}
				return err
			},
		},
	)
	return cmd
}

func tryCommand(e *env) *cobra.Command {
	var o app.TryOptions
	cmd := &cobra.Command{
		Use:   "try --from NAME",
		Short: "try the connections that begin at this machine",
		Long: `Run this on a machine of each side: it needs this program and connections.json,
and no workspace. A try opens one connection (a DNS question, a TLS greeting, a
HEAD request) and closes it.`,
		Example: "  landfall connections try --checks connections.json --from bookshop-web --out web.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.From == "" {
				return fault.Newf(fault.Usage, "%s wants --from: the name of the resource that this machine is, or source or target", cmd.CommandPath())
			}
			return showing(e, func(cmd *cobra.Command, a *app.App) (view.Tried, error) {
				return a.TryConnections(cmd.Context(), o, e.progress())
			})(cmd, nil)
		},
	}
	cmd.Flags().StringVar(&o.Checks, "checks", "", "copy of connections.json (default: that of the workspace)")
	cmd.Flags().StringVar(&o.From, "from", "", "what this machine stands for: a resource's name, source or target")
	cmd.Flags().StringVarP(&o.Out, "out", "o", "", "file for the results")
	return cmd
}

func planCommand(e *env) *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "list the connections to try, as connections.json",
		Long: `Names at the target differ between environments: --environment says whose are
tried. What cannot be planned (an address that nobody knows, a service without
one) is named.`,
		Example: "  landfall connections plan --environment test",
		Args:    cobra.NoArgs,
		RunE:    showing(e, func(_ *cobra.Command, a *app.App) (view.ConnectionPlan, error) { return a.PlanConnections(environment) }),
	}
	cmd.Flags().StringVar(&environment, "environment", "", "environment of landfall.yaml (default: the names of design.json)")
	return cmd
}
