package app

import (
	"context"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/redact"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/gate"
	"example.com/landfall/internal/store/ledger"
)

// Kinds of ledger entries of a run beside its own transitions: what attempts
// proved, and messages that went out.
const (
	entryEvidence = "evidence.kept"
	entryTold     = "message.sent"
)

// Telling sends a message to people, and says where it went.
type Telling func(ctx context.Context, workload string, t engine.Telling) (map[string]string, error)

// hands carry out what a worker of this workspace is asked to do.
type hands struct {
	app *App
	// shorter is the factor by which actions may shorten their own waits: 1,
	// less in a rehearsal.
	shorter float64
}

func (a *App) hands() engine.Hands { return a.watchful() }

// Step carries out one attempt: action looks first, then acts, then proves.
func (h hands) Step(ctx context.Context, call engine.StepCall, beat func(engine.Beat), stop <-chan struct{}) engine.StepResult {
	act, err := h.app.Actions.Of(call.Step.Kind)
	if err != nil {
		// Nothing was looked at, so nothing is known of a probe, and nothing was
		// done by an attempt.
		return engine.StepResult{Outcome: runbook.NoEffect, Detail: err.Error(), Final: true}
	}
	if err := h.app.asApproved(call.Run, call.Step.Kind); err != nil && call.Kind == engine.DoStep {
		return engine.StepResult{Outcome: runbook.NoEffect, Detail: err.Error(), Final: true}
	}
	c := &action.Call{
		Run: call.Run, Plan: call.Plan, Workload: call.Workload, Environment: call.Environment, Step: call.Step,
		Key:     engine.Key(call.Run, engine.Command{Kind: call.Kind, Step: call.Step.ID, Round: call.Round}),
		Attempt: call.Attempt, Cursor: call.Cursor, Stop: stop, Rehearsal: h.shorter, Log: h.app.setup.Log, Secret: redact.Value,
		Beat: func(p action.Progress) {
			beat(engine.Beat{Text: p.Text, Done: p.Done, Of: p.Of, Cursor: p.Cursor})
		},
	}
	var r action.Result
	switch {
	case call.Kind == engine.ProbeStep:
		r = action.Probe(ctx, act, c)
	case call.Fan != nil:
		r = action.RunParts(ctx, act, c, askedOf(call.Fan))
	default:
		r = action.Run(ctx, act, c, call.Kind == engine.UndoStep)
	}
	out := engine.StepResult{Outcome: r.Outcome, Detail: r.Detail, Cursor: r.Cursor, Final: r.Final, Parts: partsOf(r.Parts), Left: r.Left}
	switch r.Seen {
	case action.There, action.Partly: // the next attempt goes on with what is there
		out.Effect = new(true)
	case action.NotThere:
		out.Effect = new(false)
	}
	for _, e := range r.Evidence {
		out.Proof = append(out.Proof, engine.Proof{Kind: e.Kind, Text: e.Text, Data: e.Data})
	}
	return out
}

// Ask measures the facts of a condition and evaluates it. What cannot be
// measured is no data, and without data it is not true.
func (h hands) Ask(ctx context.Context, q engine.Question) (engine.Answer, error) {
	program, err := gate.Compile(q.Expr, q.Facts)
	if err != nil {
		return engine.Answer{Detail: err.Error()}, nil
	}
	readings, trouble, from := map[string]gate.Reading{}, "", ""
	for _, f := range q.Facts {
		source, ok := h.app.Facts[f.Source]
		if !ok {
			trouble = fault.Newf(fault.Unsupported, "%s: this worker has no source %q", f.Name, f.Source).Error()
			continue
		}
		m, err := source.Measure(ctx, f)
		if err != nil {
			trouble = f.Name + ": " + err.Error()
			continue
		}
		if m.From != "" {
			from += "; " + f.Name + ": " + withheld(m.From)
		}
		readings[f.Name] = gate.Reading{Value: m.Value, AgeSeconds: max(h.app.setup.Now().Unix()-m.Unix, 0)}
	}
	open, why := program.Open(readings)
	if open == nil && trouble != "" {
		why = trouble
	}
	return engine.Answer{Open: open, Detail: why + from}, nil
}

// Tell sends a message and records where it went.
func (h hands) Tell(ctx context.Context, t engine.Telling) error {
	where := map[string]string{}
	var err error
	if h.app.Tell != nil {
		where, err = h.app.Tell(ctx, h.app.workload(), t)
	}
	body := map[string]any{"run": t.Run, "step": t.Step, "to": t.Message.To, "text": withheld(t.Message.Text), "sent": where}
	if err != nil {
		body["trouble"] = err.Error()
	}
	if _, entryErr := h.app.record(ctx, entryTold, t.Run, body); entryErr != nil {
		return entryErr
	}
	return err
}

// Prove keeps evidence in the ledger and returns the hashes of its entries.
func (h hands) Prove(ctx context.Context, run, step string, proof []engine.Proof) ([]string, error) {
	var out []string
	for _, p := range proof {
		entry, err := h.app.record(ctx, entryEvidence, step, map[string]any{"run": run, "kind": p.Kind, "text": withheld(p.Text), "data": withheldIn(p.Data)})
		if err != nil {
			return out, err
		}
		out = append(out, entry.Hash)
	}
	return out, nil
}

// withheldText stands for a text that looks like a secret: the ledger refuses
// such a text, and the run, which may not go on before it is recorded, would
// stand still for ever.
const withheldText = "(withheld: it looks like a secret)"

func withheld(text string) string {
	if redact.Value(text) {
		return withheldText
	}
	return text
}

// withheldIn is a copy without texts that the ledger would refuse.
func withheldIn(texts map[string]string) map[string]string {
	out := make(map[string]string, len(texts))
	for name, text := range texts {
		if out[name] = withheld(text); redact.Name(name) && !redact.Reference(text) {
			out[name] = "ref:withheld" // under such a name the ledger takes a reference only
		}
	}
	return out
}

// Record writes the run's own entries, each once.
func (h hands) Record(ctx context.Context, run string, entries []engine.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	w, err := h.app.need()
	if err != nil {
		return err
	}
	records := make([]ledger.Record, len(entries))
	for i, e := range entries {
		body := map[string]any{"step": e.Step, "text": withheld(e.Text), "at": e.At.UTC().Format(time.RFC3339Nano)}
		if len(e.Data) > 0 {
			body["data"] = withheldIn(e.Data)
		}
		if len(e.Proof) > 0 {
			body["proof"] = withheldIn(e.Proof)
		}
		who := e.By
		if who == "" {
			who = "landfall"
		}
		records[i] = ledger.Record{Kind: e.Kind, Actor: who, Body: body}
	}
	l, err := ledger.Open(ctx, w.LedgerPath(), ledger.Options{Now: h.app.setup.Now, Log: h.app.setup.Log})
	if err != nil {
		return err
	}
	defer l.Close()
	_, err = l.AppendNumbered(ctx, "run/"+run, entries[0].Number, records)
	return err
}
