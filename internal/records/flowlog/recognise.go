package flowlog

import (
	"bytes"
	"strings"
)

// Recognise reports whether a file that begins so is a flow log.
func Recognise(head []byte) bool {
	if bytes.HasPrefix(head, []byte("PAR1")) {
		return true
	}
	known := names()
	if text := bytes.TrimLeft(head, " \t\r\n"); len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		// An event of CloudWatch Logs: what its message says decides.
		_, rest, ok := bytes.Cut(text, []byte(`"message"`))
		if !ok {
			return false
		}
		rest = bytes.TrimLeft(rest, ` :`)
		message, _, _ := bytes.Cut(bytes.TrimPrefix(rest, []byte(`"`)), []byte(`"`))
		return begins(string(message), known)
	}
	for line := range strings.Lines(string(head)) {
		if line = string(exported(bytes.TrimSpace([]byte(line)))); line != "" {
			return begins(line, known)
		}
	}
	return false
}

func begins(line string, known map[string]field) bool {
	if line == "" {
		return false
	}
	if isHeader([]byte(line), known) {
		l := layoutOf(line, known)
		return l != nil && l.enough()
	}
	return defaultLayout(line, known) != nil
}
