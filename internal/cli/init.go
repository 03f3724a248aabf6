package cli

import (
	"github.com/spf13/cobra"

	"example.com/landfall/internal/app"
)

func initCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "init NAME",
		Short: "make a workspace: write a commented landfall.yaml",
		Long: `Make a workspace for the workload NAME in the folder given with --workspace, or
here: write a commented landfall.yaml, a .gitignore for what is not to be
committed, and the first entry of the ledger. Nothing that exists is overwritten.`,
		Args: oneArgument("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			setup, err := e.setup()
			if err != nil {
				return err
			}
			made, err := app.Init(cmd.Context(), setup, args[0])
			if err != nil {
				return err
			}
			return e.show(made)
		},
	}
}
