package app

import (
	"context"
	"slices"
	"strings"
	"sync"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox"
	"example.com/landfall/internal/store"
)

// onlySandbox refuses unless everything that decides which clouds are reached is
// what "landfall sandbox env" prints for the running sandbox of this workspace.
func (a *App) onlySandbox(ctx context.Context, w *store.Workspace) error {
	variables, err := sandbox.Env(ctx, w.Root())
	if err != nil {
		return err
	}
	return pointsAt(variables, a.Config, a.setup)
}

// pointsAt compares variables and the settings that count with those of a
// sandbox. A setting can also come from a flag, so both are looked at.
func pointsAt(want []sandbox.Variable, c *config.Config, s Setup) error {
	values := map[string]string{}
	for _, v := range want {
		values[v.Name] = v.Value
		if got, _ := s.Getenv(v.Name); got != v.Value {
			return elsewhere("the variable " + v.Name)
		}
	}
	for path, got := range map[string]string{
		"source.endpoint": c.Source.Endpoint, "target.endpoint": c.Target.Endpoint, "target.authority": c.Target.Authority, "target.subscription": string(c.Target.Subscription),
		"runbook.resolvers": strings.Join(c.Runbook.Resolvers, ","),
	} {
		if wanted := values[config.EnvName(path)]; wanted == "" || got != wanted {
			return elsewhere(path)
		}
	}
	// An address for one service wins over that for all of them, and this switch
	// makes the SDKs pass over both (AWS SDKs and Tools Reference Guide,
	// "Service-specific endpoints").
	for _, variable := range s.Environ {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "AWS_ENDPOINT_URL_") && value != values["AWS_ENDPOINT_URL"] || name == "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" && strings.EqualFold(value, "true") {
			return elsewhere("the variable " + name)
		}
	}
	return nil
}

func elsewhere(what string) error {
	return fault.Newf(fault.Refused, "rehearse: %s does not point at the sandbox of this workspace", what).
		Hintf(`eval "$(landfall sandbox env)", then: landfall run --rehearse`)
}

// rehearsing are the hands of a rehearsal: those of a run, but nobody is told
// anything, and a gate that has no data is let open and named.
type rehearsing struct {
	hands
	blind *blindGates
}

var _ engine.Hands = rehearsing{}

// Ask measures a gate; a closed one stays closed.
func (h rehearsing) Ask(ctx context.Context, q engine.Question) (engine.Answer, error) {
	answer, err := h.hands.Ask(ctx, q)
	if err != nil || answer.Open != nil || q.Step == "" {
		return answer, err
	}
	h.blind.add(q.Step + ": " + q.ID)
	answer.Open, answer.Detail = new(true), "rehearsal: there is no data ("+answer.Detail+")"
	return answer, nil
}

// Tell records what would go out.
func (h rehearsing) Tell(ctx context.Context, t engine.Telling) error {
	_, err := h.app.record(ctx, entryTold, t.Run, map[string]any{"run": t.Run, "step": t.Step, "to": t.Message.To, "text": t.Message.Text, "sent": map[string]string{}, "rehearsal": true})
	return err
}

// blindGates are the gates that had no data.
type blindGates struct {
	mu   sync.Mutex
	list []string
}

func (b *blindGates) add(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Contains(b.list, name) {
		b.list = append(b.list, name)
	}
}

func (b *blindGates) names() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := append([]string{}, b.list...)
	slices.Sort(out)
	return out
}
