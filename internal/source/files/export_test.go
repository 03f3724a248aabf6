package files

import (
	"context"

	"example.com/landfall/internal/source"
	"example.com/landfall/internal/source/files/cloudformation"
	"example.com/landfall/internal/source/files/describe"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/snapshot"
)

// Reader reads texts in memory as a scan reads files, without what keeps a
// broken reader from ending it.
type Reader struct {
	scanner *Scanner
	outputs *describe.Set
}

// NewReader returns a reader.
func NewReader() *Reader { return &Reader{NewScanner(nil, Options{}), describe.NewSet()} }

// Recognise tells the format of a text.
func (r *Reader) Recognise(d *document.Document) (Format, error) {
	return recogniser{r.outputs}.recognise(d)
}

// Read reads a text as a format.
func (r *Reader) Read(ctx context.Context, f Format, d *document.Document, to source.Sink) error {
	n := &run{Scanner: r.scanner, to: to, outputs: describe.NewSet(), newest: snapshot.NewNewest()}
	one := &file{found: &found{path: d.Name, format: f}, document: d, progress: &progress{to: to}}
	switch f {
	case CloudFormation:
		content, err := d.Whole()
		if err != nil {
			return nil
		}
		result, err := cloudformation.Read(cloudformation.File{Name: d.Name, Data: content}, cloudformation.Options{Kinds: r.scanner.kinds})
		if err != nil {
			return nil
		}
		return to.Found(result.Observations...)
	case ConfigSnapshot:
		if err := snapshot.First(ctx, d, n.newest, 0); err != nil {
			return err
		}
	case Describe:
		if err := n.outputs.Learn(ctx, d); err != nil {
			return err
		}
		defer n.outputs.Finish(to)
	}
	return n.readOne(ctx, one, 0)
}
