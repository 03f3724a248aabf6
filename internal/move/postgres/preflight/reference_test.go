package preflight_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"example.com/landfall/internal/move/postgres/preflight"
	"example.com/landfall/internal/testkit"
)

const head = `# What the check before a PostgreSQL move can find

` + "`landfall move postgres check`" + ` looks at the source and at the target and reports before anything is touched. It reads only: its sessions
cannot write, and ` + "`--probe`" + `, which tries whether the two servers reach each other, takes back what it made.

Each finding names one object and what to do about it: SQL statements, parameters, or something that a person does.

| severity | meaning |
| --- | --- |
| blocks | the move does not start before it is mended |
| loses | the move works, and something of the source does not arrive, or the way back is not there |
| warns | the move works; it takes longer, harms the source, or the application behaves otherwise afterwards, unless somebody looks at it |
| notes | good to know; there is nothing to do, or Landfall does it |

Where two severities stand, the first is the usual one. What stands in the way of following changes from the source blocks the move; the same
on the way back, from the target, loses the way back only. What only a superuser may create is a note where the login of the target is one.

The report also lists what the move does to both servers and when that is taken back, the roles that will be made, and an estimate of the time
with what it stands on.
`

// reference writes the page from the table of kinds.
func reference() []byte {
	var b strings.Builder
	b.WriteString(head)
	area := ""
	titles := map[string]string{"server": "Servers and databases", "replication": "Replication", "rights": "Rights of the login", "tables": "Tables", "objects": "Other objects", "extensions": "Extensions", "target": "The target", "roles": "Roles"}
	for _, k := range preflight.Kinds() {
		if k.Area != area {
			area = k.Area
			fmt.Fprintf(&b, "\n## %s\n", titles[area])
		}
		severities := string(k.Severity)
		for _, a := range k.Also {
			severities += ", " + string(a)
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s · %s\n\n%s", k.ID, severities, k.What, k.Why)
		if k.Fix != "" {
			fmt.Fprintf(&b, " **%s**", k.Fix)
		}
		b.WriteString("\n")
	}
	return []byte(b.String())
}

func TestReference(t *testing.T) {
	t.Parallel()
	testkit.Golden(t, filepath.Join("..", "..", "..", "..", "docs", "reference", "postgres-preflight.md"), reference())
}
