package archtest

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// rule says which packages of this module a package (and what lies below it)
// may import. The longest matching name wins. A name that ends in "/..." also
// allows what lies below.
type rule struct {
	pkg   string
	allow []string
}

// rules is the import table. Artefact packages see earlier artefacts only;
// ports see the artefact they speak; drivers see their port, never a sibling;
// wire alone sees every driver.
func rules() []rule {
	artefact := func(pkg string, earlier ...string) rule {
		return rule{pkg, append([]string{"internal/cloud", "internal/fault", "internal/catalog/..."}, earlier...)}
	}
	return []rule{
		{"internal/fault", nil},
		{"internal/cloud", []string{"internal/fault"}},
		{"internal/awserror", []string{"internal/fault"}},
		{"internal/config", []string{"internal/cloud", "internal/fault", "internal/redact"}},
		{"internal/catalog", []string{"internal/cloud", "internal/fault"}},

		artefact("internal/inventory", "internal/inventory/...", "internal/redact"),
		artefact("internal/graph", "internal/inventory/...", "internal/graph/..."),
		artefact("internal/kpi", "internal/inventory", "internal/graph", "internal/kpi/..."),
		artefact("internal/assess", "internal/inventory/...", "internal/graph/...", "internal/kpi"),
		artefact("internal/reach", "internal/inventory", "internal/graph", "internal/reach/..."),
		artefact("internal/design", "internal/inventory", "internal/graph/...", "internal/kpi", "internal/reach", "internal/design/..."),
		{"internal/design/designtest", []string{"internal/..."}},
		artefact("internal/iac", "internal/design", "internal/iac/..."),
		// A runbook's fingerprint is that of its canonical JSON; what lies below
		// makes, checks and prints one.
		artefact("internal/runbook", "internal/inventory", "internal/graph", "internal/kpi", "internal/design", "internal/store/canon"),
		artefact("internal/runbook/", "internal/inventory", "internal/graph", "internal/kpi", "internal/design", "internal/runbook", "internal/runbook/..."),
		artefact("internal/retire", "internal/inventory", "internal/graph", "internal/kpi", "internal/design", "internal/runbook"),

		{"internal/store", []string{"internal/store/...", "internal/redact", "internal/cloud", "internal/fault"}},
		{"internal/redact", nil},
		{"internal/engine", []string{"internal/runbook", "internal/fault", "internal/cloud"}},
		{"internal/engine/simulate", []string{"internal/engine", "internal/runbook", "internal/fault"}},
		{"internal/engine/codec", []string{"internal/fault"}},
		{"internal/engine/host", []string{"internal/engine/codec", "internal/store/durable", "internal/fault"}},
		{"internal/engine/temporal", []string{"internal/engine", "internal/engine/host", "internal/runbook", "internal/fault"}},
		{"internal/action", []string{"internal/runbook", "internal/fault", "internal/cloud", "internal/source", "internal/target", "internal/move", "internal/traffic", "internal/meter", "internal/trail", "internal/remove"}},
		{"internal/action/testaction", []string{"internal/action", "internal/runbook", "internal/fault"}},
		{"internal/approve", []string{"internal/fault", "internal/cloud"}},
		{"internal/notify", []string{"internal/fault", "internal/engine", "internal/runbook"}},

		// records reads and parses logs; it knows no cloud API. Both trail (who
		// talks to whom) and meter (how well) stand on it.
		{"internal/records", []string{"internal/cloud", "internal/fault", "internal/records/..."}},

		port("source", "internal/inventory", "internal/catalog"), driver("source", "internal/inventory/...", "internal/graph"),
		port("target", "internal/design/...", "internal/catalog"), driver("target", "internal/design/..."),
		port("move"), driver("move"),
		port("traffic"), driver("traffic"),
		port("meter", "internal/kpi", "internal/inventory", "internal/graph"), driver("meter", "internal/kpi", "internal/inventory", "internal/graph", "internal/records/..."),
		port("trail", "internal/inventory", "internal/graph", "internal/records/..."), driver("trail", "internal/inventory", "internal/graph", "internal/records/..."),
		// Residual use is a reading of logs with the graph's own way of finding
		// resources; it is no driver of the port.
		{"internal/trail/residual", []string{"internal/trail", "internal/cloud", "internal/fault", "internal/inventory", "internal/graph", "internal/records", "internal/records/..."}},
		port("remove", "internal/retire", "internal/inventory"), driver("remove", "internal/retire", "internal/inventory"),

		{"internal/sandbox", []string{"internal/sandbox/...", "internal/cloud", "internal/fault", "internal/catalog", "internal/config"}},
		{"internal/view", []string{"internal/cloud", "internal/trail/residual", "internal/move", "internal/target", "internal/fault", "internal/inventory", "internal/graph", "internal/kpi", "internal/assess", "internal/view/...", "internal/reach", "internal/design/...", "internal/iac/...", "internal/runbook", "internal/runbook/...", "internal/engine", "internal/engine/simulate", "internal/retire"}},
		{"internal/app", []string{"internal/cloud", "internal/fault", "internal/redact", "internal/config", "internal/store", "internal/store/ledger", "internal/store/durable", "internal/store/journal", "internal/records", "internal/view", "internal/view/...", "internal/catalog/...", "internal/engine", "internal/engine/simulate", "internal/action", "internal/sandbox", "internal/sandbox/tools",
			"internal/inventory", "internal/graph", "internal/kpi", "internal/assess", "internal/reach", "internal/design/...", "internal/iac/...", "internal/runbook", "internal/runbook/...", "internal/retire",
			"internal/source", "internal/target", "internal/move", "internal/traffic", "internal/meter", "internal/trail", "internal/trail/residual", "internal/remove",
			"internal/move/objects", "internal/move/objects/filter", "internal/move/objects/manifest", "internal/move/objects/name", "internal/move/objects/object", "internal/move/objects/tally",
			"internal/move/postgres/..."}},
		{"internal/cli", []string{"internal/app", "internal/view", "internal/config", "internal/fault", "internal/cloud"}},
		{"internal/ui", []string{"internal/app", "internal/view", "internal/config", "internal/fault", "internal/cloud"}},
		{"internal/wire", []string{"internal/..."}},
		{"internal/testkit", []string{"internal/..."}},
		{"cmd/landfall", []string{"internal/cli", "internal/wire"}},
		{"examples/bookshop", []string{"examples/bookshop/..."}},
		{"bench", []string{"internal/records/...", "internal/inventory", "internal/trail", "internal/trail/files", "internal/trail/residual"}},
	}
}

