package app

import (
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/store/durable"
)

const (
	// troublesFile holds what people were told stands still, so that a worker that
	// is started again does not tell them again.
	troublesFile = "troubles.json"
	// ledgerSilent is how long the ledger may not be written before people are
	// told: a ledger that is busy, or copied, is written again in seconds.
	ledgerSilent = 30 * time.Second
	// gateSilent is how long a gate without a timeout may stay shut before people
	// are told. Some have to stay shut for hours, as while data follows.
	gateSilent = 12 * time.Hour
)

// Kinds of messages about what stands still.
const (
	aboutLedger = "ledger"
	aboutGate   = "gate"
)

// watchful are the hands of a run: they act on nothing that is not approved with
// proof, and tell people what stands still and says nothing itself, once, and
// once more when it goes on.
type watchful struct {
	hands
	still *standstill
	words *ledgerWords
}

var _ engine.Hands = watchful{}

// watchful makes hands look after themselves.
func (a *App) watchful() engine.Hands {
	return watchful{hands{a, 1}, &standstill{app: a}, newLedgerWords(a)}
}

// Step carries out an attempt of a step that is approved, by proof, and that rests
// on nothing that is not proved.
func (h watchful) Step(ctx context.Context, call engine.StepCall, beat func(engine.Beat), stop <-chan struct{}) engine.StepResult {
	if err := h.proved(ctx, &call); err != nil {
		// A ledger that cannot be read now says nothing against the step.
		return engine.StepResult{Outcome: runbook.NoEffect, Detail: textOf(err), Final: !fault.Retryable(err)}
	}
	return h.hands.Step(ctx, call, beat, stop)
}

// textOf is an error with what to do about it.
func textOf(err error) string {
	if hint := fault.HintOf(err); hint != "" {
		return err.Error() + " (" + hint + ")"
	}
	return err.Error()
}

// Record writes entries, and notes how long that fails, and which gates nobody
// asks any more.
func (h watchful) Record(ctx context.Context, run string, entries []engine.Entry) error {
	err := h.words.begin(ctx, run)
	if err == nil {
		err = h.hands.Record(ctx, run, entries)
	}
	h.still.ledger(ctx, run, err)
	if err == nil {
		h.still.left(run, entries)
	}
	return err
}

// Ask measures a condition, and notes how long a gate stays shut.
func (h watchful) Ask(ctx context.Context, q engine.Question) (engine.Answer, error) {
	answer, err := h.hands.Ask(ctx, q)
	if err == nil && q.Step != "" {
		h.still.gate(ctx, q, answer)
	}
	return answer, err
}

// stands is one thing that stands still.
type stands struct {
	Since time.Time `json:"since"`
	Told  bool      `json:"told,omitempty"`
}

// standstill remembers what stands still.
type standstill struct {
	app *App
	mu  sync.Mutex
	all map[string]stands
}

// note takes what is seen of one thing and returns how long it stands still, and
// which message is due: nothing, that it stands, or that it goes on.
func (s *standstill) note(key string, still bool, patience time.Duration) (since time.Time, standing, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.load()
	had, ok := s.all[key]
	now := s.app.setup.Now().UTC()
	switch {
	case still && !ok:
		s.all[key] = stands{Since: now}
		s.keep()
	case still:
		return had.Since, !had.Told && now.Sub(had.Since) >= patience, false
	case ok:
		delete(s.all, key)
		s.keep()
		return had.Since, false, had.Told
	}
	return now, false, false
}

func (s *standstill) told(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if had, ok := s.all[key]; ok {
		s.all[key] = stands{Since: had.Since, Told: true}
		s.keep()
	}
}

// load reads what an earlier worker noted. Without it people are told twice,
// which is better than never.
func (s *standstill) load() {
	if s.all != nil {
		return
	}
	s.all = map[string]stands{}
	path, err := s.path()
	if err != nil {
		return
	}
	content, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(content, &s.all)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.app.setup.log().Warn("what stood still is not known", "reason", err.Error())
		s.all = map[string]stands{}
	}
}

