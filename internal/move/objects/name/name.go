package name

import (
	"strconv"

	"example.com/landfall/internal/fault"
)

// Mark is the metadata name under which the target keeps what Landfall knows of
// the source of a blob. Users' metadata of this name are never written as they
// are.
const Mark = "landfall"

// Mode is what happens to a name or a value that Azure cannot hold. The zero
// value is Exclude.
type Mode string

// The modes.
const (
	// Exclude leaves it out and lists it: a key that breaks a rule is not copied,
	// metadata or a tag that breaks one is left off its blob.
	Exclude Mode = "exclude"
	// Rename writes it under the name of the stated scheme and lists it.
	Rename Mode = "rename"
	// Fail refuses the whole object for a metadata name, a tag or a header, and
	// ends the run for a key.
	Fail Mode = "fail"
)

// ParseMode reads a mode from the configuration or the command line.
func ParseMode(text string) (Mode, error) {
	switch m := Mode(text); m {
	case Exclude, Rename, Fail:
		return m, nil
	case "":
		return Exclude, nil
	}
	return "", fault.Newf(fault.Usage, "read %q: a mode is exclude, rename or fail", text)
}

// Policy is what was decided about names, once for a run.
type Policy struct {
	Keys Mode
	// Metadata also holds for content headers.
	Metadata Mode
	Tags     Mode
	// SourcePrefix is taken off each key, TargetPrefix put before what is left.
	SourcePrefix, TargetPrefix string
	Account                    Account
}

// Account is what the target's storage account can do.
type Account struct {
	// Hierarchical accounts keep folders, and no index tags.
	Hierarchical bool
	// Redundancy is "LRS", "ZRS", "GRS", "RA-GRS", "GZRS", "RA-GZRS" or "" for
	// unknown.
	Redundancy string
	// Premium accounts of block blobs have no access tiers.
	Premium bool
}

// Mapper carries out a policy. It holds no state and is safe for concurrent use.
type Mapper struct {
	policy Policy
	form   form
	tiers  map[string]Tier
}

// New returns the mapper of a policy. A target prefix that Azure cannot hold is
// an error of kind fault.Usage.
func New(p Policy) (*Mapper, error) {
	for _, mode := range []*Mode{&p.Keys, &p.Metadata, &p.Tags} {
		known, err := ParseMode(string(*mode))
		if err != nil {
			return nil, err
		}
		*mode = known
	}
	m := &Mapper{policy: p, form: formOf(p.Account), tiers: tiersOf(p.Account)}
	if p.TargetPrefix != "" {
		if p.Keys == Rename && Escaped(p.TargetPrefix) {
			return nil, fault.Newf(fault.Usage, "use the prefix %q: it contains what the renaming of keys writes", p.TargetPrefix)
		}
		// What follows may complete a segment that the prefix leaves open, so that
		// the prefix is judged with a letter behind it.
		if broken, at := m.form.flaw(p.TargetPrefix + "x"); broken != "" {
			return nil, fault.Newf(fault.Usage, "use the prefix %q: at byte %d: %s", p.TargetPrefix, at, ruleText(broken))
		}
	}
	return m, nil
}

// Refusal is why an object, or a bucket, is not moved.
type Refusal struct {
	Rule RuleID
	// Name is the key, bucket, metadata or tag name, or header that breaks it.
	Name string
	// Detail is one line: what is wrong, and where.
	Detail string
	// Fatal refusals end the run.
	Fatal bool
}

// Err is the refusal as an error.
func (r *Refusal) Err() error {
	return fault.Newf(fault.Refused, "name %q: %s (%s)", r.Name, r.Detail, r.Rule)
}

// Loss is what the target has in another form than the source, or not at all,
// although the object is moved.
type Loss struct {
	Rule RuleID
	// What is "metadata", "tag", "header" or "tier".
	What string
	// Name is the name at the source, Target what it is called at the target, ""
	// when it is left out.
	Name, Target string
}

// String is the form that the manifest keeps: rule, what, the name, and the new
// one where there is one.
func (l Loss) String() string {
	text := string(l.Rule) + " " + l.What + " " + strconv.QuoteToASCII(l.Name)
	if l.Target != "" {
		text += " as " + strconv.QuoteToASCII(l.Target)
	}
	return text
}

// refuse makes of a loss the refusal of the whole object.
func (l Loss) refuse(detail string) *Refusal {
	return &Refusal{Rule: l.Rule, Name: l.Name, Detail: l.What + " " + strconv.QuoteToASCII(l.Name) + ": " + detail}
}
