package cli

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/fault"
)

// demoFolder is the workspace of the demo below the working directory.
const demoFolder = "landfall-demo"

func demoCommand(e *env) *cobra.Command {
	var o app.DemoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "run the sample workload in the sandbox under load, and prove that no order was lost",
		Long: `Bring both clouds up on this machine, run the sample shop on the AWS side under
constant load, audit that no order was lost, doubled, changed or reordered,
record it in the ledger, and take everything down again.

The workspace is ` + demoFolder + ` below the working directory, or the one given with
--workspace; it is made when it is not there.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.demo(cmd, o) },
	}
	cmd.Flags().BoolVar(&o.Keep, "keep", false, "leave the sandbox up at the end")
	return cmd
}

func (e *env) demo(cmd *cobra.Command, o app.DemoOptions) error {
	if e.workspace == "" {
		e.workspace = filepath.Join(e.Dir, demoFolder)
	}
	setup, err := e.setup()
	if err != nil {
		return err
	}
	progress := e.progress()
	switch made, err := app.Init(cmd.Context(), setup, "bookshop"); {
	case err == nil:
		progress.Say("wrote %s", made.File)
	case !fault.Is(err, fault.Conflict):
		return err
	}
	a, err := e.app()
	if err != nil {
		return err
	}
	result, err := a.Demo(cmd.Context(), o, progress)
	if err == nil || fault.Is(err, fault.Found) {
		if showErr := e.show(result); showErr != nil {
			return showErr
		}
	}
	return err
}
