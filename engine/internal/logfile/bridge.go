package logfile

import (
	"context"
	"fmt"
	"log/slog"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

// Bridge passes the server's log on to a slog.Logger.
type Bridge struct {
	to   *slog.Logger
	exit func(text string)
}

var (
	_ log.Logger     = Bridge{}
	_ log.WithLogger = Bridge{}
)

// NewBridge returns the bridge. The server calls Fatal when it cannot go on
// and expects not to return: exit is told why, and must end the process.
func NewBridge(to *slog.Logger, exit func(text string)) Bridge { return Bridge{to, exit} }

func (b Bridge) log(level slog.Level, text string, tags []tag.Tag) {
	// Asking first spares the work of reading the tags.
	if b.to.Enabled(context.Background(), level) {
		b.to.LogAttrs(context.Background(), level, text, attributes(tags)...)
	}
}

func attributes(tags []tag.Tag) []slog.Attr {
	all := make([]slog.Attr, 0, len(tags))
	for _, t := range tags {
		all = append(all, slog.Any(t.Key(), t.Value()))
	}
	return all
}

// Debug logs what helps to find a defect.
func (b Bridge) Debug(text string, tags ...tag.Tag) { b.log(slog.LevelDebug, text, tags) }

// Info logs what went as it should.
func (b Bridge) Info(text string, tags ...tag.Tag) { b.log(slog.LevelInfo, text, tags) }

// Warn logs what may be trouble.
func (b Bridge) Warn(text string, tags ...tag.Tag) { b.log(slog.LevelWarn, text, tags) }

// Error logs trouble.
func (b Bridge) Error(text string, tags ...tag.Tag) { b.log(slog.LevelError, text, tags) }

// DPanic logs a broken invariant of the server; in production it goes on.
func (b Bridge) DPanic(text string, tags ...tag.Tag) { b.log(slog.LevelError, text, tags) }

// Panic logs and panics, as its callers expect.
func (b Bridge) Panic(text string, tags ...tag.Tag) {
	b.log(slog.LevelError, text, tags)
	panic(text)
}

// Fatal logs and ends the process, with the tags in the last words: there the
// reason stands.
func (b Bridge) Fatal(text string, tags ...tag.Tag) {
	b.log(slog.LevelError, text, tags)
	for _, a := range attributes(tags) {
		if a.Key == "error" || a.Key == "address" {
			text += fmt.Sprintf(", %s %v", a.Key, a.Value)
		}
	}
	b.exit(text)
}

// With returns a bridge that adds the tags to each line.
func (b Bridge) With(tags ...tag.Tag) log.Logger {
	args := make([]any, 0, len(tags))
	for _, a := range attributes(tags) {
		args = append(args, a)
	}
	return Bridge{b.to.With(args...), b.exit}
}