func port(name string, artefacts ...string) rule {
	return rule{"internal/" + name, append([]string{"internal/cloud", "internal/fault"}, artefacts...)}
}

// driver gives the rule for everything below a port. The port itself has a
// longer exact match; see ruleFor.
func driver(port string, artefacts ...string) rule {
	return rule{"internal/" + port + "/", append([]string{"internal/cloud", "internal/awserror", "internal/fault", "internal/catalog", "internal/" + port}, artefacts...)}
}

// ruleFor returns the rule that binds pkg: the longest name that is pkg
// itself or a parent of it.
func ruleFor(pkg string) (rule, bool) {
	var best rule
	found := false
	for _, r := range rules() {
		name := strings.TrimSuffix(r.pkg, "/")
		exact := pkg == name && !strings.HasSuffix(r.pkg, "/")
		below := strings.HasPrefix(pkg, name+"/")
		if (exact || below) && len(r.pkg) >= len(best.pkg) {
			best, found = r, true
		}
	}
	return best, found
}

func (r rule) allows(name string) bool {
	return slices.ContainsFunc(r.allow, func(a string) bool {
		if below, ok := strings.CutSuffix(a, "/..."); ok {
			return name == below || strings.HasPrefix(name, below+"/")
		}
		return a == name
	})
}

func TestImportsFollowTheTable(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test || s.pkg == "internal/archtest" || strings.HasPrefix(s.pkg, "engine") {
			continue
		}
		r, ok := ruleFor(s.pkg)
		if !ok {
			t.Errorf("%s: the import table has no rule for this package", s.pkg)
			continue
		}
		for _, name := range s.imports {
			inner, ours := strings.CutPrefix(name, module+"/")
			if !ours || sameFamily(s.pkg, inner) || r.allows(inner) {
				continue
			}
			t.Errorf("%s: imports %s, which the table does not allow for %s", s.path, inner, r.pkg)
		}
	}
}

// sameFamily reports whether imported lies below pkg or pkg below imported
// with the same driver folder: a driver may be cut into packages of its own.
func sameFamily(pkg, imported string) bool {
	if strings.HasPrefix(imported, pkg+"/") && strings.Count(pkg, "/") >= 2 {
		return true
	}
	parts := strings.Split(pkg, "/")
	return len(parts) > 3 && strings.HasPrefix(imported, strings.Join(parts[:3], "/"))
}

// The pipeline of objects speaks two ports: it knows no SDK, and none of the
// drivers beneath it (docs/adr/0016).
func TestThePipelineOfObjectsKnowsNoDriver(t *testing.T) {
	t.Parallel()
	const pipeline = "internal/move/objects"
	drivers := []string{"s3", "blob", "events", "rest", "markup"}
	seen := 0
	for _, s := range sources(t) {
		below, inside := strings.CutPrefix(s.pkg+"/", pipeline+"/")
		if s.test || !inside || slices.Contains(drivers, strings.TrimSuffix(below, "/")) {
			continue
		}
		seen++
		for _, name := range s.imports {
			inner, ours := strings.CutPrefix(name, module+"/"+pipeline+"/")
			if ours && slices.Contains(drivers, inner) || strings.Contains(name, "aws-sdk-go") || strings.Contains(name, "azure-sdk") {
				t.Errorf("%s: imports %s", s.path, name)
			}
		}
	}
	if seen == 0 {
		t.Error("there is no pipeline")
	}
}

