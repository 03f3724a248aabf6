package testaction

import (
	"bytes"
	"os"
	"strings"

	"example.com/landfall/internal/fault"
)

// The words with which lines begin.
const (
	did    = "do"
	undid  = "undo"
	batch  = "batch"
	failed = "fail"
	looked = "look"
	proved = "prove"
	killed = "kill"
	// dropped are batches that were taken back without a whole effect.
	dropped = "drop"
)

// write appends one line. A line is written in one go, so that those of two
// processes do not mix, and is on the disk before the call returns.
func write(path string, words ...string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fault.Wrap(err, "write an effect", path)
	}
	_, err = f.WriteString(strings.Join(words, "\t") + "\n")
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return fault.Wrap(err, "write an effect", path)
}

// lines returns those of a key by their words; a line that is cut off does not
// count.
func lines(path, key string) ([]string, error) {
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, "read the effects", path)
	}
	var out []string
	for line := range bytes.Lines(data) {
		text, whole := strings.CutSuffix(string(line), "\n")
		word, rest, ok := strings.Cut(text, "\t")
		if whole && ok && (rest == key || key == "") {
			out = append(out, word+"\t"+rest)
		}
	}
	return out, nil
}

func count(all []string, word string) int {
	n := 0
	for _, line := range all {
		if strings.HasPrefix(line, word+"\t") {
			n++
		}
	}
	return n
}

// Effects returns what stands in a file in the order in which it was made:
// "do" or "undo", and the key of the step (its idempotency key without "do").
func Effects(path string) ([]string, error) {
	all, err := lines(path, "")
	var out []string
	for _, line := range all {
		if word, key, _ := strings.Cut(line, "\t"); word == did || word == undid {
			out = append(out, word+" "+key)
		}
	}
	return out, err
}

// Doubled returns the keys of effects that were made while they were there, or
// taken back while they were not.
func Doubled(path string) ([]string, error) {
	all, err := Effects(path)
	there := map[string]bool{}
	var out []string
	for _, line := range all {
		word, key, _ := strings.Cut(line, " ")
		if there[key] == (word == did) {
			out = append(out, line)
		}
		there[key] = word == did
	}
	return out, err
}
