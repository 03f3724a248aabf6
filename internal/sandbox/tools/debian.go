package tools

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"example.com/landfall/internal/fault"
)

// ensureNeeds makes sure that the installers themselves are there: as root on
// Debian it installs them, elsewhere it says what to type.
func ensureNeeds(j *job) error {
	gone := absent(j.spec.needs)
	if len(gone) == 0 {
		return nil
	}
	var packages []string
	for _, n := range gone {
		packages = append(packages, strings.Fields(n.debian)...)
	}
	if os.Geteuid() == 0 && hasApt() && len(packages) > 0 {
		if err := aptInstall(j, packages); err != nil {
			return err
		}
		gone = absent(j.spec.needs)
	}
	if len(gone) == 0 {
		return nil
	}
	return fault.Of(fault.Missing, "find program", gone[0].program, nil).Hintf("%s", setupHint(j.spec.setup(), gone, hasApt()))
}

// aptInstall installs Debian packages. It is never killed half way.
func aptInstall(j *job, packages []string) error {
	env := []string{"DEBIAN_FRONTEND=noninteractive"}
	options := []string{"-q", "-o", "DPkg::Lock::Timeout=300"}
	update := append([]string{"apt-get"}, append(options, "update")...)
	if err := j.run(step{what: "reading the package lists", argv: update, env: env, download: true, gentle: true}); err != nil {
		return err
	}
	install := append([]string{"apt-get"}, append(options, "install", "-y", "--no-install-recommends")...)
	return j.run(step{
		what: "apt-get install " + strings.Join(packages, " "),
		argv: append(install, packages...), env: env, download: true, gentle: true,
	})
}

// postgresSystem is what installPostgres reads and changes of the machine.
type postgresSystem struct {
	places    func() []string
	root      bool
	commonDir string
}

// installPostgres installs the distribution's server.
func installPostgres(j *job, system postgresSystem) error {
	if !system.root || !hasApt() {
		_, err := locatePostgres(system.places())
		return err
	}
	undo, err := withoutMainCluster(system.commonDir)
	if err != nil {
		return fault.Wrap(err, "configure package", "postgresql-common")
	}
	err = aptInstall(j, []string{"postgresql"})
	if err = errors.Join(err, undo()); err != nil {
		return err
	}
	_, err = locatePostgres(system.places())
	return err
}

// withoutMainCluster keeps Debian's package from creating and starting a
// server of its own on port 5432, which nobody asked for: createcluster.conf
// includes every file of createcluster.d. The file is there only while the
// package is being installed.
func withoutMainCluster(commonDir string) (undo func() error, err error) {
	dir := filepath.Join(commonDir, "createcluster.d")
	file := filepath.Join(dir, "landfall-setup.conf")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	const text = "# only while \"landfall sandbox setup\" runs; safe to remove\ncreate_main_cluster = false\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return nil, err
	}
	return func() error { return os.Remove(file) }, nil
}
