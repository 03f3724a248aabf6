package cli

import (
	"github.com/spf13/cobra"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/view"
)

func designCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "design",
		Short: "decide what becomes of every resource at the target, and prove the network",
		Long: `Read inventory.json and graph.json and decide each resource inside the boundary:
migrate, replace, retain, retire, or manual where there is no automatic mapping.
Write design.json with the target resources as ARM bodies, and documents below
design/: a record of each decision, the network request, failure modes, security
parity, what to try first, regions and quotas, cost, and the values that a
deployment wants to be given.

Names at the target are those of the first environment of landfall.yaml;
design/names.md has them for each.

The network proof compares who may reach whom on both sides. A packet that only
the target lets through fails the design (exit code 10) until landfall.yaml
accepts it by name under design.accept; design.json is written all the same.

Nothing is asked of either cloud: the design needs no account.`,
		Example: `  landfall design
  landfall design --json | jq '.manual'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := e.app()
			if err != nil {
				return err
			}
			result, err := a.Design(cmd.Context())
			if err == nil || result.Fingerprint != "" { // a design that is blocked is shown too
				if showErr := e.show(result); showErr != nil {
					return showErr
				}
			}
			return err
		},
	}
}

func explainCommand(e *env) *cobra.Command {
	var o app.ExplainOptions
	cmd := &cobra.Command{
		Use:   "explain RESOURCE",
		Short: "tell the story of one resource: what becomes of it, why, and what differs",
		Long: `RESOURCE is anything that it is called on either side: an ARN or an id of AWS, the
end of one, a template's logical id, a name; or the id or name of a resource at
the target in any environment, which leads to what it stands for. Where more than
8 resources are called so, they are listed.

Names at the target are those of the environment that has the name, otherwise of
the first one of landfall.yaml, or of the one given with --environment.`,
		Example: `  landfall explain bookshop-db
  landfall explain bookshop-db --environment production`,
		Args: oneArgument("RESOURCE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Resource = args[0]
			return showing(e, func(_ *cobra.Command, a *app.App) (view.Explained, error) { return a.Explain(o) })(cmd, args)
		},
	}
	cmd.Flags().StringVar(&o.Environment, "environment", "", "environment whose names are shown")
	return cmd
}

func iacCommand(e *env) *cobra.Command {
	var o app.IaCOptions
	cmd := &cobra.Command{
		Use:   "iac",
		Short: "print the design as Bicep, Terraform and an ARM template",
		Long: `Print design.json as infrastructure code below iac/: Bicep modules by tier with
parameters for each environment, Terraform with azapi resources, and the feature
flags that switch each dependency between the clouds. The values that a deployment
wants to be given are listed, with the variable that takes each.

A design that is older than what it was made from is not printed: landfall design
makes it anew.

--format arm prints one deployment template to the standard output instead.

With --pipelines the pipelines in the checkout of an application are found, and
the Azure deployment is written beside the AWS one, below iac/pipelines. The
checkout itself is not changed.`,
		Example: `  landfall iac
  landfall iac --format arm > template.json
  landfall iac --pipelines ~/src/shop`,
		Args: cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			a, err := e.app()
			if err != nil {
				return err
			}
			if o.Format == "arm" && o.Out == "" {
				content, err := a.Template(o)
				if err != nil {
					return err
				}
				_, err = e.Out.Write(content)
				return fault.Wrap(err, "write template", "")
			}
			result, err := a.IaC(o)
			if err != nil {
				return err
			}
			return e.show(result)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Format, "format", "all", "bicep, terraform, arm or all")
	flags.StringVarP(&o.Out, "out", "o", "", "folder to write to (default: iac in the workspace)")
	flags.StringVar(&o.Environment, "environment", "", "print for this environment (with --format arm)")
	flags.StringVar(&o.Pipelines, "pipelines", "", "checkout of the application whose pipelines get an Azure part")
	return cmd
}

func deployCommand(e *env) *cobra.Command {
	var o app.DeployOptions
	cmd := &cobra.Command{
		Use:   "deploy --environment NAME",
		Short: "show what a deployment would do, and carry out the preview that was approved",
		Long: `Check providers, sizes, quotas, names and permissions, and ask Resource Manager
what the deployment of design.json would change. The preview has a fingerprint;
with --approve FINGERPRINT exactly that is carried out, and afterwards every
resource is read back and the question asked again: nothing may be left to change.

A run that was killed goes on when the same command is given again. When an
environment is as designed nothing is done; what was changed behind the design's
back is shown as a modification.

Production stays shut until the same design was deployed to an environment of
stage non-production and verified there, or --override gives a reason, which the
ledger keeps.

Values of parameters come from LANDFALL_PARAMETER_<NAME> or from files of
name: value pairs; secrets are never written anywhere.`,
		Example: `  landfall deploy --environment test
  landfall deploy --environment test --approve sha256:4f2a...`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Environment == "" {
				return fault.Newf(fault.Usage, "%s wants --environment NAME", cmd.CommandPath()).Hintf("%s --help", cmd.CommandPath())
			}
			a, err := e.app()
			if err != nil {
				return err
			}
			result, err := a.Deploy(cmd.Context(), o, e.progress())
			if err == nil || result.Environment != "" {
				if showErr := e.show(result); showErr != nil {
					return showErr
				}
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Environment, "environment", "", "environment of landfall.yaml to deploy to")
	flags.StringVar(&o.Approve, "approve", "", "fingerprint of the preview to carry out")
	flags.StringArrayVar(&o.Parameters, "parameters", nil, "file of parameter values (repeatable)")
	flags.StringVar(&o.Override, "override", "", "reason to open production without a verified environment")
	return cmd
}

func catalogCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "catalog",
		Short: "the facts about both clouds that a design is made with",
		Long: `Sizes, disks, database SKUs, regions, limits, prices and roles are embedded in the
program, each table with its source and date. catalog.json, where there is one,
is laid over them.`,
		Args: subcommand,
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "refresh",
		Short: "ask both clouds for sizes, limits and prices, and write catalog.json",
		Long: `Ask EC2 for its instance types, Resource Manager for the sizes that the target
region sells to the subscription and for its limits, and Azure's price list for
what they cost. What one of them does not answer is listed, and the embedded
facts stay.`,
		Args: cobra.NoArgs,
		RunE: showing(e, func(cmd *cobra.Command, a *app.App) (view.Refreshed, error) {
			return a.RefreshCatalog(cmd.Context(), e.progress())
		}),
	})
	return cmd
}