// TestDeletionAtTheSourceLivesInOnePlace keeps "code that deletes at the
// source lives in one package" true by construction: outside remove (and the
// sandbox, which is no source), no file of the product may call an AWS SDK
// operation that deletes or terminates.
func TestDeletionAtTheSourceLivesInOnePlace(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test || !strings.HasPrefix(s.pkg, "internal/") || strings.HasPrefix(s.pkg, "internal/remove") || strings.HasPrefix(s.pkg, "internal/sandbox") || s.pkg == "internal/testkit" {
			continue
		}
		if !slices.ContainsFunc(s.imports, func(name string) bool { return strings.HasPrefix(name, "github.com/aws/aws-sdk-go-v2/service/") }) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			// Whoever reads a queue acknowledges a message by deleting it; the queue is
			// one that was made for this reader.
			acknowledges := ok && s.pkg == "internal/move/objects/events" && strings.HasPrefix(sel.Sel.Name, "DeleteMessage")
			if ok && deletes(sel.Sel.Name) && !acknowledges {
				t.Errorf("%s:%d: %s: only internal/remove may delete at the source", s.path, s.set.Position(n.Pos()).Line, sel.Sel.Name)
			}
			return true
		})
	}
}

func deletes(name string) bool {
	for _, prefix := range []string{"Delete", "Terminate", "BatchDelete", "Purge", "ScheduleKeyDeletion", "Deregister", "Release", "ForceDelete"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// Artefact packages are pure: the same input gives the same output, so they
// may not touch files, the network, the clock or a global random source.
func TestArtefactPackagesArePure(t *testing.T) {
	t.Parallel()
	pure := []string{"internal/cloud", "internal/fault", "internal/catalog", "internal/inventory", "internal/graph", "internal/kpi", "internal/assess", "internal/reach", "internal/design/...", "internal/iac/...", "internal/runbook", "internal/retire", "internal/traffic/proxy/rules"}
	forbidden := []string{"os", "os/exec", "net", "net/http", "log", "log/slog", "io/ioutil", "database/sql", "math/rand"}
	for _, s := range sources(t) {
		if s.test || !slices.ContainsFunc(pure, func(p string) bool { return s.pkg == p || strings.HasPrefix(s.pkg, p+"/") }) {
			continue
		}
		// designtest is for tests only: it reads files and the type definitions.
		if s.pkg == "internal/design/designtest" {
			continue
		}
		for _, name := range s.imports {
			// fault maps an error's kind to an HTTP status: it needs the
			// names of the statuses, and opens no connection.
			if s.pkg == "internal/fault" && name == "net/http" {
				continue
			}
			// The models of the Azure SDK are types with JSON names: rules
			// write bodies with them, and call nothing.
			if strings.HasPrefix(s.pkg, "internal/design/") && strings.HasPrefix(name, "github.com/hashicorp/go-azure-sdk/resource-manager/") {
				continue
			}
			if slices.Contains(forbidden, name) || strings.Contains(name, "aws-sdk-go") || strings.Contains(name, "azure-sdk") {
				t.Errorf("%s: imports %s; an artefact package does no I/O", s.path, name)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && slices.Contains([]string{"time.Now", "time.Since", "time.Sleep", "time.After"}, selector(call.Fun)) {
				t.Errorf("%s:%d: reads the clock", s.path, s.set.Position(n.Pos()).Line)
			}
			return true
		})
	}
}

// The table itself must bite: these imports are wrong and must be refused.
func TestTheTableRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ pkg, imported string }{
		{"internal/graph", "internal/design"},
		{"internal/design", "internal/store"},
		{"internal/source", "internal/source/aws"},
		{"internal/source/aws", "internal/source/files"},
		{"internal/source/aws", "internal/target"},
		{"internal/app", "internal/source/aws"},
		{"internal/engine", "internal/move"},
		{"internal/cli", "internal/store"},
		{"examples/bookshop", "internal/sandbox"},
	} {
		r, ok := ruleFor(c.pkg)
		if !ok {
			t.Errorf("no rule for %s", c.pkg)
			continue
		}
		if r.allows(c.imported) || sameFamily(c.pkg, c.imported) {
			t.Errorf("%s may import %s", c.pkg, c.imported)
		}
	}
}
