package app

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/name"
)

// MoveOptions say what is moved or compared, and how.
type MoveOptions struct {
	// Source is s3://BUCKET[/PREFIX], Target az://ACCOUNT/CONTAINER[/PREFIX].
	Source, Target string
	// DryRun only says what would be done. Plan is the fingerprint of what may be.
	DryRun bool
	Plan   string
	// Delete is "", "marked" or "all".
	Delete string
	// Follow goes on pass after pass, Every after the end of each; Events is the
	// URL of a queue that tells of changes in between. Final is the last pass,
	// behind the fence.
	Follow bool
	Every  time.Duration
	Events string
	Final  bool
	// Versions moves all versions in order, Tags the tags; NoMark leaves the mark
	// out of the metadata.
	Versions, Tags, NoMark bool
	RequesterPays          bool
	// ServerSide is "auto", "never" or "always".
	ServerSide string
	// MaxMbps, MaxRequests a second to each side, and MaxCost in US dollars bound
	// what is used up; 0 bounds nothing. Schedule is "HH:MM-HH:MM", "" for always.
	MaxMbps, MaxRequests, MaxCost float64
	Schedule                      string
	Requests                      int
	BuffersMiB                    int
	// Names and Metadata are what happens to what Azure cannot hold.
	Names, Metadata  string
	RestoreDays      int
	Include, Exclude []string
	// Manifest is where the manifest is to be written besides the state folder.
	Manifest string
	// Level of a verification: "listing", "bound" or "full".
	Level string
}

// sides are a bucket and a container with their prefixes.
type sides struct {
	bucket, sourcePrefix             string
	account, container, targetPrefix string
	source, target                   string
}

var (
	accountName = regexp.MustCompile(`^[a-z0-9]{3,24}$`)
	scheduleExp = regexp.MustCompile(`^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$`)
)

// parseSides reads both addresses. A key may hold any character, so that they
// are cut and not parsed as URLs.
func parseSides(source, target string) (sides, error) {
	s := sides{source: source, target: target}
	rest, ok := strings.CutPrefix(source, "s3://")
	if !ok {
		return s, fault.Newf(fault.Usage, "read the source %q: want s3://BUCKET or s3://BUCKET/PREFIX", source)
	}
	s.bucket, s.sourcePrefix, _ = strings.Cut(rest, "/")
	if strings.HasPrefix(rest, "arn:") {
		// The ARN of an access point holds a slash of its own.
		point, after, _ := strings.Cut(rest, "/")
		var called string
		called, s.sourcePrefix, _ = strings.Cut(after, "/")
		s.bucket = point + "/" + called
	}
	if s.bucket == "" || strings.HasSuffix(s.bucket, "/") {
		return s, fault.Newf(fault.Usage, "read the source %q: it names no bucket", source).Hintf("s3://BUCKET/PREFIX")
	}
	if rest, ok = strings.CutPrefix(target, "az://"); !ok {
		return s, fault.Newf(fault.Usage, "read the target %q: want az://ACCOUNT/CONTAINER or az://ACCOUNT/CONTAINER/PREFIX", target)
	}
	s.account, rest, _ = strings.Cut(rest, "/")
	s.container, s.targetPrefix, _ = strings.Cut(rest, "/")
	if !accountName.MatchString(s.account) {
		return s, fault.Newf(fault.Usage, "read the target %q: %q is no name of a storage account (3 to 24 of a-z and 0-9)", target, s.account)
	}
	if s.container != "$web" && s.container != "$root" {
		if refusal := name.ValidateContainer(s.container); refusal != nil {
			return s, fault.Newf(fault.Usage, "read the target %q: container %q: %s", target, s.container, refusal.Detail)
		}
	}
	return s, nil
}

// hash names the state of a pair.
func (s sides) hash() string {
	sum := sha256.Sum256([]byte(s.source + "\n" + s.target))
	return hex.EncodeToString(sum[:8])
}

