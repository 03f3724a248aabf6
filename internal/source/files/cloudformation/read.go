package cloudformation

import (
	"log/slog"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
)

// File is one template to read.
type File struct {
	// Name is the path as given, with slashes.
	Name string
	// Data is the text in UTF-8.
	Data []byte
	// Stack is the name of the stack; empty takes it from the file's name.
	Stack string
}

// Options say what is known beside the templates. The zero value is usable.
type Options struct {
	// Open reads a file beside a template: a nested template or an included
	// part. A path that does not exist is an error. Nil opens nothing.
	Open func(path string) ([]byte, error)
	// List names the files of a folder and of the folders below it, at most a
	// few levels deep, as paths that Open takes. Nil lists nothing.
	List func(folder string) []string
	// Parameters are values for the parameters of the templates themselves; a
	// name that a template does not declare is ignored.
	Parameters map[string]string
	// Account and Region fill in AWS::AccountId and AWS::Region.
	Account cloud.Account
	Region  cloud.Region
	// Kinds converts the properties; nil makes a converter for this call.
	Kinds *kinds.Converter
	// Log may be nil.
	Log *slog.Logger
}

// Result is what the templates say.
type Result struct {
	Observations []inventory.Observation
	// Refused is what a template says and could not be understood.
	Refused []inventory.Refused
	// Unread is what exists by the template and is not in it: missing nested
	// templates, macros that only the account can expand.
	Unread []inventory.Unread
}

// Read reads one template. The error is for a text that is no template at
// all; what is wrong with a part of it stands in the result.
func Read(file File, o Options) (Result, error) {
	r := newRun(o)
	d := r.library.add(file)
	if err := r.usable(d); err != nil {
		return Result{}, fault.Wrap(err, "read template", file.Name)
	}
	return r.read([]root{{doc: d, stack: file.Stack}}), nil
}

// ReadAll reads the templates of one run together: exports of one are found by
// imports of another, and a template that is nested in another one of the run
// is read as part of that alone. A text that is there twice is read once.
// Order and repetition of the files change nothing.
func ReadAll(files []File, o Options) Result {
	r := newRun(o)
	return r.read(r.roots(files))
}
