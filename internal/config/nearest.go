package config

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// maxWordBytes bounds the words that are compared: the distance takes time in
// proportion to the product of the lengths.
const maxWordBytes = 64

// nearest returns the name that is closest to the word, when it is close
// enough to be what was meant: the beginning of it, or with two letters, or a
// third of them, different. Capitals and separators count for nothing, because
// "two_persons" and "twoPersons" are the same word to whoever wrote it. Of
// equally close names the first is taken.
func nearest(word string, names []string) (string, bool) {
	if word == "" || len(word) > maxWordBytes {
		return "", false
	}
	best, least := "", maxWordBytes
	for _, name := range names {
		if d, near := distance(bare(word), bare(name)); near && d < least {
			best, least = name, d
		}
	}
	return best, best != ""
}

func distance(word, name string) (letters int, near bool) {
	short := min(len(word), len(name))
	if short >= 3 && (strings.HasPrefix(word, name) || strings.HasPrefix(name, word)) {
		return min(1, len(word)+len(name)-2*short), true
	}
	d := levenshtein.ComputeDistance(word, name)
	return d, d <= max(2, len(name)/3) && 2*d <= max(short, 2)
}

func bare(word string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(word))
}
