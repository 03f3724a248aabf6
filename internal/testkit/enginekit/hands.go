package enginekit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/action/testaction"
	"example.com/landfall/internal/engine"
)

// The files of a world: the folder that outlives the processes of a run.
const (
	fileEffects = "effects"
	fileLedger  = "ledger"
	fileAsked   = "asked"
	fileTold    = "told"
	fileServer  = "server.json"
	fileLeave   = "leave"
	fileLog     = "worker.log"
)

var _ engine.Hands = Hands{}

// Hands carry out runbooks of test actions. What they do stands in files of
// the folder.
type Hands struct {
	Dir string
	// Point is told of each moment at which a crash tells something; it may be nil.
	Point func(name string)
}

func (h Hands) at(name string) {
	if h.Point != nil {
		h.Point(name)
	}
}

// Step carries out an attempt as the product does: look, act, prove.
func (h Hands) Step(ctx context.Context, call engine.StepCall, beat func(engine.Beat), stop <-chan struct{}) engine.StepResult {
	name := string(call.Kind) + " " + call.Step.ID + " "
	if call.Fan != nil && call.Fan.Do != engine.FanSplit {
		name += string(call.Fan.Do) + " "
	}
	h.at(name + "begun")
	defer h.at(name + "ended")
	c := &action.Call{Run: call.Run, Plan: call.Plan, Step: call.Step, Attempt: call.Attempt, Cursor: call.Cursor, Stop: stop, Rehearsal: 1,
		Key:       engine.Key(call.Run, engine.Command{Kind: call.Kind, Step: call.Step.ID, Round: call.Round}),
		Beat:      func(p action.Progress) { beat(engine.Beat{Text: p.Text, Done: p.Done}) },
		Failpoint: func(point string) { h.at(name + point) }}
	if call.Kind == engine.ProbeStep {
		out := engine.StepResult{}
		switch r := action.Probe(ctx, testaction.Of(call.Step.Inputs), c); r.Seen {
		case action.There, action.Partly:
			out.Effect = new(true)
		case action.NotThere:
			out.Effect = new(false)
		}
		return out
	}
	r := carriedOut(ctx, call, c)
	proof := make([]engine.Proof, 0, len(r.Evidence))
	for _, e := range r.Evidence {
		proof = append(proof, engine.Proof(e))
	}
	out := engine.StepResult{Outcome: r.Outcome, Detail: r.Detail, Cursor: r.Cursor, Final: r.Final, Proof: proof, Left: r.Left}
	if r.Parts != nil {
		out.Parts = &engine.Parts{Work: r.Parts.Work, Done: r.Parts.Done}
		for _, part := range r.Parts.All {
			out.Parts.All = append(out.Parts.All, engine.Part(part))
		}
	}
	return out
}

func carriedOut(ctx context.Context, call engine.StepCall, c *action.Call) action.Result {
	act := testaction.Of(call.Step.Inputs)
	if call.Fan == nil {
		return action.Run(ctx, act, c, call.Kind == engine.UndoStep)
	}
	verbs := map[engine.FanKind]action.PartsVerb{engine.FanSplit: action.SplitParts, engine.FanPart: action.CarryPart, engine.FanKeep: action.KeepPart, engine.FanClose: action.CloseParts}
	return action.RunParts(ctx, act, c, action.Asked{Verb: verbs[call.Fan.Do], Work: call.Fan.Work, Part: call.Fan.Part.Work, Left: call.Fan.Left, Ended: action.Ended(call.Fan.Ended)})
}

// Ask answers by how often the same was asked before: "open from 2" is open
// from the second time on, "open at 3" at the third time alone.
func (h Hands) Ask(_ context.Context, q engine.Question) (engine.Answer, error) {
	h.at("ask " + q.ID)
	defer h.at("asked " + q.ID)
	asked, err := h.append(fileAsked, q.Run+"\t"+q.Step+"\t"+q.ID)
	if err != nil {
		return engine.Answer{}, err
	}
	var word string
	var n int
	if _, err := fmt.Sscanf(q.Expr, "open %s %d", &word, &n); err != nil {
		return engine.Answer{}, err
	}
	return engine.Answer{Open: new(asked == n || word == "from" && asked > n)}, nil
}

// Tell notes when and of which step a message was sent.
func (h Hands) Tell(_ context.Context, t engine.Telling) error {
	_, err := h.append(fileTold, t.Message.When+" "+t.Step)
	return err
}

// Told is what Tell noted.
func Told(dir string) ([]string, error) {
	data, err := os.ReadFile(filepath.Join(dir, fileTold))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n"), nil
}

// Prove returns what would be the hash of an entry.
func (h Hands) Prove(_ context.Context, run, step string, proof []engine.Proof) ([]string, error) {
	h.at("prove " + step)
	defer h.at("proved " + step)
	hashes := make([]string, len(proof))
	for i := range proof {
		hashes[i] = run + "/" + step
	}
	return hashes, nil
}

// Record writes each entry once, and all of a call or none.
func (h Hands) Record(_ context.Context, run string, entries []engine.Entry) error {
	h.at("record")
	defer h.at("recorded")
	return h.locked(func() error {
		there, err := Ledger(h.Dir, run)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		for _, e := range entries {
			if e.Number <= int64(len(there)) {
				continue
			}
			line, err := json.Marshal(ledgerLine{Run: run, Entry: e})
			if err != nil {
				return err
			}
			out.Write(append(line, '\n'))
		}
		return h.write(fileLedger, out.Bytes())
	})
}

type ledgerLine struct {
	Run   string       `json:"run"`
	Entry engine.Entry `json:"entry"`
}

// Ledger returns the entries of a run in their order.
func Ledger(dir, run string) ([]engine.Entry, error) {
	data, err := os.ReadFile(filepath.Join(dir, fileLedger))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var out []engine.Entry
	for line := range bytes.Lines(data) {
		var l ledgerLine
		if err := json.Unmarshal(line, &l); err != nil {
			return nil, err
		}
		if l.Run == run {
			out = append(out, l.Entry)
		}
	}
	return out, nil
}

// append adds a line and says how many of that line there are.
func (h Hands) append(name, line string) (int, error) {
	n := 0
	return n, h.locked(func() error {
		if err := h.write(name, []byte(line+"\n")); err != nil {
			return err
		}
		data, err := os.ReadFile(filepath.Join(h.Dir, name))
		n = strings.Count("\n"+string(data), "\n"+line+"\n")
		return err
	})
}

func (h Hands) locked(do func() error) error {
	lock := flock.New(filepath.Join(h.Dir, "lock"))
	if err := lock.Lock(); err != nil {
		return err
	}
	return errors.Join(do(), lock.Unlock())
}

// write appends in one go, so that a crash leaves all of it or nothing.
func (h Hands) write(name string, data []byte) error {
	f, err := os.OpenFile(filepath.Join(h.Dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
