package cli

import (
	"io"

	"github.com/spf13/cobra"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/view"
)

// nodeNames says how a command line names a node.
const nodeNames = "A node is named by its id, by the end of it, or by a name that only one has."

func graphCommand(e *env) *cobra.Command {
	var o app.GraphOptions
	cmd := &cobra.Command{
		Use:   "graph",
		Short: "draw the dependency graph, or ask it",
		Long: `Draw graph.json as a picture, grouped by network and tier: the workload, what it
shares with others, and what it touches outside.

With --focus only a node and its neighbours are drawn.

` + nodeNames,
		Example: `  landfall graph --format svg --out graph.svg
  landfall graph --focus bookshop-db --depth 2 --format mermaid
  landfall graph needs bookshop-web`,
		RunE: func(_ *cobra.Command, _ []string) error {
			a, err := e.app()
			if err != nil {
				return err
			}
			if o.Format == "" && e.json {
				o.Format = "json"
			}
			drawn, err := a.DrawGraph(o, func() io.Writer { return e.Out })
			if err != nil || drawn.File == "" {
				return err
			}
			return e.show(drawn)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Format, "format", "", "svg, mermaid, dot, json or html (default: by the name of --out, else svg)")
	flags.StringVarP(&o.Out, "out", "o", "", "file to write (default: standard output)")
	flags.StringVar(&o.Focus, "focus", "", "draw this node and its neighbours only")
	flags.IntVar(&o.Depth, "depth", 1, "how many edges away from the focus")
	flags.BoolVar(&o.All, "all", false, "draw every node and what the rules merely allow")
	cmd.AddCommand(
		reachCommand(e, "needs", "list what a node needs, directly and further on", (*app.App).Needs),
		reachCommand(e, "dependents", "list what depends on a node, directly and further on", (*app.App).Dependents),
		cutCommand(e),
		&cobra.Command{
			Use:   "cycles",
			Short: "list the groups of nodes that need each other around a ring",
			Long: `Each node of a group needs every other of it, over some steps: they are moved
together, or a ring is opened first.`,
			RunE: showing(e, func(_ *cobra.Command, a *app.App) (view.Cycles, error) { return a.Cycles() }),
		},
	)
	return cmd
}

func reachCommand(e *env, name, short string, ask func(*app.App, string) (view.Reached, error)) *cobra.Command {
	return &cobra.Command{
		Use:   name + " NODE",
		Short: short,
		Long: `A step is one edge of graph.json; BY WAY OF is the node just before the listed
one on a shortest way. Long names are cut in the table; --json has them whole,
with ids and the way.

` + nodeNames,
		Example: "  landfall graph " + name + " bookshop-web",
		Args:    oneArgument("NODE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return showing(e, func(_ *cobra.Command, a *app.App) (view.Reached, error) { return ask(a, args[0]) })(cmd, args)
		},
	}
}

func cutCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "cut FROM TO",
		Short: "find the fewest nodes without which FROM no longer reaches TO",
		Long: `FROM needs TO over any number of edges. The fewest nodes that cut all these ways
are where the workload can be taken apart, and where one failure is enough.

` + nodeNames,
		Example: "  landfall graph cut bookshop-web bookshop-db",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fault.Newf(fault.Usage, "%s wants two nodes, FROM and TO; got %d", cmd.CommandPath(), len(args)).Hintf("%s --help", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return showing(e, func(_ *cobra.Command, a *app.App) (view.Cut, error) { return a.Cut(args[0], args[1]) })(cmd, args)
		},
	}
}
