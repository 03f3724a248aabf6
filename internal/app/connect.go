package app

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/connect"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/store/durable"
	"example.com/landfall/internal/view"
)

// ConnectionsVersion is the schemaVersion of connections.json.
const ConnectionsVersion = 1

// Connections is connections.json: what has to be tried before a cutover.
type Connections struct {
	SchemaVersion int               `json:"schemaVersion"`
	Inputs        map[string]string `json:"inputs"`
	Checks        []connect.Check   `json:"checks"`
}

// ArtefactVersion is the schemaVersion that the program writes and reads.
func (Connections) ArtefactVersion() int { return ConnectionsVersion }

// PlanConnections lists the connections to try and writes connections.json.
// environment is where the target stands; "" takes the design's own place.
func (a *App) PlanConnections(environment string) (view.ConnectionPlan, error) {
	w, err := a.need()
	if err != nil {
		return view.ConnectionPlan{}, err
	}
	d, err := a.readDesign()
	if err != nil {
		return view.ConnectionPlan{}, err
	}
	g, err := a.readGraph()
	if err != nil {
		return view.ConnectionPlan{}, err
	}
	var inv inventory.Inventory
	if err := w.Read(store.Inventory, &inv); err != nil {
		return view.ConnectionPlan{}, err
	}
	if environment != "" {
		e, err := a.environment(environment)
		if err != nil {
			return view.ConnectionPlan{}, err
		}
		d = design.ForEnvironment(d, environmentOf(a.Config, e))
	}
	plan := Connections{SchemaVersion: ConnectionsVersion, Inputs: map[string]string{}, Checks: connect.Plan(d, &g, &inv)}
	for _, name := range []store.Name{store.Inventory, store.Graph, store.Design} {
		if plan.Inputs[string(name)], err = w.Fingerprint(name); err != nil {
			return view.ConnectionPlan{}, err
		}
	}
	out := view.OfChecks(plan.Checks)
	out.Unplanned = connect.Unplannable(d, &g, &inv)
	return out, w.Write(store.Connections, plan)
}

// TryOptions says which connections to try.
type TryOptions struct {
	// Checks is a copy of connections.json, "" for that of the workspace.
	Checks string
	// From is the end that this machine stands for: its name, or "source" or
	// "target".
	From string
	// Out is the file for the results, "" for none.
	Out string
}

// atOnce is how many connections are tried at one time.
const atOnce = 16

// TryConnections tries the connections that begin at this machine.
func (a *App) TryConnections(ctx context.Context, o TryOptions, progress *view.Progress) (view.Tried, error) {
	plan, err := a.readChecks(o.Checks)
	if err != nil {
		return view.Tried{}, err
	}
	var mine []connect.Check
	for _, c := range plan.Checks {
		if strings.EqualFold(c.From.Name, o.From) || string(c.From.Side) == o.From || string(c.From.ID) == o.From {
			mine = append(mine, c)
		}
	}
	if len(mine) == 0 {
		return view.Tried{}, fault.Newf(fault.Usage, "try connections from %q: no check begins there; known are %s", o.From, strings.Join(beginnings(plan.Checks), ", "))
	}
	results := make([]connect.Result, len(mine))
	bar := progress.Begin("try connections", int64(len(mine)), "connections")
	defer bar.Done()
	var wait sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i, c := range mine {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			results[i] = a.Readers.Dialer.Try(ctx, c)
		})
		bar.Set(int64(i + 1))
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return view.Tried{}, fault.Wrap(err, "try connections", o.From)
	}
	out := view.Tried{From: o.From, Results: results, File: o.Out}
	if o.Out == "" {
		return out, nil
	}
	content, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return out, fault.Of(fault.Internal, "write results", o.Out, err)
	}
	return out, durable.Replace(a.path(o.Out), append(content, '\n'), 0o644)
}

func (a *App) readChecks(file string) (Connections, error) {
	var plan Connections
	if file != "" {
		return plan, store.ReadFile(a.path(file), store.Connections, &plan)
	}
	w, err := a.need()
	if err != nil {
		return plan, err
	}
	return plan, w.Read(store.Connections, &plan)
}

func beginnings(checks []connect.Check) []string {
	var out []string
	for _, c := range checks {
		if !slices.Contains(out, c.From.Name) {
			out = append(out, c.From.Name)
		}
	}
	slices.Sort(out)
	const shown = 10
	return out[:min(len(out), shown)]
}

// JudgeConnections compares what was found with what has to be. The error is
// of kind fault.Found when a connection is not as it has to be, or was not
// tried.
func (a *App) JudgeConnections(ctx context.Context, files []string) (view.ConnectionMatrix, error) {
	plan, err := a.readChecks("")
	if err != nil {
		return view.ConnectionMatrix{}, err
	}
	d, err := a.readDesign()
	if err != nil {
		return view.ConnectionMatrix{}, err
	}
	results, err := a.readResults(files)
	if err != nil {
		return view.ConnectionMatrix{}, err
	}
	rules, err := a.connectionRules(plan)
	if err != nil {
		return view.ConnectionMatrix{}, err
	}
	out := view.OfVerdicts(connect.Judge(rules, plan.Checks, results))
	entry, err := a.record(ctx, "connections.judged", d.Workload, map[string]any{"passed": out.Passed, "failed": out.Failed, "notTried": out.NotTried})
	if err != nil {
		return out, err
	}
	if out.Evidence = entry.Seq; out.Failed+out.NotTried > 0 {
		return out, fault.Newf(fault.Found, "judge connections: %d are not as they have to be, %d were not tried", out.Failed, out.NotTried)
	}
	return out, nil
}

// readResults reads what was found where connections were tried.
func (a *App) readResults(files []string) ([]connect.Result, error) {
	var results []connect.Result
	for _, name := range files {
		content, err := os.ReadFile(a.path(name))
		if err != nil {
			return nil, fault.Wrap(err, "read results", name)
		}
		var some []connect.Result
		if err := json.Unmarshal(content, &some); err != nil {
			return nil, fault.Of(fault.Invalid, "read results", name, err)
		}
		results = append(results, some...)
	}
	return results, nil
}

// connectionRules find the rule that decides a connection, on both sides.
func (a *App) connectionRules(plan Connections) (*connect.Rules, error) {
	w, err := a.need()
	if err != nil {
		return nil, err
	}
	d, err := a.readDesign()
	if err != nil {
		return nil, err
	}
	var inv inventory.Inventory
	if err := w.Read(store.Inventory, &inv); err != nil {
		return nil, err
	}
	return connect.NewRules(d, &inv, plan.Checks), nil
}
