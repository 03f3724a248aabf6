package manifest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"

	"example.com/landfall/internal/fault"
)

// Version is that of the form, in the head of each manifest.
const Version = 1

// Head says what a manifest is of.
type Head struct {
	// Manifest is Version.
	Manifest int `json:"manifest"`
	// Verb is "copy", "verify" or "follow".
	Verb string `json:"verb"`
	// Source and Target are "s3://bucket/prefix" and "az://account/container/prefix".
	Source string `json:"source"`
	Target string `json:"target"`
	// Filters are the options that chose the objects or bear upon the result, as
	// they were given: "--include *.jpg", "--metadata rename".
	Filters []string `json:"filters,omitempty"`
	// Began and Ended are the window of time in which both sides were looked at
	// (RFC 3339, UTC). What changed within it may be seen on one side only.
	Began string `json:"began"`
	Ended string `json:"ended"`
	// Complete says that both listings came to their end.
	Complete bool `json:"complete"`
	// Run tells runs apart.
	Run string `json:"run,omitempty"`
}

// End closes a manifest.
type End struct {
	Segments int64 `json:"segments"`
	// Root is that of the hash tree over the closing lines of the segments.
	Root   string `json:"root"`
	Counts Counts `json:"counts"`
}

type endLine struct {
	End End `json:"end"`
}

// Signature is one over the statement of a manifest.
type Signature struct {
	// By is who signed, Key the fingerprint of the key, Format what made the value
	// ("sshsig").
	By     string `json:"by"`
	Key    string `json:"key"`
	Format string `json:"format"`
	Value  string `json:"value"`
}

type signatureLine struct {
	Signature Signature `json:"signature"`
}

// Signer signs a short text.
type Signer interface {
	Sign(ctx context.Context, statement string) (Signature, error)
}

// Verifier says whether a signature over a text is that of somebody who may
// sign; fault.Denied when it is not.
type Verifier interface {
	Verify(statement string, s Signature) error
}

// Part is a finished segment of which the file can be read.
type Part struct {
	File File
	Open func() (io.ReadCloser, error)
}

// Summary is what the ledger keeps of a manifest.
type Summary struct {
	Head Head `json:"head"`
	End  End  `json:"end"`
	// Digest is the SHA-256 over head and end, which stands for all of it.
	Digest string `json:"digest"`
	// Signatures are those found, or made.
	Signatures []Signature `json:"signatures,omitempty"`
}

// Statement is the text that is signed.
func (s Summary) Statement() string {
	return "Landfall object manifest\nsource: " + oneLine(s.Head.Source) + "\ntarget: " + oneLine(s.Head.Target) + "\nsha256: " + s.Digest + "\n"
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Join writes the manifest of finished segments, in the order in which they are
// given, which is that of their shards. A file that is not the one that was
// closed is refused.
func Join(ctx context.Context, to io.Writer, head Head, parts []Part) (Summary, error) {
	head.Manifest = Version
	headLine, err := json.Marshal(head)
	if err != nil {
		return Summary{}, fault.Of(fault.Internal, "write the head of the manifest", "", err)
	}
	if err := writeFrame(to, headLine); err != nil {
		return Summary{}, err
	}
	end := End{Segments: int64(len(parts)), Counts: newCounts()}
	var segments tree
	for _, part := range parts {
		if err := ctx.Err(); err != nil {
			return Summary{}, fault.Wrap(err, "join the manifest", "")
		}
		if err := part.copyTo(to); err != nil {
			return Summary{}, err
		}
		closing, err := json.Marshal(segmentLine{part.File.Segment})
		if err != nil {
			return Summary{}, fault.Of(fault.Internal, "join the manifest of", part.File.Segment.Shard, err)
		}
		segments.add(leaf(closing), false)
		end.Counts.Add(part.File.Segment.Counts)
	}
	end.Root = segments.root().String()
	last, err := json.Marshal(endLine{end})
	if err != nil {
		return Summary{}, fault.Of(fault.Internal, "write the end of the manifest", "", err)
	}
	return Summary{Head: head, End: end, Digest: digestOf(headLine, last)}, writeFrame(to, last)
}

func (p Part) copyTo(to io.Writer) error {
	from, err := p.Open()
	if err != nil {
		return fault.Wrap(err, "open the manifest of", p.File.Segment.Shard)
	}
	defer from.Close()
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(to, sum), from); err != nil {
		return fault.Wrap(err, "join the manifest of", p.File.Segment.Shard)
	}
	if found := hex.EncodeToString(sum.Sum(nil)); found != p.File.SHA256 {
		return fault.Newf(fault.Invalid, "join the manifest of %q: its file was changed since it was closed", p.File.Segment.Shard)
	}
	return nil
}

func digestOf(head, end []byte) string {
	h := sha256.New()
	for _, line := range [][]byte{head, end} {
		_, _ = h.Write(line) // a hash never fails
		_, _ = h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// writeFrame writes one line as a frame of its own.
func writeFrame(to io.Writer, line []byte) error {
	encoder, err := newEncoder(to)
	if err != nil {
		return err
	}
	if _, err = encoder.Write(append(line, '\n')); err == nil {
		err = encoder.Close()
	}
	return fault.Wrap(err, "write the manifest", "")
}

// Sign has a manifest signed and appends the signature to its file: to must
// write behind what Join or Sign wrote before.
func Sign(ctx context.Context, to io.Writer, s Summary, by Signer) (Signature, error) {
	signature, err := by.Sign(ctx, s.Statement())
	if err != nil {
		return Signature{}, fault.Wrap(err, "sign the manifest", "")
	}
	line, err := json.Marshal(signatureLine{signature})
	if err != nil {
		return Signature{}, fault.Of(fault.Internal, "write the signature", "", err)
	}
	return signature, writeFrame(to, line)
}

// Verify checks all signatures of a manifest that was read to its end. One
// without any is refused, and so is one of which any signature does not hold.
func (s Summary) Verify(by Verifier) error {
	if len(s.Signatures) == 0 {
		return fault.Newf(fault.Denied, "verify the manifest: nobody signed it")
	}
	for _, one := range s.Signatures {
		if err := by.Verify(s.Statement(), one); err != nil {
			return fault.Wrap(err, "verify the signature of", one.By)
		}
	}
	return nil
}
