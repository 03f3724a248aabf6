package app

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/iac"
	"example.com/landfall/internal/view"
)

// codeFolder holds the infrastructure code.
const codeFolder = "iac"

// IaCOptions says what to print.
type IaCOptions struct {
	// Format is "bicep", "terraform", "arm" or "all".
	Format string
	// Out is the folder, "" for iac in the workspace.
	Out string
	// Environment is what an ARM template is printed for, "" for the design's
	// own place.
	Environment string
	// Pipelines is the checkout of the application, "" for none.
	Pipelines string
}

// Template prints the design as one ARM template.
func (a *App) Template(o IaCOptions) ([]byte, error) {
	d, err := a.freshDesign("print infrastructure code")
	if err != nil {
		return nil, err
	}
	if o.Environment != "" {
		e, err := a.environment(o.Environment)
		if err != nil {
			return nil, err
		}
		d = design.ForEnvironment(d, environmentOf(a.Config, e))
	}
	return iac.ARM(d)
}

// IaC prints the design as infrastructure code.
func (a *App) IaC(o IaCOptions) (view.Printed, error) {
	w, err := a.need()
	if err != nil {
		return view.Printed{}, err
	}
	d, err := a.freshDesign("print infrastructure code")
	if err != nil {
		return view.Printed{}, err
	}
	places := a.places()
	root := filepath.Join(w.Root(), codeFolder)
	if o.Out != "" {
		root = a.path(o.Out)
	}
	out := view.Printed{Folder: root, Blocking: len(d.Blocking()), Parameters: a.parametersOf(d)}
	files, err := printFormats(d, o.Format, places)
	if err != nil {
		return out, err
	}
	if o.Pipelines != "" {
		checkout, err := readCheckout(a.path(o.Pipelines))
		if err != nil {
			return out, err
		}
		printed, findings, err := iac.Pipelines(checkout, d, a.pipelineOptions(places))
		if err != nil {
			return out, err
		}
		files, out.Pipelines = append(files, printed...), findings
	}
	out.Files = len(files)
	return out, replaceFolder(root, files)
}

func (a *App) pipelineOptions(places []design.Environment) iac.PipelineOptions {
	var o iac.PipelineOptions
	for i, e := range a.Config.Environments {
		o.Environments = append(o.Environments, iac.PipelineEnvironment{Environment: places[i], Production: e.Stage == config.Production})
	}
	return o
}

func printFormats(d *design.Design, format string, places []design.Environment) ([]design.File, error) {
	var files []design.File
	known := false
	for _, p := range []struct {
		name  string
		print func() ([]design.File, error)
	}{
		{"bicep", func() ([]design.File, error) { return iac.Bicep(d, places) }},
		{"terraform", func() ([]design.File, error) { return iac.Terraform(d, places) }},
		{"arm", func() ([]design.File, error) {
			content, err := iac.ARM(d)
			return []design.File{{Path: "arm/template.json", Content: content}}, err
		}},
	} {
		if format != "all" && format != p.name {
			continue
		}
		known = true
		printed, err := p.print()
		if err != nil {
			return nil, err
		}
		files = append(files, printed...)
	}
	if !known {
		return nil, fault.Newf(fault.Usage, "print %q: no such format", format).Hintf("--format bicep, terraform, arm or all")
	}
	flags, err := iac.Flags(d, places...)
	return append(files, flags), err
}

// Bounds of what is read of a checkout.
const (
	maxPipelineBytes = 1 << 20
	maxPipelineFiles = 500
)

// readCheckout reads the files of a checkout that may describe a pipeline.
func readCheckout(root string) (map[string][]byte, error) {
	out := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if e.IsDir() {
			if base := e.Name(); base == "node_modules" || base == "vendor" || base == ".git" {
				return filepath.SkipDir
			}
			return nil
		}
		if !e.Type().IsRegular() || !pipelineName(name) || len(out) >= maxPipelineFiles {
			return nil
		}
		info, err := e.Info()
		if err != nil || info.Size() > maxPipelineBytes {
			return err
		}
		out[name], err = os.ReadFile(path)
		return err
	})
	return out, fault.Wrap(err, "read checkout", root)
}

// pipelineName reports whether a file may describe a pipeline.
func pipelineName(name string) bool {
	base := strings.ToLower(name[strings.LastIndexByte(name, '/')+1:])
	switch {
	case strings.HasPrefix(name, ".github/workflows/"), strings.HasPrefix(name, ".gitlab/"):
		return strings.HasSuffix(base, ".yml") || strings.HasSuffix(base, ".yaml")
	case base == "dockerfile", strings.HasPrefix(base, "dockerfile."), strings.HasPrefix(base, "jenkinsfile"), strings.HasPrefix(base, ".gitlab-ci"), strings.HasPrefix(base, "buildspec"), strings.HasPrefix(base, "appspec"):
		return true
	}
	return strings.HasSuffix(base, ".yml") || strings.HasSuffix(base, ".yaml") || strings.HasSuffix(base, ".json")
}
