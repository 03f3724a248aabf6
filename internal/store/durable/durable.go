package durable

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/renameio/v2"

	"example.com/landfall/internal/fault"
)

// abandonedAfter is the age from which a temporary file cannot belong to a
// write that is still going on.
const abandonedAfter = time.Hour

// Replace writes the file, in place of an existing one, whose permissions it
// keeps. The error's kind is Storage, or Denied when the folder does not allow
// it, or NotFound when there is no folder.
func Replace(path string, content []byte, mode fs.FileMode) error {
	return ReplaceBy(path, mode, whole(content))
}

// ReplaceBy is Replace for content that is made while it is written. An error
// of the maker leaves the old file as it was.
func ReplaceBy(path string, mode fs.FileMode, content func(io.Writer) error) error {
	return write(path, content, mode, func(f *renameio.PendingFile) error {
		return f.CloseAtomicallyReplace()
	})
}

func whole(content []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	}
}

// Create writes a file that must not exist yet; when it does, the error's kind
// is Conflict and the file stays as it is.
func Create(path string, content []byte, mode fs.FileMode) error {
	return write(path, whole(content), mode, func(f *renameio.PendingFile) error {
		if err := f.Sync(); err != nil {
			return err
		}
		return Publish(f.Name(), path)
	})
}

// Publish gives a finished file its final name in the same folder, unless the
// name is taken: then the error is fs.ErrExist. The old name may stay.
func Publish(temporary, path string) error {
	err := os.Link(temporary, path)
	if !errors.Is(err, syscall.EPERM) && !errors.Is(err, syscall.ENOTSUP) && !errors.Is(err, syscall.ENOSYS) {
		return bare(err)
	}
	// A file system without hard links (FAT, some network mounts): there, two
	// programs that create the same file in the same instant are not told
	// apart.
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	return bare(os.Rename(temporary, path))
}

func write(path string, content func(io.Writer) error, mode fs.FileMode, publish func(*renameio.PendingFile) error) error {
	folder := filepath.Dir(path)
	sweep(folder, filepath.Base(path))
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(folder), renameio.WithPermissions(mode), renameio.WithExistingPermissions())
	if err != nil {
		return failure("write file", path, err)
	}
	if err := content(f); err != nil {
		return failure("write file", path, errors.Join(bare(err), discard(f)))
	}
	if err := publish(f); err != nil {
		return failure("write file", path, errors.Join(bare(err), discard(f)))
	}
	if err := discard(f); err != nil { // after a link, the temporary name is left
		return failure("write file", path, err)
	}
	return SyncFolder(folder)
}

// discard removes the temporary file if there still is one.
func discard(f *renameio.PendingFile) error {
	if err := f.Cleanup(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return bare(err)
	}
	return nil
}

// SyncFolder makes the names in a folder survive a power cut: POSIX promises
// that for a file's content only.
func SyncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return failure("sync folder", folder, err)
	}
	err = d.Sync()
	// Some file systems cannot sync a folder and say so with EINVAL.
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	if err = errors.Join(err, d.Close()); err != nil {
		return failure("sync folder", folder, err)
	}
	return nil
}

// sweep removes what killed writes of the same file have left. It is a
// courtesy: what cannot be removed stays.
func sweep(folder, name string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), "."+name)
		if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > abandonedAfter {
			os.Remove(filepath.Join(folder, e.Name()))
		}
	}
}

// failure gives an error of the operating system its kind: whatever is neither
// a missing permission nor a name that is taken is the disk's.
func failure(op, path string, err error) error {
	kind := fault.KindOf(err)
	switch kind {
	case fault.Denied, fault.Conflict, fault.NotFound:
	default:
		kind = fault.Storage
	}
	e := fault.Of(kind, op, path, bare(err))
	if kind == fault.Storage {
		return e.Hintf("make room or mend the disk (%q), then run the command again; nothing half-written was left", "df -h "+filepath.Dir(path))
	}
	return e
}

// bare takes the paths out of an error of package os: they name the temporary
// file, which says nothing to the reader.
func bare(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}
