package app

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/tally"
	"example.com/landfall/internal/store/durable"
)

// left is what a worker elsewhere leaves of a shard.
type left struct {
	Done objects.Done `json:"done"`
	Use  tally.Use    `json:"use"`
	By   string       `json:"by"`
	// Whole says that the lines go along. Where there are too many of them whoever
	// joins looks at the shard again.
	Whole bool `json:"whole"`

	lines [][]byte
}

// maxLines bounds the lines of a shard that go through the engine, as they are
// written: some thousand objects.
const maxLines = 256 << 10

// packLeft writes what is left of a shard: a head, and its files as they are.
func packLeft(l left, folder string) ([]byte, error) {
	var files []byte
	for _, segment := range l.Done.Segments {
		content, err := os.ReadFile(filepath.Join(folder, segment.Name))
		if err != nil {
			return nil, fault.Wrap(err, "read the lines of", segment.Name)
		}
		if files = append(binary.AppendUvarint(files, uint64(len(content))), content...); len(files) > maxLines {
			break
		}
	}
	if l.Whole = len(files) <= maxLines; !l.Whole {
		l.Done.Segments, files = nil, nil
	}
	head, err := json.Marshal(l)
	if err != nil {
		return nil, fault.Of(fault.Internal, "write what is left of", l.Done.Shard.Prefix, err)
	}
	return append(append(binary.AppendUvarint(nil, uint64(len(head))), head...), files...), nil
}

// unpackLeft reads what packLeft wrote.
func unpackLeft(packed []byte) (left, error) {
	var l left
	broken := fault.Newf(fault.Invalid, "read what is left of a shard: it is cut off")
	next := func() ([]byte, bool) {
		n, size := binary.Uvarint(packed)
		if size <= 0 || n > uint64(len(packed)-size) {
			return nil, false
		}
		out := packed[size : size+int(n)]
		packed = packed[size+int(n):]
		return out, true
	}
	head, ok := next()
	if !ok {
		return l, broken
	}
	if err := json.Unmarshal(head, &l); err != nil {
		return l, fault.Of(fault.Invalid, "read what is left of a shard", "", err)
	}
	for range l.Done.Segments {
		lines, ok := next()
		if !ok {
			return l, broken
		}
		l.lines = append(l.lines, lines)
	}
	return l, nil
}

// sound says whether the files are those that were written.
func (l left) sound() error {
	for i, segment := range l.Done.Segments {
		sum := sha256.Sum256(l.lines[i])
		if segment.Name != filepath.Base(segment.Name) || !strings.HasSuffix(segment.Name, segmentEnd) || hex.EncodeToString(sum[:]) != segment.File.SHA256 {
			return fault.Newf(fault.Invalid, "keep the lines of %q: they are not those that were written", segment.Name)
		}
	}
	return nil
}

// segmentEnd is how the names of files with lines end.
const segmentEnd = ".segment"

// write writes the files of a shard.
func (l left) write(folder string) error {
	for i, segment := range l.Done.Segments {
		if err := durable.Replace(filepath.Join(folder, segment.Name), l.lines[i], 0o600); err != nil {
			return err
		}
	}
	return nil
}
