package app

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/mem"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/tools"
	"example.com/landfall/internal/view"
)

// What the sandbox with its default sizes was measured to need: about 1 GiB of
// memory and 1 GiB of disk, and 1.5 GiB of tools; doubled, because a machine
// that is just big enough is too small.
const (
	diskNeeded   = 5 << 30
	memoryNeeded = 2 << 30
)

func (a *App) doctorWorkspace(ctx context.Context) []view.Finding {
	if a.WorkspaceErr != nil {
		if fault.Is(a.WorkspaceErr, fault.NotFound) {
			return []view.Finding{{Name: config.FileName, Mark: view.Warn, Detail: "no workspace here", Mend: "landfall init NAME"}}
		}
		return problems(a.WorkspaceErr)
	}
	path := a.Workspace.ConfigPath()
	findings := []view.Finding{{Name: config.FileName, Mark: view.Good, Detail: fmt.Sprintf("%s, workload %s", path, a.Config.Workload.Name)}}
	verdict, err := a.LedgerVerify(ctx)
	switch {
	case fault.Is(err, fault.NotFound):
		findings = append(findings, view.Finding{Name: "ledger", Mark: view.Info, Detail: "nothing recorded yet"})
	case err != nil:
		findings = append(findings, view.Finding{Name: "ledger", Mark: view.Bad, Detail: err.Error(), Mend: fault.HintOf(err)})
	default:
		findings = append(findings, view.Finding{Name: "ledger", Mark: view.Good, Detail: "unbroken chain, head " + verdict.Head})
	}
	return findings
}

// problems gives each problem of a broken configuration a line of its own.
func problems(err error) []view.Finding {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []view.Finding{{Name: config.FileName, Mark: view.Bad, Detail: err.Error(), Mend: fault.HintOf(err)}}
	}
	var findings []view.Finding
	for _, one := range joined.Unwrap() {
		findings = append(findings, view.Finding{Name: config.FileName, Mark: view.Bad, Detail: one.Error(), Mend: "edit the file"})
	}
	return findings
}

func (a *App) doctorMachine(ctx context.Context) []view.Finding {
	findings := []view.Finding{{Name: "system", Mark: view.Info, Detail: fmt.Sprintf("%s/%s, %d cores", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())}}
	if runtime.GOOS != "linux" {
		findings = append(findings, view.Finding{Name: "sandbox", Mark: view.Warn, Detail: "was tried on Linux only"})
	}
	findings = append(findings, a.diskFinding(ctx), memoryFinding(ctx))
	return findings
}

func (a *App) diskFinding(ctx context.Context) view.Finding {
	f := view.Finding{Name: "disk"}
	usage, err := disk.UsageWithContext(ctx, a.setup.Dir)
	if err != nil {
		f.Mark, f.Detail = view.Unknown, fmt.Sprintf("read free space of %q: %v", a.setup.Dir, err)
		return f
	}
	f.Mark, f.Detail = view.Good, fmt.Sprintf("%s free", gibibytes(usage.Free))
	if usage.Free < diskNeeded {
		f.Mark, f.Mend = view.Warn, fmt.Sprintf("make room: the sandbox and its tools want %s", gibibytes(diskNeeded))
	}
	return f
}

func memoryFinding(ctx context.Context) view.Finding {
	f := view.Finding{Name: "memory"}
	memory, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		f.Mark, f.Detail = view.Unknown, fmt.Sprintf("read free memory: %v", err)
		return f
	}
	f.Mark, f.Detail = view.Good, fmt.Sprintf("%s available", gibibytes(memory.Available))
	if memory.Available < memoryNeeded {
		f.Mark, f.Mend = view.Warn, fmt.Sprintf("the sandbox wants %s", gibibytes(memoryNeeded))
	}
	return f
}

func gibibytes(n uint64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }

// doctorTools looks for the sandbox's tools. A missing one is a warning: who
// only works with real accounts needs none of them.
func (a *App) doctorTools(context.Context) []view.Finding {
	if a.CacheErr != nil {
		return []view.Finding{{Name: "cache folder", Mark: view.Bad, Detail: a.CacheErr.Error(), Mend: fault.HintOf(a.CacheErr)}}
	}
	var findings []view.Finding
	for _, spec := range tools.All() {
		f := view.Finding{Name: string(spec.Name)}
		tool, err := tools.Locate(a.CacheDir, spec.Name)
		switch {
		case err == nil:
			f.Mark, f.Detail = view.Good, fmt.Sprintf("%s %s (%s)", spec.Title, tool.Version, tool.Dir)
		case fault.Is(err, fault.Missing):
			f.Mark, f.Detail, f.Mend = view.Warn, fmt.Sprintf("%s: not installed; only the sandbox needs it", spec.Title), fault.HintOf(err)
			if spec.TestsOnly {
				f.Mark, f.Detail = view.Info, fmt.Sprintf("%s: not installed; only the tests need it", spec.Title)
			}
		default:
			f.Mark, f.Detail, f.Mend = view.Bad, err.Error(), fault.HintOf(err)
		}
		findings = append(findings, f)
	}
	return findings
}
