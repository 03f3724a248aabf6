package seed

import "strings"

// longestKey is S3's bound of a key, in bytes of UTF-8.
const longestKey = 1024

// OddKeys are the keys that break copy programs, in no particular order: all
// are legal in S3, and most mean something else, or nothing, to a file system,
// a URL library or Azure Blob Storage (which forbids names that end with a dot
// or a slash in places, and treats ".." as a path).
func OddKeys() []string {
	return []string{
		"/odd/leading-slash", "odd//double-slash", "odd///triple", "odd/a/../up", "odd/./here", "odd/..", "odd/trailing-dot.", "odd/trailing-dots...",
		"odd/folder-marker/", "odd/slash-with-data/", "odd/both", "odd/both/below", "odd/empty",
		"odd/with space.txt", " odd/leading-space", "odd/trailing-space ", "odd/two  spaces",
		"odd/carriage\rreturn", "odd/line\nfeed", "odd/tab\there", "odd/control\x01\x1f", "odd/delete\x7f",
		"odd/percent%2Fslash", "odd/percent%zz", "odd/percent%", "odd/plus+plus", "odd/amp&ersand;", "odd/angle<and>", `odd/quote"and'`, "odd/question?mark=1", "odd/hash#tag",
		`odd/back\slash`, "odd/colon:star*pipe|", "odd/tilde~", "odd/dollar$at@bang!", "odd/[brackets]{braces}", "odd/back`tick^",
		"odd/caf\u00e9-composed", "odd/cafe\u0301-decomposed", "odd/caf\u00e9", "odd/cafe\u0301", "odd/emoji-\U0001F4DA\U0001F9FE", "odd/日本語/本", "odd/\u202eright-to-left",
		"odd/no-break\u00a0space", "odd/zero\u200bwidth", "odd/UPPER", "odd/upper", "odd/.hidden", "odd/-dash", "odd/CON", "odd/nul.txt", "odd/aux ", "odd/~backup~",
		fill("odd/long-", "x"), fill("odd/deep/", "d/") + "e", fill("odd/wide-", "\u00fc"),
	}
}

// fill repeats a unit after the start up to the bound, leaving a byte where
// the unit does not fit once more.
func fill(start, unit string) string {
	room := longestKey - len(start)
	if strings.HasSuffix(unit, "/") {
		room-- // for the name after the last slash
	}
	return start + strings.Repeat(unit, room/len(unit))
}

// OddBody is the content of the object under an odd key: the key's own bytes,
// so that a swapped pair is seen, and nothing for the markers.
func OddBody(key string) string {
	if key == "odd/empty" || key == "odd/folder-marker/" {
		return ""
	}
	return "content of " + key
}
