package proc

import (
	"errors"
	"io"
	"os"
	"strings"
	"sync"

	"example.com/landfall/internal/fault"
)

// DefaultLogLimit is how many bytes a log may take, both halves together.
const DefaultLogLimit = 64 << 20

// Log is a bounded log file: when the file holds half the limit it becomes
// NAME.1, replacing the one before, and a new one begins. It is safe for
// concurrent use.
type Log struct {
	path string
	half int64

	mu      sync.Mutex
	file    *os.File
	size    int64
	dropped int64
	err     error
}

// OpenLog opens the log for appending and creates it where needed, readable
// by its owner only. limit <= 0 means DefaultLogLimit.
func OpenLog(path string, limit int64) (*Log, error) {
	if limit <= 0 {
		limit = DefaultLogLimit
	}
	l := &Log{path: path, half: max(limit/2, 1)}
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *Log) open() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fault.Of(fault.KindOf(err), "open log", l.path, errors.Unwrap(err))
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return fault.Of(fault.KindOf(err), "open log", l.path, errors.Unwrap(err))
	}
	l.file, l.size = f, info.Size()
	return nil
}

// Write appends p. It always reports success: a child whose output is not
// taken blocks or dies, and a full disk must not stop a server whose data is
// elsewhere. What could not be written is counted; see Dropped.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil && l.size > 0 && l.size+int64(len(p)) > l.half {
		l.rotate()
	}
	if l.file == nil {
		l.dropped += int64(len(p))
		return len(p), nil
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	if err != nil {
		l.err = err
		l.dropped += int64(len(p) - n)
	}
	return len(p), nil
}

func (l *Log) rotate() {
	l.file.Close()
	l.file = nil
	if err := os.Rename(l.path, l.path+".1"); err != nil {
		l.err = err
		return
	}
	if err := l.open(); err != nil {
		l.err = err
	}
}

// Dropped returns how many bytes could not be written, and why.
func (l *Log) Dropped() (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped, l.err
}

// Close closes the file; later writes are dropped and counted.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// TrimLog keeps a log within the limit that another program appends to, such
// as this process's own standard error: beyond half of it the last half of the
// limit moves to NAME.1 and the file is emptied. What is written between the
// two is lost, and so is what came before: the end of a log is what tells why
// something went wrong.
func TrimLog(path string, limit int64) error {
	info, err := os.Stat(path)
	if err != nil || info.Size() <= limit/2 {
		return fault.Wrap(err, "look at log", "")
	}
	from, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fault.Wrap(err, "open log", "")
	}
	defer from.Close()
	to, err := os.OpenFile(path+".1", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fault.Wrap(err, "open log", "")
	}
	_, err = from.Seek(info.Size()-limit/2, io.SeekStart)
	if err == nil {
		_, err = io.CopyN(to, from, limit/2)
	}
	if err = errors.Join(err, to.Close()); err != nil {
		return fault.Wrap(err, "copy log", "")
	}
	return fault.Wrap(from.Truncate(0), "empty log", "")
}

// Tail returns the last lines of the log at path, at most n of them, joined
// with " | " so that they fit into a one-line error. A log that cannot be read
// gives "".
func Tail(path string, n int) string {
	const window = 8 << 10
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	start := max(info.Size()-window, 0)
	buf := make([]byte, info.Size()-start)
	got, _ := f.ReadAt(buf, start)
	var lines []string
	for line := range strings.SplitSeq(string(buf[:got]), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(len(lines)-n, 0):], " | ")
}
