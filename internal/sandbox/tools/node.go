package tools

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
)

// oldestNode is the oldest major that runs Azurite 3.37: it declares 22, and
// works on 20, where npm only warns.
const oldestNode = 20

// nodeTool is a folder of npm packages at the versions of a lock file, started
// by one script in it.
type nodeTool struct {
	manifest, lock string
	// script is relative to node_modules.
	script string
}

var _ builder = nodeTool{}

func (n nodeTool) pins() []byte { return []byte(n.script + "\n" + n.manifest + n.lock) }

func (n nodeTool) path(dir string) string {
	return filepath.Join(dir, "node_modules", filepath.FromSlash(n.script))
}

// command names node by its plain name: its place is the caller's PATH's
// business, as with every interpreter that is not ours.
func (n nodeTool) command(dir string) (command, env []string) {
	node := "node"
	if path, err := exec.LookPath(node); err == nil {
		node = path
	}
	return []string{node, n.path(dir)}, []string{"NODE_OPTIONS=", "NODE_PATH="}
}

func (n nodeTool) intact(dir string) error {
	if _, err := os.Stat(n.path(dir)); err != nil {
		return errNotComplete
	}
	_, err := exec.LookPath("node")
	return err
}

func (n nodeTool) build(j *job) error {
	version, err := ask(j.ctx, "node", "--version")
	if err != nil || !nodeServes(version) {
		return fault.Newf(fault.Missing, "find Node.js %d or newer: it is %q", oldestNode, strings.TrimSpace(version)).
			Hintf("install Node.js %d or newer, then run: %s", oldestNode, setupCommand)
	}
	for name, text := range map[string]string{"package.json": n.manifest, "package-lock.json": n.lock} {
		if err := os.WriteFile(filepath.Join(j.dir, name), []byte(text), 0o644); err != nil {
			return fault.Wrap(err, "write manifest", name)
		}
	}
	// The lock file holds a checksum of every package. Their install scripts
	// are not run: Azurite needs none of them.
	argv := []string{"npm", "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--no-progress", "--engine-strict=false"}
	return j.run(step{what: "downloading packages", argv: argv, dir: j.dir, env: []string{"NODE_OPTIONS="}, download: true})
}

// nodeServes judges "v20.20.2".
func nodeServes(version string) bool {
	major, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(version), "v"), ".")
	n, err := strconv.Atoi(major)
	return err == nil && n >= oldestNode
}