// keep writes what is noted. On a disk that is full that fails, and the memory of
// this process has it.
func (s *standstill) keep() {
	path, err := s.path()
	if err != nil {
		return
	}
	content, err := json.Marshal(s.all)
	if err == nil {
		err = durable.Replace(path, append(content, '\n'), 0o600)
	}
	if err != nil {
		s.app.setup.log().Warn("what stands still is not kept", "reason", err.Error())
	}
}

func (s *standstill) path() (string, error) {
	w, err := s.app.need()
	if err != nil {
		return "", err
	}
	return w.Private(troublesFile)
}

// ledger notes whether entries could be written.
func (s *standstill) ledger(ctx context.Context, run string, err error) {
	key := run + " " + aboutLedger
	since, standing, over := s.note(key, err != nil, ledgerSilent)
	to := s.everyone(run)
	switch {
	case standing:
		if s.tell(ctx, run, runbook.Message{When: aboutLedger, To: to, Text: "The ledger cannot be written since " + since.Format(time.RFC3339) + ", and the run stands still until it can: nothing begins that is not recorded. " +
			withheld(err.Error()) + ". Look at the disk and at the rights of .landfall; the run goes on by itself."}, since) {
			s.told(key)
		}
	case over:
		s.tell(ctx, run, runbook.Message{When: aboutLedger, To: to, Text: "The ledger is written again, and the run goes on. It stood still since " + since.Format(time.RFC3339) + "."}, since.Add(time.Second))
	}
}

// gate notes whether a gate without a timeout is shut.
func (s *standstill) gate(ctx context.Context, q engine.Question, answer engine.Answer) {
	key := q.Run + " " + aboutGate + " " + q.Step + " " + q.ID
	shut := answer.Open == nil || !*answer.Open
	since, standing, over := s.note(key, shut, gateSilent)
	if !standing && !over {
		return
	}
	owner, waits := s.gateOf(q)
	switch {
	case standing && waits:
		if s.tellStep(ctx, q, runbook.Message{When: aboutGate, To: []string{owner}, Text: "Gate " + q.ID + " of step " + q.Step + " is shut since " + since.Format(time.RFC3339) + ", and has no timeout: it waits for as long as that takes. " +
			withheld(answer.Detail) + ". Mend what it measures, or pass the step over with: landfall skip " + q.Step + " --reason TEXT"}, since) {
			s.told(key)
		}
	case over:
		s.tellStep(ctx, q, runbook.Message{When: aboutGate, To: []string{owner}, Text: "Gate " + q.ID + " of step " + q.Step + " is open. It was shut since " + since.Format(time.RFC3339) + "."}, since.Add(time.Second))
	}
}

// left forgets the gates that a step leaves without an answer: when it comes back
// to them, perhaps days later, they are shut since then.
func (s *standstill) left(run string, entries []engine.Entry) {
	for i := range entries {
		of := run + " " + aboutGate + " "
		switch e := &entries[i]; e.Kind {
		case "step.skipped", "operator.needed":
			of += e.Step + " "
		case "rollback.begun", "run.resumed", "run.ended":
		default:
			continue
		}
		s.mu.Lock()
		s.load()
		had := len(s.all)
		maps.DeleteFunc(s.all, func(key string, _ stands) bool { return strings.HasPrefix(key, of) })
		if len(s.all) < had {
			s.keep()
		}
		s.mu.Unlock()
	}
}

// gateOf returns who answers for the step of a gate, and whether the gate waits
// without an end: one with a timeout tells people itself.
func (s *standstill) gateOf(q engine.Question) (owner string, waits bool) {
	plan := s.plan(q.Run)
	if plan == nil {
		return "operator", false
	}
	at, ok := plan.Index()[q.Step]
	if !ok {
		return "operator", false
	}
	step := &plan.Steps[at]
	owner = step.Owner
	if owner == "" {
		owner = "operator"
	}
	return owner, slices.ContainsFunc(step.Gates, func(g runbook.Gate) bool { return g.ID == q.ID && g.TimeoutSeconds <= 0 })
}

