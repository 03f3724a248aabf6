package action

import (
	"context"
	"errors"
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/target"
)

// The kinds that look at an environment before it is deployed to, and deploy.
const (
	KindLandingZone runbook.StepKind = "landing-zone"
	KindDeploy      runbook.StepKind = "deploy"
)

// Landings prepares deployments of the design.
type Landings interface {
	// Landing reads what is to be deployed to an environment, with the values of
	// its parameters. It asks nobody.
	Landing(ctx context.Context, environment string) (Landing, error)
}

// Landing is what is to be deployed to one environment: target.Deployer over
// the parts into which the design was cut. All four may be repeated.
type Landing interface {
	// Preflight looks at what it needs.
	Preflight(ctx context.Context) ([]target.Check, error)
	// WhatIf says what would change.
	WhatIf(ctx context.Context) (Preview, error)
	// Deploy deploys all parts, or joins those under way.
	Deploy(ctx context.Context, progress target.Progress) ([]target.Outcome, error)
	// ReadBack compares what stands there with what was deployed: how many were
	// read, where they differ, and how many properties the target does not show.
	ReadBack(ctx context.Context) (ReadBack, error)
}

// Preview is what a deployment would do.
type Preview struct {
	Changes []target.Change
	// Fingerprint is that under which it is approved ("landfall deploy").
	Fingerprint string
	// UnderWay says that a deployment of these very templates is running: it was
	// allowed when it began, and is joined.
	UnderWay bool
}

// ReadBack is what a comparison found.
type ReadBack struct {
	Resources, Unread int
	// Missing and Different name resources.
	Missing, Different []string
}

type deployInputs struct {
	Environment string `json:"environment"`
	// Preview is the fingerprint of the changes that were approved, "" when the
	// approval of the runbook, which holds the design's, stands for it.
	Preview string `json:"preview"`
}

func landing(ctx context.Context, c *Call, from Landings) (Landing, deployInputs, error) {
	var in deployInputs
	if err := inputs(c, &in); err != nil {
		return nil, in, err
	}
	if in.Environment == "" {
		in.Environment = c.Environment
	}
	l, err := from.Landing(ctx, in.Environment)
	return l, in, err
}

// LandingZone looks at what a deployment needs, before it.
type LandingZone struct {
	only
	Landings Landings
}

// Try looks. What nobody can tell is no yes.
func (a LandingZone) Try(ctx context.Context, c *Call) ([]Evidence, error) {
	l, in, err := landing(ctx, c, a.Landings)
	if err != nil {
		return nil, err
	}
	checks, err := l.Preflight(ctx)
	if err != nil {
		return nil, err
	}
	e := Evidence{Kind: "preflight", Data: map[string]string{"environment": in.Environment, "checks": number(len(checks))}}
	var wrong []string
	var do string
	for _, k := range checks {
		if k.Status == target.OK {
			continue
		}
		wrong = append(wrong, k.Name+" "+k.Status+": "+k.Detail)
		if do == "" {
			do = k.Do
		}
	}
	e.Text = number(len(checks)-len(wrong)) + " of " + number(len(checks)) + " checks pass"
	if len(wrong) > 0 {
		const shown = 5
		return []Evidence{e}, fault.Newf(fault.Found, "check the landing zone of %q: %s", in.Environment, strings.Join(wrong[:min(shown, len(wrong))], "; ")).Hintf("%s", do)
	}
	return []Evidence{e}, nil
}

// Deploy brings the target resources into being. It has no undo of its own:
// what stands at the target and serves nobody harms nobody, and taking down what
// later steps filled with data would lose it.
type Deploy struct{ Landings Landings }

var (
	_ Test   = LandingZone{}
	_ Action = Deploy{}
)

// Check asks what would change: nothing means that it is there.
func (a Deploy) Check(ctx context.Context, c *Call) (Seen, string, error) {
	l, _, err := landing(ctx, c, a.Landings)
	if err != nil {
		return CannotTell, "", err
	}
	preview, err := l.WhatIf(ctx)
	if err != nil {
		return CannotTell, "", err
	}
	if preview.UnderWay {
		return Partly, "the deployment is under way", nil
	}
	var missing, there, untold int
	for _, change := range preview.Changes {
		switch change.Action {
		case target.None, target.Ignore:
			there++
		case target.Unsupported:
			untold++
		default:
			missing++
		}
	}
	if missing == 0 && untold > 0 {
		// The target cannot say what would change; reading it can.
		back, err := l.ReadBack(ctx)
		if err != nil {
			return CannotTell, "", err
		}
		missing += len(back.Missing) + len(back.Different)
		there += back.Resources
	}
	switch {
	case missing == 0 && there > 0:
		return There, "nothing would change", nil
	case there > 0:
		return Partly, number(missing) + " of " + number(missing+there) + " would change", nil
	default:
		return NotThere, "", nil
	}
}

// Apply deploys, when what it would do is what was approved.
func (a Deploy) Apply(ctx context.Context, c *Call) error {
	l, in, err := landing(ctx, c, a.Landings)
	if err != nil {
		return err
	}
	preview, err := l.WhatIf(ctx)
	if err != nil {
		return err
	}
	if in.Preview != "" && preview.Fingerprint != in.Preview && !preview.UnderWay {
		return fault.Newf(fault.Refused, "deploy %q: what it would do (%s) is not what was approved (%s)", in.Environment, preview.Fingerprint, in.Preview).
			Hintf("landfall deploy --environment %s", in.Environment)
	}
	if at := slices.IndexFunc(preview.Changes, func(k target.Change) bool { return k.Action == target.Delete }); at >= 0 {
		return fault.Newf(fault.Refused, "deploy %q: it would delete %q", in.Environment, preview.Changes[at].ID)
	}
	outcomes, err := l.Deploy(ctx, func(done, total int, current string) {
		c.beat(Progress{Text: current, Done: int64(done), Of: int64(total)})
	})
	if err != nil {
		return err
	}
	for _, o := range outcomes {
		if !strings.EqualFold(o.State, "Succeeded") {
			return fault.Newf(fault.Unavailable, "deploy %q: the deployment %q ended %q", in.Environment, o.Name, o.State)
		}
	}
	return nil
}

// Verify reads back what stands there.
func (a Deploy) Verify(ctx context.Context, c *Call) ([]Evidence, error) {
	l, in, err := landing(ctx, c, a.Landings)
	if err != nil {
		return nil, err
	}
	back, err := l.ReadBack(ctx)
	if err != nil {
		return nil, err
	}
	e := Evidence{Kind: "deployment", Text: number(back.Resources) + " resources read back, " + number(len(back.Missing)) + " missing, " + number(len(back.Different)) + " different",
		Data: map[string]string{"environment": in.Environment, "resources": number(back.Resources), "missing": number(len(back.Missing)), "different": number(len(back.Different)), "unreadProperties": number(back.Unread)}}
	wrong := append(slices.Clone(back.Missing), back.Different...)
	switch {
	case len(wrong) > 0:
		return []Evidence{e}, fault.Newf(fault.Found, "verify the deployment to %q: %d resources are not as they were deployed, first: %s", in.Environment, len(wrong), wrong[0])
	case back.Resources == 0:
		return []Evidence{e}, fault.Newf(fault.Found, "verify the deployment to %q: nothing was read back", in.Environment)
	}
	return []Evidence{e}, nil
}

// Undo refuses: see Deploy.
func (a Deploy) Undo(_ context.Context, c *Call) ([]Evidence, error) {
	return nil, fault.Of(fault.Unsupported, "take back the deployment of step", c.Step.ID, errors.New("what was deployed stays until people take it down"))
}