// settings are the options as the mover knows them.
func (o MoveOptions) settings(s sides, account name.Account) (objects.Settings, error) {
	out := objects.Settings{
		Source: s.source, Target: s.target, NoMark: o.NoMark, Tags: o.Tags, Versions: o.Versions, RestoreDays: o.RestoreDays,
		Names: name.Policy{SourcePrefix: s.sourcePrefix, TargetPrefix: s.targetPrefix, Account: account},
	}
	var err error
	if out.Names.Keys, err = name.ParseMode(o.Names); err != nil {
		return out, fault.Wrap(err, "read --names", "")
	}
	if out.Names.Metadata, err = name.ParseMode(o.Metadata); err != nil {
		return out, fault.Wrap(err, "read --metadata", "")
	}
	out.Names.Tags = out.Names.Metadata
	switch o.Delete {
	case "":
	case "marked":
		out.Delete = objects.DeleteOurs
	case "all":
		out.Delete = objects.DeleteAll
	default:
		return out, fault.Newf(fault.Usage, "read --delete=%s: want marked or all", o.Delete)
	}
	switch o.ServerSide {
	case "", "never":
	case "auto":
		out.Path = objects.EitherPath
	case "always":
		out.Path = objects.ServerSide
	default:
		return out, fault.Newf(fault.Usage, "read --server-side %q: want auto, never or always", o.ServerSide)
	}
	for _, p := range o.Include {
		out.Chosen = append(out.Chosen, "--include "+p)
	}
	for _, p := range o.Exclude {
		out.Chosen = append(out.Chosen, "--exclude "+p)
	}
	return out, nil
}

// limits are the options as the mover knows them.
func (o MoveOptions) limits() (move.Limits, error) {
	const bitsPerByte, mega = 8, 1e6
	if o.MaxMbps < 0 || o.MaxRequests < 0 || o.MaxCost < 0 || o.Requests < 0 || o.BuffersMiB < 0 || o.RestoreDays < 0 {
		return move.Limits{}, fault.Newf(fault.Usage, "read the limits: a number is less than 0")
	}
	if o.Requests > 4096 || o.BuffersMiB > 1<<20 {
		return move.Limits{}, fault.Newf(fault.Usage, "read the limits: at most 4096 requests and 1048576 MiB of buffers")
	}
	return move.Limits{
		BytesPerSecond: int64(o.MaxMbps * mega / bitsPerByte), RequestsPerSecond: o.MaxRequests, Requests: o.Requests,
		Buffers: int64(o.BuffersMiB) << 20, Cost: o.MaxCost,
	}, nil
}

// consistent refuses options that contradict each other.
func (o MoveOptions) consistent() error {
	wrong := func(format string, args ...any) error {
		return fault.Newf(fault.Usage, format, args...).Hintf("landfall move objects --help")
	}
	switch {
	case o.DryRun && (o.Follow || o.Final || o.Plan != ""):
		return wrong("--dry-run does nothing: it goes with neither --follow, --final nor --plan")
	case o.Follow && o.Final:
		return wrong("--follow goes on until it is ended, --final is the last pass: give one of them")
	case o.Events != "" && !o.Follow:
		return wrong("--events is read while following: give --follow too")
	case o.Follow && o.Delete != "":
		return wrong("--follow does not delete: each deletion needs a plan that somebody has looked at; --final can delete")
	case o.Delete != "" && !o.DryRun && o.Plan == "":
		return fault.Newf(fault.Refused, "delete at the target: nobody has looked at what would be deleted").
			Hintf("the same command with --dry-run, then with --plan FINGERPRINT")
	}
	return nil
}

// schedule is a part of each day, in minutes; from > to goes over midnight.
type schedule struct {
	from, to int
	text     string
}

// parseSchedule reads "22:00-06:00"; nil for "".
func parseSchedule(text string) (*schedule, error) {
	if text == "" {
		return nil, nil
	}
	m := scheduleExp.FindStringSubmatch(text)
	if m == nil {
		return nil, fault.Newf(fault.Usage, "read --schedule %q: want HH:MM-HH:MM, such as 22:00-06:00", text)
	}
	minute := func(h, m string) int {
		hours, _ := strconv.Atoi(h) // the pattern has digits only
		minutes, _ := strconv.Atoi(m)
		return hours*60 + minutes
	}
	s := &schedule{from: minute(m[1], m[2]), to: minute(m[3], m[4]), text: text}
	if s.from == s.to {
		return nil, fault.Newf(fault.Usage, "read --schedule %q: it begins when it ends", text)
	}
	return s, nil
}

// begins is when work is allowed again.
func (s *schedule) begins() string { return fmt.Sprintf("%02d:%02d", s.from/60, s.from%60) }

// open reports whether work is allowed at a time, on the clock of this machine.
func (s *schedule) open(at time.Time) bool {
	now := at.Hour()*60 + at.Minute()
	if s.from < s.to {
		return now >= s.from && now < s.to
	}
	return now >= s.from || now < s.to
}
