package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"example.com/landfall/internal/fault"
)

// exitCodesTopic is "landfall help exit-codes", printed from the table that
// decides the codes.
func exitCodesTopic() *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "what each exit code means (a help topic)", Long: ExitCodes()}
}

// ExitCodes renders the table of exit codes, for the help topic and for the
// reference page.
func ExitCodes() string {
	var b strings.Builder
	b.WriteString("Every command ends with one of these exit codes. \"retry\" means that running the\nsame command again, later, can help and can do no harm.\n\n")
	fmt.Fprintf(&b, "%4s  %-12s  %-5s  %s\n", "code", "kind", "retry", "meaning")
	fmt.Fprintf(&b, "%4d  %-12s  %-5s  %s\n", 0, "", "", "done; every check passed")
	for _, c := range fault.Kinds() {
		retry := "no"
		if c.Retry {
			retry = "yes"
		}
		fmt.Fprintf(&b, "%4d  %-12s  %-5s  %s\n", c.ExitCode, c.Kind, retry, c.Meaning)
	}
	return strings.TrimRight(b.String(), "\n")
}

func environmentTopic() *cobra.Command {
	return &cobra.Command{Use: "environment", Short: "the environment variables that are read (a help topic)", Long: `Configuration: each scalar of landfall.yaml can be set by an environment
variable; "landfall config" lists its name, its value and where that came from.
Precedence: flag, environment, landfall.yaml, default.

Credentials are never read from landfall.yaml. They come from the clouds' own
variables and chains:

  AWS    AWS_PROFILE, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
         AWS_SESSION_TOKEN, AWS_ENDPOINT_URL, ... as for the aws command
  Azure  AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET,
         AZURE_FEDERATED_TOKEN_FILE, ... as for the Azure SDKs

  LANDFALL_CACHE        folder for downloaded tools (default: the user's cache folder)
  LANDFALL_PROXY_TOKEN  token of the admin API of landfall proxy, where no file is named
  LANDFALL_AZURE_TYPES  file of Azure type definitions, against which the sandbox checks bodies
  NO_COLOR              any value but an empty one switches colour and bars off, and so does TERM=dumb
  SSL_CERT_FILE         certificate authorities to trust`}
}
