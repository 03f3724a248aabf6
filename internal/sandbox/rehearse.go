package sandbox

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
)

// shopWaitDelay bounds the wait for the program's output once it is gone.
const shopWaitDelay = 5 * time.Second

// ShopRun says how to run the sample workload's program beside the sandbox.
type ShopRun struct {
	// Workspace whose sandbox the program talks to.
	Workspace string
	// Exe is the landfall executable; the program is looked for beside it.
	Exe string
	// Args are the verb and its flags.
	Args []string
	// Environ is the caller's environment; the sandbox's variables win.
	Environ []string
	// Out and Err take what it prints.
	Out, Err io.Writer
}

// RunShop runs one verb of the sample workload's program ("load", "audit")
// with the sandbox's environment and returns its exit code. An error means
// that it could not be run, or was cancelled.
func RunShop(ctx context.Context, r ShopRun) (int, error) {
	values, err := Env(ctx, r.Workspace)
	if err != nil {
		return 0, err
	}
	path, err := findBookshop(r.Exe, r.Environ)
	if err != nil {
		return 0, err
	}
	return r.run(ctx, path, values)
}

// RunSelf runs a verb of Landfall itself as anyone in the sandbox would: a
// process of its own with the sandbox's environment. The result is as in RunShop.
func RunSelf(ctx context.Context, r ShopRun) (int, error) {
	values, err := Env(ctx, r.Workspace)
	if err != nil {
		return 0, err
	}
	return r.run(ctx, r.Exe, values)
}

func (r ShopRun) run(ctx context.Context, path string, values []Variable) (int, error) {
	cmd := exec.CommandContext(ctx, path, r.Args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append([]string{}, r.Environ...), r.Out, r.Err
	// Its output goes through pipes: whoever inherited them must not hold up
	// the end of a program that was cancelled.
	cmd.WaitDelay = shopWaitDelay
	for _, v := range values {
		cmd.Env = append(cmd.Env, v.Name+"="+v.Value)
		if v.Name == "LANDFALL_SANDBOX_SOURCE_DATABASE" {
			cmd.Env = append(cmd.Env, "BOOKSHOP_DATABASE_URL="+v.Value)
		}
	}
	err := cmd.Run()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 0, fault.Of(fault.KindOf(err), "run", path+" "+strings.Join(r.Args, " "), err)
	}
	return 0, nil
}
