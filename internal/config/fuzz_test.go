package config_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
)

// Whatever the bytes are, Load answers with a configuration that holds the
// rules, or with problems that are one line each, in the order of the file.
func FuzzLoad(f *testing.F) {
	b, err := config.Template("bookshop")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(commentedOut.ReplaceAllString(string(b), "$1$2")))
	for _, c := range brokenFiles() {
		f.Add([]byte(c.content))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Load(config.Input{Path: "landfall.yaml", Data: append([]byte{}, data...)})
		again, errAgain := config.Load(config.Input{Path: "landfall.yaml", Data: append([]byte{}, data...)})
		if err == nil {
			if c.SchemaVersion != config.Version || c.Workload.Name == "" || len(c.Effective()) == 0 || errAgain != nil || again.Workload != c.Workload {
				t.Fatalf("accepted %q as %+v", data, c)
			}
			return
		}
		problems, ok := errors.AsType[config.Problems](err)
		if !ok || c != nil || !fault.Is(err, fault.Invalid) || errAgain == nil || errAgain.Error() != err.Error() {
			t.Fatalf("Load(%q) = %v, %v, then %v", data, c, err, errAgain)
		}
		line := 0
		for _, p := range problems {
			if strings.ContainsAny(p.Error(), "\n\r") || !utf8.ValidString(p.Text) || p.Line < line || p.Column < 1 || p.Text == "" {
				t.Fatalf("Load(%q): %+v after line %d", data, p, line)
			}
			line = p.Line
		}
	})
}
