package logfile

import (
	"errors"
	"os"
	"sync"

	"example.com/landfall/internal/fault"
)

// File is a log file that begins anew when it is full. It may be written by
// several goroutines.
type File struct {
	path  string
	bound int64

	mu   sync.Mutex
	file *os.File
	size int64
}

// Open appends to the file at path and keeps it within bound bytes, but for
// the rest of a line; what came before is in path+".1".
func Open(path string, bound int64) (*File, error) {
	f := &File{path: path, bound: bound}
	if err := f.open(); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) open() error {
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fault.Wrap(err, "open log", f.path)
	}
	info, err := file.Stat()
	if err != nil {
		return fault.Wrap(errors.Join(err, file.Close()), "open log", f.path)
	}
	f.file, f.size = file, info.Size()
	return nil
}

// Write appends one line or several. A file that cannot be put aside goes on
// growing: a log that is too long is better than none.
func (f *File) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return 0, os.ErrClosed
	}
	if f.size > 0 && f.size+int64(len(line)) > f.bound {
		if err := os.Rename(f.path, f.path+".1"); err == nil {
			old := f.file
			if err := f.open(); err != nil {
				return 0, err
			}
			_ = old.Close() // it was written without a buffer
		}
	}
	n, err := f.file.Write(line)
	f.size += int64(n)
	return n, err
}

// Close closes the file; later writes are refused.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
