package part_test

import (
	"context"
	"os"
	"os/user"
	"strconv"
	"strings"
	"testing"

	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
)

// Where user namespaces are refused, root runs PostgreSQL as its system user,
// in a folder that this user can enter.
func TestPostgresAsItsSystemUser(t *testing.T) {
	t.Parallel()
	h := host(t)
	h.Unprivileged = func(ctx context.Context, name string) (proc.RunAs, error) {
		if os.Getuid() != 0 {
			// Only root can become another user; everybody else runs it as is.
			return proc.Unprivileged(ctx, name)
		}
		account, err := user.Lookup(name)
		if err != nil {
			return proc.RunAs{}, err
		}
		uid, _ := strconv.ParseUint(account.Uid, 10, 32)
		gid, _ := strconv.ParseUint(account.Gid, 10, 32)
		return proc.RunAs{UID: uint32(uid), GID: uint32(gid)}, nil
	}
	o := part.PostgresOptions{Name: "foreign", Superuser: "owner", Password: "pw", PreferredPort: 5432}
	r := start(t, h, part.Postgres(o))
	if os.Getuid() == 0 && !strings.HasPrefix(r.Site().Dir, part.ForeignDir(h.Tag)) {
		t.Errorf("the data lies in %q", r.Site().Dir)
	}
	conn := connect(t, r, "owner", "pw", "postgres", "disable")
	var one int
	if err := conn.QueryRow(t.Context(), "SELECT 1").Scan(&one); err != nil || one != 1 {
		t.Errorf("SELECT 1 = %d, %v", one, err)
	}
	crash(t, r)
}
