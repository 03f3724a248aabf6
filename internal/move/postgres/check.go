package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight"
	"example.com/landfall/internal/move/postgres/preflight/roles"
)

// CheckOptions are those of a look before the move.
type CheckOptions struct {
	// Sample bounds the timed reads, less than 0 for none; Probe tries whether the
	// servers reach each other, which writes and takes back.
	Sample  time.Duration
	Probe   bool
	Planned preflight.Planned
}

// Check looks at both sides and says what stands in the way, what would be lost,
// and what the move does to the source. It changes nothing but for Probe.
func (m *Mover) Check(ctx context.Context, o CheckOptions) (preflight.Report, error) {
	s := m.settings
	return preflight.Check(ctx, m.ports.Source, m.ports.Target, preflight.Options{
		Select: s.Select, Run: string(m.doc.Run), Offline: s.Offline, NoReturn: s.NoReturn, Identity: s.Identity, Jobs: s.Jobs,
		Sample: o.Sample, Probe: o.Probe, Planned: o.Planned, Progress: m.counting("questions"),
	})
}

// sound refuses a move that Check says cannot be made, and returns the plan of
// roles.
func (m *Mover) sound(ctx context.Context) (roles.Plan, error) {
	report, err := m.Check(ctx, CheckOptions{Sample: -1})
	if err != nil {
		return roles.Plan{}, err
	}
	if err := m.tell("checked", map[string]any{"findings": report.Findings, "effects": report.Effects}); err != nil {
		return roles.Plan{}, err
	}
	if n := report.Count(preflight.Blocks); n > 0 {
		first := report.Findings[0]
		return roles.Plan{}, fault.Newf(fault.Refused, "move the database: %d findings stand in the way, the first is %s %s: %s", n, first.ID, first.Subject, first.What).
			Hintf("landfall move postgres check says all of them, with what to do")
	}
	return report.Roles, nil
}

// makeRoles makes the roles of the plan on the target.
func (m *Mover) makeRoles(ctx context.Context) error {
	done, err := m.onTarget(ctx, roles.Apply)
	if err != nil {
		return err
	}
	return m.tell("roles", done)
}

// dropMemberships takes back what roles were given for the move only.
func (m *Mover) dropMemberships(ctx context.Context) error {
	done, err := m.onTarget(ctx, roles.Undo)
	if err != nil {
		return err
	}
	return m.tell("roles.undone", done)
}

func (m *Mover) onTarget(ctx context.Context, do func(context.Context, *pgx.Conn, roles.Plan) (roles.Applied, error)) (roles.Applied, error) {
	conn, err := m.ports.Target.Connect(ctx, "roles")
	if err != nil {
		return roles.Applied{}, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // each statement is done
	done, err := do(ctx, conn, m.doc.Roles)
	for _, refused := range done.Refused {
		m.say("the target refused for role " + pg.Quote(refused.Role) + ": " + refused.Why)
	}
	return done, err
}
