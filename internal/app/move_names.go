package app

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
)

// stepNames are what a step does with names that Azure cannot hold, as its
// runbook declares it.
type stepNames struct {
	Keys     name.Mode `json:"keys,omitempty"`
	Metadata name.Mode `json:"metadata,omitempty"`
}

// namesOf reads the policies of a set. What nobody has declared fails.
func namesOf(s action.ObjectSet) (stepNames, error) {
	mode := func(text string) (name.Mode, error) {
		if text == "" {
			return name.Fail, nil
		}
		return name.ParseMode(text)
	}
	keys, err := mode(s.Names)
	if err != nil {
		return stepNames{}, fault.Wrap(err, "read the policy for names of", s.Data)
	}
	metadata, err := mode(s.Metadata)
	return stepNames{keys, metadata}, fault.Wrap(err, "read the policy for metadata of", s.Data)
}

// into makes options of them. A step that fails for a key goes on with the others
// before it does, so that it can name all of them.
func (n stepNames) into(o *MoveOptions) {
	o.Names, o.Metadata = string(n.Keys), string(n.Metadata)
	if n.Keys == name.Fail {
		o.Names = string(name.Exclude)
	}
}

// setOptions are those of a set of data, with what its runbook declares.
func (a *App) setOptions(s action.ObjectSet) (MoveOptions, stepNames, error) {
	o, err := a.objectOptions(s.Source, s.Target)
	if err != nil {
		return o, stepNames{}, err
	}
	names, err := namesOf(s)
	names.into(&o)
	return o, names, err
}

// objectSet is a set of the runbook, with what the step declares that copies it.
func (a *App) objectSet(set runbook.DataSet, step string) (action.ObjectSet, error) {
	out := action.ObjectSet{Data: set.ID, Source: string(set.Source), Target: string(set.Target), Step: step}
	if a.Workspace == nil {
		return out, nil
	}
	book, err := a.readRunbook()
	if err != nil {
		return out, err
	}
	out.Names, out.Metadata = declaredFor(book, set.ID)
	return out, nil
}

// readRunbook is the runbook of the workspace.
func (a *App) readRunbook() (*runbook.Runbook, error) {
	w, err := a.need()
	if err != nil {
		return nil, err
	}
	var r runbook.Runbook
	return &r, w.Read(store.Runbook, &r)
}

// declaredFor are the policies of the steps of a set of data.
func declaredFor(r *runbook.Runbook, data string) (names, metadata string) {
	for i := range r.Steps {
		s := &r.Steps[i]
		if s.Kind != action.KindMoveObjects || s.Inputs["data"] != data {
			continue
		}
		names, _ = s.Inputs["names"].(string)
		metadata, _ = s.Inputs["metadata"].(string)
		return names, metadata
	}
	return "", ""
}

// declared takes what the runbook declares of a pair for a command that says
// nothing else: a comparison by hand then looks for the names that a step has
// given.
func (r *moving) declared() error {
	if r.o.Names != "" && r.o.Metadata != "" {
		return nil
	}
	names, metadata, err := r.declaredOf()
	if err != nil {
		return err
	}
	take := func(option *string, flag, mode string) {
		if *option == "" && mode == string(name.Rename) {
			*option = mode
			r.out.Notes = append(r.out.Notes, flag+" "+mode+", as the runbook says of this bucket")
		}
	}
	take(&r.o.Names, "--names", names)
	take(&r.o.Metadata, "--metadata", metadata)
	return nil
}

// declaredOf finds the pair among the sets of the runbook; "" where there is none.
func (r *moving) declaredOf() (names, metadata string, err error) {
	if r.Workspace == nil {
		return "", "", nil
	}
	book, err := r.readRunbook()
	if fault.Is(err, fault.NotFound) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	for _, set := range book.Data {
		if set.Kind != "objects" || set.Target == "" {
			continue
		}
		o, err := r.objectOptions(string(set.Source), string(set.Target))
		if err != nil {
			continue // what cannot be moved has no names either
		}
		if one, err := parseSides(o.Source, o.Target); err == nil && one.bucket == r.sides.bucket && one.container == r.sides.container {
			names, metadata = declaredFor(book, set.ID)
			return names, metadata, nil
		}
	}
	return "", "", nil
}

// accept counts what Azure cannot hold in the pass of a step. Keys that the
// runbook leaves out are no fault of the pass.
func (r *moving) accept(ctx context.Context, path string, result *objects.Result) (action.ObjectsUnheld, error) {
	if r.step == "" || result.Counts.Results[manifest.Refused].Objects == 0 {
		return action.ObjectsUnheld{}, nil
	}
	unheld, err := unheldOf(ctx, path, firstWrong)
	if r.names.Keys == name.Exclude {
		result.Accepted = unheld.Keys
	}
	return unheld, err
}

// unheldOf reads a manifest for the objects that break a rule for names.
func unheldOf(ctx context.Context, path string, most int) (action.ObjectsUnheld, error) {
	var out action.ObjectsUnheld
	err := eachLine(ctx, path, func(l manifest.Line) bool {
		rule, _, _ := strings.Cut(l.Reason, ":")
		if _, ok := name.RuleOf(name.RuleID(rule)); !ok || l.Result != manifest.Refused {
			return true
		}
		if strings.HasPrefix(rule, "key-") {
			out.Keys++
		} else {
			out.Parts++
		}
		if len(out.First) < most {
			out.First = append(out.First, shortKey(l.Key)+" ("+rule+")")
		}
		return true
	})
	return out, err
}

// shortKey quotes a key; S3 lets one be a kilobyte long.
func shortKey(key string) string {
	const most = 120
	if len(key) <= most {
		return strconv.QuoteToASCII(key)
	}
	return strconv.QuoteToASCII(key[:most]) + "..."
}

// eachLine reads a manifest line by line, until do wants no more. Reading it also
// checks it.
func eachLine(ctx context.Context, path string, do func(manifest.Line) bool) error {
	file, err := os.Open(path)
	if err != nil {
		return fault.Wrap(err, "read the manifest", path)
	}
	defer file.Close() //nolint:errcheck // nothing was written
	reader, err := manifest.Open(file)
	if err != nil {
		return fault.Wrap(err, "read the manifest", path)
	}
	defer reader.Close()
	for ctx.Err() == nil {
		line, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault.Wrap(err, "read the manifest", path)
		}
		if !do(line) {
			return nil
		}
	}
	return context.Cause(ctx)
}