func (s *standstill) plan(run string) *runbook.Runbook {
	w, err := s.app.need()
	if err != nil {
		return nil
	}
	plan, err := planOf(w, run)
	if err != nil {
		return nil
	}
	return plan
}

// everyone is every role that the runbook has a contact for.
func (s *standstill) everyone(run string) []string {
	var roles []string
	if plan := s.plan(run); plan != nil {
		for _, c := range plan.Contacts {
			if c.Role != "" && !slices.Contains(roles, c.Role) {
				roles = append(roles, c.Role)
			}
		}
	}
	if len(roles) == 0 {
		return []string{"operator"}
	}
	return roles
}

func (s *standstill) tell(ctx context.Context, run string, m runbook.Message, at time.Time) bool {
	return s.tellStep(ctx, engine.Question{Run: run}, m, at)
}

// tellStep sends a message and says whether it went out. Where the ledger cannot
// be written the message is not in it, and goes out all the same.
func (s *standstill) tellStep(ctx context.Context, q engine.Question, m runbook.Message, at time.Time) bool {
	a := s.app
	where, err := map[string]string{}, error(nil)
	if a.Tell != nil {
		where, err = a.Tell(ctx, a.workload(), engine.Telling{Run: q.Run, Number: numberOf(m.When, q.Step, q.ID, at), Step: q.Step, Message: m})
	}
	if err != nil {
		a.setup.log().Warn("message was not sent", "reason", err.Error())
	}
	if _, recordErr := a.record(ctx, entryTold, q.Run, map[string]any{"run": q.Run, "step": q.Step, "to": m.To, "text": withheld(m.Text), "sent": where}); recordErr != nil {
		a.setup.log().Warn("message is not in the ledger", "reason", recordErr.Error())
	}
	return err == nil
}

// numberOf tells messages about what stands still apart from each other and from
// those of the run, which count upwards.
func numberOf(when, step, id string, at time.Time) int64 {
	h := fnv.New64a()
	for _, part := range []string{when, step, id, at.UTC().Format(time.RFC3339Nano)} {
		h.Write([]byte(part + "\x00"))
	}
	return -int64(h.Sum64() >> 1)
}

// stillFor says what of a run stands still for long, for its status.
func (a *App) stillFor(ctx context.Context, w *store.Workspace, runs engine.Runs, summary engine.Summary) []string {
	var out []string
	if r, ok := runs.(engine.Recording); ok {
		if tries, since, err := r.Recording(ctx, summary.Run); err == nil && tries > 1 {
			out = append(out, "the ledger cannot be written since "+since.UTC().Format(time.RFC3339)+" ("+several(tries, "try", "tries")+"): nothing begins until it can; look at the disk and at the rights of .landfall")
		}
	}
	out = append(out, a.unprovedLines(summary.Run)...)
	plan, err := planOf(w, summary.Run)
	if err != nil {
		return out
	}
	index := plan.Index()
	for _, step := range summary.Active {
		if step.Status != engine.Gated || summary.Now.Sub(step.Since) < gateSilent {
			continue
		}
		at, ok := index[step.ID]
		if ok && slices.ContainsFunc(plan.Steps[at].Gates, func(g runbook.Gate) bool { return g.TimeoutSeconds <= 0 }) {
			out = append(out, "step "+step.ID+" stands at its gates since "+step.Since.UTC().Format(time.RFC3339)+", and they have no timeout")
		}
	}
	return out
}

// givenOf are the yeses to the step of a call, as the engine brings them.
func givenOf(call *engine.StepCall) []given {
	var out []given
	for _, g := range call.Approvals {
		out = append(out, given{By: g.By, Role: g.Role, How: g.How, At: g.At, Proof: g.Proof})
	}
	return out
}
