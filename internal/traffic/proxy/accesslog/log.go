package accesslog

import (
	"bufio"
	"os"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
)

// flushEvery bounds how long a line waits in memory.
const flushEvery = time.Second

// Log is an open access log. A nil *Log writes nothing.
type Log struct {
	path string
	mu   sync.Mutex
	file *os.File
	out  *bufio.Writer
	buf  []byte
	lost int64
	done chan struct{}
	over sync.WaitGroup
}

// Open opens or makes the file and appends to it; an empty path gives nil.
func Open(path string) (*Log, error) {
	if path == "" {
		return nil, nil
	}
	file, err := open(path)
	if err != nil {
		return nil, err
	}
	l := &Log{path: path, file: file, out: bufio.NewWriterSize(file, 64<<10), done: make(chan struct{})}
	l.over.Go(l.flushing)
	return l, nil
}

// open makes a file that only its owner and group read: it holds addresses of people.
func open(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, fault.Wrap(err, "open access log", path)
	}
	return file, nil
}

func (l *Log) flushing() {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-ticker.C:
			l.mu.Lock()
			l.flush()
			l.mu.Unlock()
		}
	}
}

// Add writes a line. A disk that takes none must not stop the traffic: what
// is lost is counted.
func (l *Log) Add(e *Entry) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = e.append(l.buf[:0])
	if l.out.Available() < len(l.buf) {
		l.flush()
	}
	if _, err := l.out.Write(l.buf); err != nil {
		l.renew(1)
	}
}

// flush writes what waits. A writer keeps its first error for ever, so it is
// made anew after one.
func (l *Log) flush() {
	if lines := l.waiting(); l.out.Flush() != nil {
		l.renew(lines)
	}
}

// waiting tells whether there is anything to lose; how many lines a part of a
// buffer holds is not known, so that one stands for them.
func (l *Log) waiting() int64 { return int64(min(l.out.Buffered(), 1)) }

func (l *Log) renew(lost int64) {
	l.lost += lost
	l.out.Reset(l.file)
}

// Lost returns how often lines could not be written.
func (l *Log) Lost() int64 {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// Reopen goes on in a new file of the same name, after the old one was moved
// away. When that cannot be made, the old one stays in use.
func (l *Log) Reopen() error {
	if l == nil {
		return nil
	}
	file, err := open(l.path)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
	old := l.file
	l.file = file
	l.out.Reset(file)
	return fault.Wrap(old.Close(), "close access log", l.path)
}

// Close writes what waits and closes the file.
func (l *Log) Close() error {
	if l == nil {
		return nil
	}
	close(l.done)
	l.over.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.out.Flush(); err != nil {
		_ = l.file.Close() // the loss of lines is the trouble to tell
		return fault.Wrap(err, "write access log", l.path)
	}
	return fault.Wrap(l.file.Close(), "close access log", l.path)
}
