package format

import (
	"errors"
	"fmt"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/source/files/document"
)

// refusalsNamed is how many parts of one file are refused by name; of the
// others only the number is told. A file in which everything is wrong would
// otherwise fill the inventory with its own lines.
const refusalsNamed = 1000

// Output is where the reader of one file puts what it found. Not for
// concurrent use.
type Output struct {
	sink       source.Sink
	way        inventory.Source
	file       *document.Document
	refused    int
	found      int
	ended      error
	recognised bool
}

// NewOutput returns the output of one file.
func NewOutput(to source.Sink, way inventory.Source, file *document.Document) *Output {
	return &Output{sink: to, way: way, file: file}
}

// Found hands over resources that were read at a place of the file ("#/a/b",
// ":17", "" for the file as a whole). Its error ends the whole scan.
func (o *Output) Found(place string, resources ...inventory.Resource) error {
	for _, r := range resources {
		if r.Provenance == nil {
			// The builder adds the reading itself; see inventory.Observation.
			r.Provenance = []inventory.Provenance{}
		}
		if o.ended == nil {
			o.ended = o.sink.Found(inventory.Observation{Resource: r, Source: o.way, Origin: o.file.Name + place})
		}
		if r.Account != "" || r.Region != "" {
			o.sink.Scope(string(r.Account), string(r.Region))
		}
		o.found++
	}
	return o.ended
}

// Resources is how many were found.
func (o *Output) Resources() int { return o.found }

// Ended is the error with which the sink ended the scan, nil if it did not.
func (o *Output) Ended() error { return o.ended }

// Refused says that a part of the file was not understood.
func (o *Output) Refused(place string, err error) {
	o.refused++
	if o.refused <= refusalsNamed {
		o.sink.Refused(inventory.Refused{File: o.file.Name + place, Reason: Reason(err)})
	}
}

// Unread says what the file shows to exist, or to be missing, without saying
// what it is.
func (o *Output) Unread(u inventory.Unread) {
	u.Source = o.way
	if u.Operation == "" {
		u.Operation = o.file.Name
	}
	o.sink.Unread(u)
}

// Finish takes the error with which the reader ended. What breaks the file is
// refused with the line; what ends the scan is returned.
func (o *Output) Finish(err error) error {
	if o.refused > refusalsNamed {
		o.sink.Refused(inventory.Refused{File: o.file.Name, Reason: fmt.Sprintf("%d more parts are refused for reasons like those of the first %d", o.refused-refusalsNamed, refusalsNamed)})
	}
	if o.ended != nil {
		return o.ended
	}
	if err == nil {
		return nil
	}
	if fault.Is(err, fault.Canceled) || fault.Is(err, fault.Timeout) {
		return err
	}
	place := ""
	if broken, ok := errors.AsType[*document.Broken](err); ok {
		if line := o.file.Line(broken.Offset); line > 0 {
			place = fmt.Sprintf(":%d", line)
		}
	}
	reason := Reason(err)
	if o.found > 0 {
		reason += fmt.Sprintf("; the %d resources before that are kept", o.found)
	}
	o.sink.Refused(inventory.Refused{File: o.file.Name + place, Reason: reason})
	return nil
}

// reasonRunes bounds a reason: a text of a file may stand in it.
const reasonRunes = 400

// Reason is an error as one line that fits into a table, with its hint.
func Reason(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if hint := fault.HintOf(err); hint != "" {
		text += "; " + hint
	}
	if runes := []rune(text); len(runes) > reasonRunes {
		text = string(runes[:reasonRunes]) + "…"
	}
	return text
}

// Cut bounds a text of a file that is quoted in a reason.
func Cut(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// Recognise notes that the file has the form of its format, even where it
// holds no resource.
func (o *Output) Recognise() { o.recognised = true }

// Recognised reports whether Recognise was called.
func (o *Output) Recognised() bool { return o.recognised }
