package manifest

import (
	"io"

	"example.com/landfall/internal/fault"
)

// found is the line that is to be proved, and where it stands.
type found struct {
	line, closing, end string
	segment            int64
	path               []Sibling
}

// Proof shows that one line stands in a manifest that has a digest, with no
// more of the file than this.
type Proof struct {
	// Head, Line, Segment and End are lines of the file as they stand there.
	Head    string `json:"head"`
	Line    string `json:"line"`
	Segment string `json:"segment"`
	End     string `json:"end"`
	// Lines leads from the line to the root of its segment, Segments from the
	// segment's closing line to the root of the manifest.
	Lines    []Sibling `json:"lines"`
	Segments []Sibling `json:"segments"`
	// Signatures are those of the manifest.
	Signatures []Signature `json:"signatures,omitempty"`
}

// Prove reads a manifest to its end and returns the proof of the first line of
// a key, of one version if that is not "". fault.NotFound when there is none.
func Prove(from io.Reader, key, version string) (Proof, error) {
	r, err := Open(from)
	if err != nil {
		return Proof{}, err
	}
	defer r.Close()
	r.watch = func(l *Line) bool { return l.Key == key && (version == "" || l.Version == version) }
	for {
		if _, err := r.Next(); err == io.EOF {
			break
		} else if err != nil {
			return Proof{}, err
		}
	}
	if r.found == nil {
		return Proof{}, fault.Of(fault.NotFound, "find in the manifest the key", key, nil)
	}
	return Proof{Head: string(r.headRaw), Line: r.found.line, Segment: r.found.closing, End: r.found.end,
		Lines: r.found.path, Segments: r.segments.path, Signatures: r.summary.Signatures}, nil
}

// Check follows the proof from the line to the digest. What it returns is true
// of the manifest with the digest of the summary: compare that with the ledger,
// or verify the summary's signatures.
func (p Proof) Check() (Line, Summary, error) {
	broken := func(what string) (Line, Summary, error) {
		return Line{}, Summary{}, fault.Newf(fault.Invalid, "check the proof of a line: %s", what)
	}
	var head Head
	var closing segmentLine
	var last endLine
	if !strict([]byte(p.Head), &head) || !strict([]byte(p.Segment), &closing) || !strict([]byte(p.End), &last) {
		return broken("its head, its segment or its end is none of a manifest")
	}
	line, err := parseLine([]byte(p.Line))
	if err != nil {
		return Line{}, Summary{}, fault.Wrap(err, "check the proof of a line", "")
	}
	if root, ok := climb(leaf([]byte(p.Line)), p.Lines); !ok || root.String() != closing.Segment.Root {
		return broken("the line is not one of its segment")
	}
	if root, ok := climb(leaf([]byte(p.Segment)), p.Segments); !ok || root.String() != last.End.Root {
		return broken("the segment is not one of its manifest")
	}
	return line, Summary{Head: head, End: last.End, Digest: digestOf([]byte(p.Head), []byte(p.End)), Signatures: p.Signatures}, nil
}
