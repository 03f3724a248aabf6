package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"example.com/landfall/internal/config"
)

func configCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "config",
		Short: "print each effective configuration value and where it came from",
		Long: `Print each effective configuration value and where it came from: a flag, an
environment variable, a line of landfall.yaml, or the default.

Each of these flags works with every command:

` + configFlagTable(),
		RunE: func(*cobra.Command, []string) error {
			a, err := e.app()
			if err != nil {
				return err
			}
			settings, err := a.Settings()
			if err != nil {
				return err
			}
			return e.show(settings)
		},
	}
}

// configFlagTable lists the flags and variables that set a key.
func configFlagTable() string {
	var b strings.Builder
	for _, k := range config.Keys() {
		if k.Flag == "" {
			continue
		}
		fmt.Fprintf(&b, "  --%-30s env %s\n", k.Flag, k.Env)
	}
	return strings.TrimRight(b.String(), "\n")
}
