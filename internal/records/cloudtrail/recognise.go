package cloudtrail

import (
	"bytes"
	"strings"
)

// Recognise reports whether a file that begins so holds CloudTrail records, or
// is one that CloudTrail delivers beside them.
func Recognise(name string, head []byte) bool {
	if otherFile(name) != "" {
		return true
	}
	text := bytes.TrimLeft(head, " \t\r\n")
	if len(text) == 0 {
		return false
	}
	if text[0] == '{' || text[0] == '[' {
		for _, mark := range []string{`"eventVersion"`, `"CloudTrailEvent"`, `"userIdentity"`, `"digestStartTime"`, `"eventSource"`, `"Records"`, `\"eventVersion\"`} {
			if bytes.Contains(text, []byte(mark)) {
				return true
			}
		}
		return false
	}
	line, _, _ := strings.Cut(string(text), "\n")
	hits := 0
	for _, name := range strings.Split(strings.TrimSpace(line), ",") {
		if canonical(name) != "" {
			hits++
		}
	}
	return hits >= 3
}
