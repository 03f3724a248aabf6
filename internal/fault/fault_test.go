package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"example.com/landfall/internal/fault"
)

func TestErrorText(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection\n refused")
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"all parts", fault.Of(fault.Unavailable, "copy object", "a b", cause), `copy object "a b": connection refused`},
		{"no resource", fault.Of(fault.Unavailable, "list buckets", "", cause), "list buckets: connection refused"},
		{"no cause", fault.Newf(fault.Usage, "want %d arguments", 2), "want 2 arguments"},
		{"only a kind", &fault.Error{Kind: fault.Refused}, "refused"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want fault.Kind
	}{
		{nil, ""},
		{errors.New("x"), fault.Internal},
		{fmt.Errorf("outer: %w", fault.Of(fault.Throttled, "get", "k", nil)), fault.Throttled},
		{fault.Wrap(fault.Of(fault.Refused, "a", "", nil), "b", ""), fault.Refused},
		{context.Canceled, fault.Canceled},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), fault.Timeout},
		{&fs.PathError{Op: "write", Path: "f", Err: syscall.ENOSPC}, fault.Storage},
		{&fs.PathError{Op: "write", Path: "f", Err: syscall.EFBIG}, fault.Storage},
		{os.ErrNotExist, fault.NotFound},
		{os.ErrPermission, fault.Denied},
		{syscall.EADDRINUSE, fault.Conflict},
		{syscall.ECONNREFUSED, fault.Unavailable},
	} {
		if got := fault.KindOf(c.err); got != c.want {
			t.Errorf("KindOf(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}

func TestHintComesFromTheFirstErrorThatHasOne(t *testing.T) {
	t.Parallel()
	inner := fault.Of(fault.Missing, "find", "moto_server", nil).Hintf("run %q", "landfall sandbox setup")
	outer := fmt.Errorf("start: %w", fault.Wrap(inner, "start part", "moto"))
	if got := fault.HintOf(outer); got != `run "landfall sandbox setup"` {
		t.Errorf("HintOf = %q", got)
	}
	if got := fault.HintOf(errors.New("plain")); got != "" {
		t.Errorf("HintOf(plain) = %q, want none", got)
	}
}

// An outcome that is unknown must never be retried, whatever wraps it; and a
// kind that is not in the table must not become a success.
func TestTable(t *testing.T) {
	t.Parallel()
	seen := map[fault.Kind]bool{}
	for _, c := range fault.Kinds() {
		if seen[c.Kind] {
			t.Errorf("kind %q stands twice in the table", c.Kind)
		}
		seen[c.Kind] = true
		if c.ExitCode == 0 || c.HTTPStatus < 400 || c.Meaning == "" {
			t.Errorf("kind %q: exit %d, status %d, meaning %q", c.Kind, c.ExitCode, c.HTTPStatus, c.Meaning)
		}
		if strings.HasSuffix(c.Meaning, ".") {
			t.Errorf("kind %q: the meaning ends with a full stop", c.Kind)
		}
	}
	unknown := fault.Wrap(fault.Of(fault.Unknown, "put", "k", syscall.ECONNRESET), "outer", "")
	if fault.Retryable(unknown) {
		t.Error("an unknown outcome is retryable")
	}
	odd := &fault.Error{Op: "x", Kind: "no-such-kind"}
	if got := fault.ExitCode(odd); got != 70 {
		t.Errorf("exit code of a kind outside the table = %d, want 70", got)
	}
	if fault.ExitCode(nil) != 0 || fault.HTTPStatus(nil) != http.StatusOK {
		t.Error("nil is not a success")
	}
}
