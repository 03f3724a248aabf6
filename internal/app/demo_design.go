package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox"
	"example.com/landfall/internal/view"
)

// demoEnvironment is where the demo deploys to.
const demoEnvironment = "test"

// demoDesign designs the workload, prints the code, and deploys it to the
// Azure side of the sandbox, as any user would: preview, approval, reading
// back, and a second run that changes nothing.
func (a *App) demoDesign(ctx context.Context, d *view.Demo, progress *view.Progress) error {
	root := a.Workspace.Root()
	progress.Say("== design: what becomes of each resource, and the proof of the network")
	if err := a.rehearse(ctx, progress, sandbox.RunSelf, &d.Designed, "design", "--workspace", root, "--json"); err != nil {
		return err
	}
	d.Evidence["design"] = d.Designed.Evidence
	if err := a.rehearse(ctx, progress, sandbox.RunSelf, &d.Printed, "iac", "--workspace", root, "--json"); err != nil {
		return err
	}
	progress.Say("== deploy: preview, approve, read back, and once more")
	parameters, err := a.demoParameters()
	if err != nil {
		return err
	}
	defer os.Remove(parameters) //nolint:errcheck // made-up values of a sandbox
	deploy := func(into *view.Deployed, approve ...string) error {
		args := append([]string{"deploy", "--workspace", root, "--environment", demoEnvironment, "--parameters", parameters, "--json"}, approve...)
		return a.rehearse(ctx, progress, sandbox.RunSelf, into, args...)
	}
	var preview view.Deployed
	if err := deploy(&preview); err != nil {
		return err
	}
	if err := deploy(&d.Deployed, "--approve", preview.Preview.Fingerprint); err != nil {
		return err
	}
	if err := deploy(&d.Again); err != nil {
		return err
	}
	if n := len(d.Deployed.Evidence); n > 0 {
		d.Evidence["deployment"] = d.Deployed.Evidence[n-1]
	}
	if d.Again.Preview.Touched() > 0 {
		return fault.Newf(fault.Found, "a second deployment would change %d resources", d.Again.Preview.Touched())
	}
	return nil
}

// demoParameters makes up a value for each parameter of the design: what they
// open exists in this sandbox only.
func (a *App) demoParameters() (string, error) {
	d, err := a.readDesign()
	if err != nil {
		return "", err
	}
	values := map[string]any{}
	for _, p := range d.Parameters {
		if p.Default == nil && p.Name != tenantParameter {
			values[p.Name] = madeUp(p)
		}
	}
	folder, err := a.Workspace.Private()
	if err != nil {
		return "", err
	}
	content, err := json.Marshal(values)
	if err != nil {
		return "", fault.Of(fault.Internal, "write parameters", folder, err)
	}
	name := filepath.Join(folder, "demo-parameters.json")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		return "", fault.Wrap(err, "write parameters", name)
	}
	return name, nil
}

func madeUp(p design.Parameter) any {
	switch p.Type {
	case "int":
		return 1
	case "bool":
		return false
	case "array":
		return []any{}
	case "object":
		return map[string]any{}
	}
	return "Lf1-" + rand.Text()
}
