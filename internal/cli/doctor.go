package cli

import "github.com/spf13/cobra"

func doctorCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "check workspace, machine, tools, credentials, endpoints and permissions",
		Long: `Check the workspace, the machine, the sandbox's tools, and for both clouds the
endpoint, the credentials, the clock and the permissions; say how to mend each.

The doctor only reads. "unknown" means that it could not be found out, which is
not an ok. The exit code is 1 when a check failed.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := e.app()
			if err != nil {
				return err
			}
			diagnosis, err := a.Doctor(cmd.Context())
			if showErr := e.show(diagnosis); showErr != nil {
				return showErr
			}
			return err
		},
	}
}
