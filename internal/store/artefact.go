package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/canon"
	"example.com/landfall/internal/store/durable"
)

// Name is the file name of an artefact, in the root of the workspace.
type Name string

// The artefacts, in the order in which they are made.
const (
	Inventory   Name = "inventory.json"
	Graph       Name = "graph.json"
	Baseline    Name = "baseline.json"
	Assessment  Name = "assessment.json"
	Probe       Name = "probe.json"
	Catalog     Name = "catalog.json"
	Design      Name = "design.json"
	Connections Name = "connections.json"
	Runbook     Name = "runbook.json"
	Residual    Name = "residual.json"
	Verdict     Name = "verdict.json"
	Retirement  Name = "retirement.json"
)

// maker returns the command that writes the artefact, for hints.
func (n Name) maker() string {
	switch n {
	case Inventory, Graph, Baseline, Assessment:
		return "landfall assess"
	case Probe:
		return "landfall probe LIST"
	case Catalog:
		return "landfall catalog refresh"
	case Design:
		return "landfall design"
	case Connections:
		return "landfall connections plan"
	case Runbook:
		return "landfall plan"
	case Residual:
		return "landfall residual --since TIME"
	case Verdict:
		return "landfall evaluate"
	case Retirement:
		return "landfall retire plan"
	}
	return "the command that writes it"
}

// Artefact is a value that is stored as an artefact. Its JSON form must be an
// object with the members schemaVersion (a whole number) and inputs (an object
// of fingerprints by name, which may be empty).
type Artefact interface {
	// ArtefactVersion is the schemaVersion that the program writes and reads.
	// It does not depend on the value.
	ArtefactVersion() int
}

// maxArtefactBytes bounds what Read takes into memory; 100,000 resources give
// a few hundred MiB.
const maxArtefactBytes = 1 << 30

