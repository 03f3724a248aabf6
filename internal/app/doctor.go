package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/view"
)

// clockLimit is the difference between the clocks that AWS still accepts in a
// signed request: five minutes for most services, fifteen for S3 (Signature
// Version 4, "Troubleshooting"). The doctor warns at the stricter one.
const clockLimit = 5 * time.Minute

// doctorLimit bounds one area of the doctor's visit: a black hole on the
// network must not hang it.
const doctorLimit = 30 * time.Second

// area is one part of the doctor's visit.
type area struct {
	name  string
	check func(context.Context) []view.Finding
}

// Doctor checks workspace, machine, tools, credentials, endpoints and
// permissions, and says how to mend each. It changes nothing. The error is of
// kind fault.Found when a finding is bad; unknown findings are not bad, and
// not good either.
func (a *App) Doctor(ctx context.Context) (view.Diagnosis, error) {
	areas := []area{
		{"workspace", a.doctorWorkspace},
		{"machine", a.doctorMachine},
		{"tools", a.doctorTools},
		{"aws", a.doctorAWS},
		{"azure", a.doctorAzure},
	}
	d := view.Diagnosis{Counts: map[view.Mark]int{}}
	for _, part := range areas {
		bounded, cancel := context.WithTimeout(ctx, doctorLimit)
		for _, f := range part.check(bounded) {
			f.Area = part.name
			d.Findings = append(d.Findings, f)
			d.Counts[f.Mark]++
		}
		cancel()
	}
	if err := ctx.Err(); err != nil {
		return d, err
	}
	if n := d.Counts[view.Bad]; n > 0 {
		return d, fault.Newf(fault.Found, "%d of %d checks failed", n, len(d.Findings)).
			Hintf("do what stands behind \"mend\", then: landfall doctor")
	}
	return d, nil
}

// accessPort is what the doctor asks of either cloud; both ports have it.
type accessPort interface {
	Caller(context.Context) (cloud.Caller, error)
	Probe(context.Context) []cloud.Probe
}

func (a *App) doctorAWS(ctx context.Context) []view.Finding {
	if a.SourceErr != nil {
		return []view.Finding{{Name: "configuration", Mark: view.Bad, Detail: a.SourceErr.Error(), Mend: fault.HintOf(a.SourceErr)}}
	}
	return a.access(ctx, a.Source, a.endpointFinding("source.endpoint", "AWS_ENDPOINT_URL"), func(p cloud.Probe) string {
		return fmt.Sprintf("allow %s to the role or user that Landfall runs as", p.Permission)
	})
}

func (a *App) doctorAzure(ctx context.Context) []view.Finding {
	if a.TargetErr != nil {
		return []view.Finding{{Name: "configuration", Mark: view.Bad, Detail: a.TargetErr.Error(), Mend: fault.HintOf(a.TargetErr)}}
	}
	return a.access(ctx, a.Target, a.endpointFinding("target.endpoint", ""), func(p cloud.Probe) string {
		return fmt.Sprintf("assign a role that allows %s on the subscription", p.Permission)
	})
}

// endpointFinding says where requests will go, because "which account was
// that?" is the first question after a surprise.
func (a *App) endpointFinding(key, variable string) view.Finding {
	f := view.Finding{Name: "endpoint", Mark: view.Info, Detail: "the public cloud"}
	if s, ok := a.setting(key); ok && s.Text() != "" {
		f.Detail = fmt.Sprintf("%s (%s, %s)", s.Text(), key, s.Origin)
		return f
	}
	if variable == "" {
		return f
	}
	if v, ok := a.setup.Getenv(variable); ok && v != "" {
		f.Detail = fmt.Sprintf("%s (env %s)", v, variable)
	}
	return f
}

// setting returns one effective setting; false when there is no configuration.
func (a *App) setting(key string) (config.Setting, bool) {
	if a.Access == nil {
		return config.Setting{}, false
	}
	all := a.Access.Effective()
	i := slices.IndexFunc(all, func(s config.Setting) bool { return s.Key == key })
	if i < 0 {
		return config.Setting{}, false
	}
	return all[i], true
}

// access asks one cloud who is calling and what is allowed. Without a caller
// the permissions are not tried: each would fail for the same reason, and the
// reader would have to find the first.
func (a *App) access(ctx context.Context, port accessPort, endpoint view.Finding, mend func(cloud.Probe) string) []view.Finding {
	caller, err := port.Caller(ctx)
	if err != nil {
		return noCaller(endpoint, err)
	}
	endpoint.Mark = view.Good
	findings := []view.Finding{
		endpoint,
		{Name: "credentials", Mark: view.Good, Detail: fmt.Sprintf("%s in account %s", caller.Name, caller.Account)},
		a.clockFinding(caller.ServerTime),
	}
	for _, p := range port.Probe(ctx) {
		f := view.Finding{Name: p.Permission, Mark: view.Good, Detail: "allowed"}
		if p.Err != nil {
			f.Mark, f.Detail, f.Mend = view.Bad, p.Err.Error(), mend(p)
			if !fault.Is(p.Err, fault.Denied) {
				f.Mark, f.Mend = view.Unknown, "landfall doctor, again: this says nothing about the permission"
			}
		}
		findings = append(findings, f)
	}
	return findings
}

// noCaller tells an endpoint that does not answer, which says nothing about
// the credentials, from credentials that are refused.
func noCaller(endpoint view.Finding, err error) []view.Finding {
	credentials := view.Finding{Name: "credentials", Mark: view.Bad, Detail: err.Error(), Mend: fault.HintOf(err)}
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Timeout:
		endpoint.Mark, endpoint.Mend = view.Bad, credentials.Mend
		endpoint.Detail += ": " + err.Error()
		credentials = view.Finding{Name: "credentials", Mark: view.Unknown, Detail: "not tried: the endpoint does not answer"}
	case fault.Throttled, fault.Unknown, fault.Canceled:
		credentials.Mark = view.Unknown
	}
	return []view.Finding{endpoint, credentials, {Name: "permissions", Mark: view.Unknown, Detail: "not tried: there is no caller"}}
}

func (a *App) clockFinding(server time.Time) view.Finding {
	if server.IsZero() {
		return view.Finding{Name: "clock", Mark: view.Unknown, Detail: "the other side did not say its time"}
	}
	difference := a.setup.Now().Sub(server).Abs().Round(time.Second)
	if difference > clockLimit {
		return view.Finding{Name: "clock", Mark: view.Bad, Detail: fmt.Sprintf("differs from the cloud's by %s; signed requests are refused", difference), Mend: "timedatectl set-ntp true"}
	}
	return view.Finding{Name: "clock", Mark: view.Good, Detail: fmt.Sprintf("within %s of the cloud's", max(difference, time.Second))}
}
