package proc

import (
	"slices"
	"strings"
	"syscall"
	"time"
)

// The environment variables that mark a process as part of a sandbox. Every
// descendant inherits them.
const (
	TagVariable  = "LANDFALL_SANDBOX"
	PartVariable = "LANDFALL_SANDBOX_PART"
)

// DefaultGrace is how long a child may take to stop before it is killed.
const DefaultGrace = 10 * time.Second

// Spec says what to start and how.
type Spec struct {
	// Tag names the sandbox, Part the child within it. Both are required:
	// Sweep finds processes by them.
	Tag, Part string
	// Path is the executable, Args what follows its name.
	Path string
	Args []string
	// Environ is the whole environment but for the tag; nothing is inherited
	// from this process. See BaseEnviron.
	Environ []string
	// Dir is the working directory.
	Dir string
	// Log takes stdout and stderr; LogLimit bounds it (0: DefaultLogLimit).
	Log      string
	LogLimit int64
	// As is the user the child runs as; zero means as this process.
	As RunAs
	// StopSignal asks the child to stop (0: SIGTERM). DeathSignal is what the
	// kernel sends when this process dies (0: SIGKILL).
	StopSignal, DeathSignal syscall.Signal
	// Grace is how long Stop waits between asking and killing (0: DefaultGrace).
	Grace time.Duration
	// Title begins the command line of processes that overwrite their
	// environment with a title, as PostgreSQL's server processes do; Sweep
	// recognises them by it. Empty for everybody else.
	Title string
}

func (s Spec) withDefaults() Spec {
	if s.StopSignal == 0 {
		s.StopSignal = syscall.SIGTERM
	}
	if s.DeathSignal == 0 {
		s.DeathSignal = syscall.SIGKILL
	}
	if s.Grace <= 0 {
		s.Grace = DefaultGrace
	}
	return s
}

// environ is the environment the child gets. The tag comes last, and any
// other is taken out, so that a sandbox started from within another sandbox's
// process is not swept with it.
func (s Spec) environ() []string {
	env := slices.DeleteFunc(slices.Clone(s.Environ), func(v string) bool {
		return strings.HasPrefix(v, TagVariable+"=") || strings.HasPrefix(v, PartVariable+"=")
	})
	return append(env, TagVariable+"="+s.Tag, PartVariable+"="+s.Part)
}

// BaseEnviron keeps of environ what every program needs to run (search path,
// home, locale, temporary folder, time zone) and drops the rest: a user's
// AWS_PROFILE, PGHOST or PYTHONPATH must not change how a sandbox behaves.
func BaseEnviron(environ []string) []string {
	keep := []string{"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "LANG", "LC_ALL", "LC_CTYPE"}
	var out []string
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		if slices.Contains(keep, name) {
			out = append(out, v)
		}
	}
	return out
}
