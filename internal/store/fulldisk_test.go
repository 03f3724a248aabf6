package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/store/ledger"
)

// The test binary becomes another program when these are set: one that works
// on a disk that fills up.
const (
	folderVariable = "LANDFALL_STORE_TEST_FOLDER"
	limitVariable  = "LANDFALL_STORE_TEST_LIMIT"
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(folderVariable); folder != "" {
		if err := fillDisk(folder, os.Getenv(limitVariable)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child runs the test binary as fillDisk.
func child(t *testing.T, limit string, attributes *syscall.SysProcAttr) ([]byte, error) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), folderVariable+"="+t.TempDir(), limitVariable+"="+limit)
	cmd.SysProcAttr = attributes
	return cmd.CombinedOutput()
}

// A file system of 1 MiB, in a mount namespace of the child's own, which needs
// no privilege where the kernel allows user namespaces.
func TestFullFileSystem(t *testing.T) {
	t.Parallel()
	out, err := child(t, "tmpfs", &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	})
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) || strings.Contains(string(out), "mount:") {
		t.Skipf("this kernel gives no mount namespace (%v, %s); TestFileSizeLimit covers the same", err, out)
	}
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// A limit on the size of files, which every kernel has: a write beyond it
// gives EFBIG half way through the content.
func TestFileSizeLimit(t *testing.T) {
	t.Parallel()
	if out, err := child(t, "rlimit", nil); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

const diskBytes = 1 << 20

// fillDisk makes the disk small and checks what artefacts and ledger do when
// it is full.
func fillDisk(folder, limit string) error {
	if limit == "tmpfs" {
		if err := syscall.Mount("none", folder, "tmpfs", 0, fmt.Sprintf("size=%d", diskBytes)); err != nil {
			return fmt.Errorf("mount: %w", err)
		}
	}
	w, err := store.Create(folder, []byte("schemaVersion: 1\n"))
	if err != nil {
		return err
	}
	if err := w.Write(store.Inventory, someList("old")); err != nil {
		return err
	}
	l, err := ledger.Open(context.Background(), w.LedgerPath(), ledger.Options{})
	if err != nil {
		return err
	}
	if limit == "rlimit" {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: diskBytes, Max: diskBytes}); err != nil {
			return err
		}
	}
	if err := fullArtefact(w); err != nil {
		return err
	}
	if err := fullLedger(w, l); err != nil {
		return err
	}
	return fullInit(folder, limit)
}

// fullArtefact: the old artefact stays, nothing is left beside it.
func fullArtefact(w *store.Workspace) error {
	err := w.Write(store.Inventory, someList(strings.Repeat("x", 2*diskBytes)))
	if !fault.Is(err, fault.Storage) || strings.Contains(err.Error(), "\n") || fault.HintOf(err) == "" {
		return fmt.Errorf("a full disk gives %v (%s)", err, fault.KindOf(err))
	}
	var back list
	if err := w.Read(store.Inventory, &back); err != nil || back.Items[0] != "old" {
		return fmt.Errorf("the old artefact: %v, %w", back, err)
	}
	return onlyFiles(w.Root(), ".landfall inventory.json landfall.yaml")
}

func onlyFiles(folder, want string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != want {
		return fmt.Errorf("the folder holds %q, want %q", got, want)
	}
	return nil
}

// fullLedger: entries are taken until the disk is full, then refused, and
// those that were taken are whole; with room again, it goes on.
func fullLedger(w *store.Workspace, l *ledger.Ledger) error {
	ctx := context.Background()
	record := ledger.Record{Kind: "test.written", Actor: "ann", Body: map[string]any{"text": strings.Repeat("x", 50_000)}}
	taken := int64(0)
	for {
		_, err := l.Append(ctx, record)
		if err == nil {
			if taken++; taken > 100 {
				return errors.New("the disk does not fill up")
			}
			continue
		}
		if !fault.Is(err, fault.Storage) || strings.Contains(err.Error(), "\n") {
			return fmt.Errorf("append on a full disk gives %v (%s)", err, fault.KindOf(err))
		}
		break
	}
	v, err := l.Verify(ctx)
	if err != nil || v.Entries != taken || taken == 0 {
		return fmt.Errorf("verify after %d entries: %+v, %w", taken, v, err)
	}
	// The artefact's space is free again: a small entry fits where a large one
	// did not.
	if err := os.Remove(w.Path(store.Inventory)); err != nil {
		return err
	}
	if err := l.Close(); err != nil {
		return err
	}
	if l, err = ledger.OpenReadOnly(ctx, w.LedgerPath()); err != nil {
		return err
	}
	defer l.Close()
	if v, err = l.Verify(ctx); err != nil || v.Entries != taken {
		return fmt.Errorf("verify after closing: %+v, %w", v, err)
	}
	return nil
}

// fullInit: a workspace that cannot be created leaves nothing half-made.
func fullInit(folder, limit string) error {
	dir := filepath.Join(folder, "new")
	_, err := store.Create(dir, []byte(strings.Repeat("x", 2*diskBytes)))
	if !fault.Is(err, fault.Storage) {
		return fmt.Errorf("creating on a full disk (%s) gives %v (%s)", limit, err, fault.KindOf(err))
	}
	return onlyFiles(dir, "")
}