var (
	nameForm        = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}\.json$`)
	fingerprintForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// envelope is what every artefact carries.
type envelope struct {
	SchemaVersion *int              `json:"schemaVersion"`
	Inputs        map[string]string `json:"inputs"`
}

// Path returns where the artefact is stored.
func (w *Workspace) Path(name Name) string { return filepath.Join(w.root, string(name)) }

// Write stores the value under the name, whole or not at all: members in the
// order of the value's fields, maps by key, two spaces of indentation, so that
// the same value always gives the same bytes. A value that breaks the rule of
// Artefact is a defect (kind Internal); a full or broken disk has the kind
// Storage and leaves the old artefact as it was.
func (w *Workspace) Write(name Name, value Artefact) error {
	return w.replace(name, value, document.write)
}

// Put is Write, and returns the fingerprint of what was written, which then
// need not be read again.
func (w *Workspace) Put(name Name, value Artefact) (fingerprint string, err error) {
	err = w.replace(name, value, func(d document, to io.Writer) (err error) {
		fingerprint, err = d.printed(to)
		return err
	})
	return fingerprint, err
}

// replace puts what write makes of the artefact into the place of the old one.
func (w *Workspace) replace(name Name, value Artefact, write func(document, io.Writer) error) error {
	if !nameForm.MatchString(string(name)) {
		return fault.Newf(fault.Internal, "write artefact %q: not the name of an artefact", name)
	}
	d, err := documentOf(value)
	if err != nil {
		return fault.Of(fault.Internal, "write artefact", string(name), err)
	}
	var defect error
	err = durable.ReplaceBy(w.Path(name), 0o644, func(to io.Writer) error {
		file := &destination{Writer: to}
		err := write(d, file)
		if err != nil && file.err == nil {
			defect = err // of the value, not of the disk
		}
		return err
	})
	if defect != nil {
		return fault.Of(fault.Internal, "write artefact", string(name), defect)
	}
	return err
}

// destination remembers the error of the disk.
type destination struct {
	io.Writer
	err error
}

func (d *destination) Write(p []byte) (int, error) {
	n, err := d.Writer.Write(p)
	if err != nil {
		d.err = err
	}
	return n, err
}

// obeys checks the rule of Artefact on the encoded value.
func obeys(encoded []byte, value Artefact) error {
	var e envelope
	if err := json.Unmarshal(encoded, &e); err != nil {
		return err
	}
	switch {
	case e.SchemaVersion == nil || *e.SchemaVersion != value.ArtefactVersion() || *e.SchemaVersion < 1:
		return errors.New(`"schemaVersion" is not the version of the artefact`)
	case e.Inputs == nil:
		return errors.New(`"inputs" is missing`)
	}
	for _, input := range slices.Sorted(maps.Keys(e.Inputs)) {
		if input == "" || !fingerprintForm.MatchString(e.Inputs[input]) {
			return fault.Newf(fault.Internal, "input %q has no fingerprint", input)
		}
	}
	return nil
}

// Read loads the artefact into value, a pointer. Kinds of error: NotFound when
// there is none, Invalid when the file is cut short, is no JSON or has a member
// that the value does not know, Unsupported when it has another schemaVersion.
func (w *Workspace) Read(name Name, value Artefact) error {
	content, err := w.content(name)
	if err != nil {
		return err
	}
	return decode(w.Path(name), name, content, value)
}

// decode reads the content of an artefact that stands at the path.
func decode(path string, name Name, content []byte, value Artefact) error {
	var e envelope
	if err := json.Unmarshal(content, &e); err != nil {
		return broken(path, name, content, err)
	}
	if e.SchemaVersion == nil {
		return broken(path, name, content, errors.New(`it has no "schemaVersion"`))
	}
	if got, want := *e.SchemaVersion, value.ArtefactVersion(); got > want {
		return fault.Newf(fault.Unsupported, "read %q: its schemaVersion %d is newer than this program reads (%d)", path, got, want).
			Hintf("install a newer landfall")
	} else if got < want {
		return fault.Newf(fault.Unsupported, "read %q: its schemaVersion %d is older than this program reads (%d)", path, got, want).
			Hintf("%s", name.maker())
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value); err != nil {
		return broken(path, name, content, err)
	}
	return nil
}

// Fingerprint returns the fingerprint of a stored artefact, for the inputs of
// the artefacts made from it and for approvals.
func (w *Workspace) Fingerprint(name Name) (string, error) {
	content, err := w.content(name)
	if err != nil {
		return "", err
	}
	fingerprint, err := canon.Fingerprint(content)
	if err != nil {
		return "", broken(w.Path(name), name, content, err)
	}
	return fingerprint, nil
}

func (w *Workspace) content(name Name) ([]byte, error) { return contentOf(w.Path(name), name) }

// ReadFile loads an artefact that stands at any path into value, as Read does.
func ReadFile(path string, name Name, value Artefact) error {
	content, err := contentOf(path, name)
	if err != nil {
		return err
	}
	return decode(path, name, content, value)
}

func contentOf(path string, name Name) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		e := fault.Of(fault.KindOf(err), "read", path, cause(err))
		if e.Kind == fault.NotFound {
			return nil, e.Hintf("%s", name.maker())
		}
		return nil, e
	}
	if !info.Mode().IsRegular() {
		return nil, fault.Newf(fault.Invalid, "read %q: it is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Of(fault.KindOf(err), "read", path, cause(err))
	}
	defer f.Close() // nothing was written, so nothing can be lost
	content, err := io.ReadAll(io.LimitReader(f, maxArtefactBytes+1))
	if err != nil {
		return nil, fault.Of(fault.KindOf(err), "read", path, cause(err))
	}
	if len(content) > maxArtefactBytes {
		return nil, fault.Newf(fault.Unsupported, "read %q: it is larger than %d bytes", path, maxArtefactBytes)
	}
	return content, nil
}

// broken says what is wrong with an artefact, with the line where the JSON
// package tells the place.
func broken(place string, name Name, content []byte, err error) error {
	text := strings.TrimPrefix(err.Error(), "json: ")
	at := int64(-1)
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = e.Offset
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at = e.Offset
	}
	if at >= int64(len(content)) {
		text = "the file ends too early"
	}
	if at >= 0 {
		line := bytes.Count(content[:min(at, int64(len(content)))], []byte("\n")) + 1
		return fault.Newf(fault.Invalid, "read %q, line %d: %s", place, line, text).Hintf("%s", name.maker())
	}
	return fault.Newf(fault.Invalid, "read %q: %s", place, text).Hintf("%s", name.maker())
}
