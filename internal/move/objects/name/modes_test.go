package name_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
)

// outcome is what became of one input under a mode, in the words of the table.
type outcome struct {
	rules         map[name.RuleID]bool
	copied, ended bool
	kept, renamed bool
}

func (o *outcome) refuse(r *name.Refusal) {
	o.copied, o.ended = false, r.Fatal
	o.rules[r.Rule] = true
}

func (o *outcome) lose(losses []name.Loss) {
	for _, l := range losses {
		o.rules[l.Rule] = true
		o.renamed = o.renamed || l.Target != ""
	}
}

func key(t *testing.T, p name.Policy, key string, size int64) outcome {
	o := outcome{rules: map[name.RuleID]bool{}, copied: true}
	got, refused := mapper(t, p).Blob(key, size)
	if refused != nil {
		o.refuse(refused)
		return o
	}
	if got.Renamed {
		o.rules[got.Rule] = true
	}
	o.kept, o.renamed = !got.Renamed, got.Renamed
	return o
}

func parts(losses []name.Loss, refused *name.Refusal) outcome {
	o := outcome{rules: map[name.RuleID]bool{}, copied: true}
	if refused != nil {
		o.refuse(refused)
		return o
	}
	o.lose(losses)
	return o
}

func metadata(t *testing.T, p name.Policy, pairs map[string]string) outcome {
	_, losses, refused := mapper(t, p).Metadata(pairs, "")
	return parts(losses, refused)
}

func tags(t *testing.T, p name.Policy, pairs map[string]string) outcome {
	_, losses, refused := mapper(t, p).Tags(pairs)
	return parts(losses, refused)
}

func headers(t *testing.T, p name.Policy, h object.Headers) outcome {
	_, losses, refused := mapper(t, p).Headers(h)
	return parts(losses, refused)
}

func tier(t *testing.T, p name.Policy, class string) outcome {
	return parts(mapper(t, p).Tier(class).Losses, nil)
}

func buckets(p name.Policy, list ...string) outcome {
	o := outcome{rules: map[name.RuleID]bool{}, copied: true}
	kept, refused := name.Containers(list, p.Keys)
	for _, r := range refused {
		o.refuse(&r)
	}
	for _, c := range kept {
		if c.Renamed {
			o.rules[c.Rule], o.renamed = true, true
		}
	}
	return o
}

// breaking has something that breaks each rule of the table.
func breaking(t *testing.T) map[name.RuleID]func(name.Policy) outcome {
	folders := func(p name.Policy) name.Policy { p.Account.Hierarchical = true; return p }
	of := func(k string) func(name.Policy) outcome {
		return func(p name.Policy) outcome { return key(t, p, k, 1) }
	}
	redundancy := func(p name.Policy, r string) name.Policy { p.Account.Redundancy = r; return p }
	many := map[string]string{}
	for c := 'a'; c <= 'k'; c++ {
		many[string(c)] = ""
	}
	return map[name.RuleID]func(name.Policy) outcome{
		name.KeyEmpty:        func(p name.Policy) outcome { p.SourcePrefix = "a/"; return key(t, p, "a/", 0) },
		name.KeyOutside:      func(p name.Policy) outcome { p.SourcePrefix = "a/"; return key(t, p, "b", 0) },
		name.KeyLong:         func(p name.Policy) outcome { p.TargetPrefix = "p"; return key(t, p, strings.Repeat("a", 1024), 1) },
		name.KeySegments:     of(strings.Repeat("a/", 254) + "a"),
		name.KeyControl:      of("a\n"),
		name.KeyUTF8:         of("\xc3"),
		name.KeyPrivate:      of("\uF8FF"),
		name.KeyNoncharacter: of("\uFDEF"),
		name.KeySpecial:      of("\uFFF9"),
		name.KeyBackslash:    of(`\`),
		name.KeyDots:         of(".."),
		name.KeyDotEnd:       of("a."),
		name.KeyEscape:       of("~x00"),
		name.KeyEmptySegment: func(p name.Policy) outcome { return key(t, folders(p), "a//b", 1) },
		name.KeyFolder:       func(p name.Policy) outcome { return key(t, folders(p), "a/", 1) },
		name.KeyBelow: func(p name.Policy) outcome {
			o := outcome{rules: map[name.RuleID]bool{}}
			o.refuse(mapper(t, folders(p)).Refusal("a/b", "a"))
			return o
		},
		name.ContainerLength:    func(p name.Policy) outcome { return buckets(p, strings.Repeat("a", 64)) },
		name.ContainerChars:     func(p name.Policy) outcome { return buckets(p, "a.bucket") },
		name.ContainerDashes:    func(p name.Policy) outcome { return buckets(p, "a--bucket") },
		name.ContainerCollision: func(p name.Policy) outcome { p.Keys = name.Rename; return buckets(p, "a.b", "a-b") },
		name.MetadataName:       func(p name.Policy) outcome { return metadata(t, p, map[string]string{"a-b": ""}) },
		name.MetadataDuplicate:  func(p name.Policy) outcome { return metadata(t, p, map[string]string{"A": "", "a": ""}) },
		name.MetadataReserved:   func(p name.Policy) outcome { return metadata(t, p, map[string]string{"Landfall": ""}) },
		name.MetadataValue:      func(p name.Policy) outcome { return metadata(t, p, map[string]string{"a": " b"}) },
		name.MetadataSize: func(p name.Policy) outcome {
			return metadata(t, p, map[string]string{"a": strings.Repeat("x", 9000)})
		},
		name.MetadataHidden: func(p name.Policy) outcome { return parts(mapper(t, p).Hidden(2)) },
		name.TagCount:       func(p name.Policy) outcome { return tags(t, p, many) },
		name.TagChars:       func(p name.Policy) outcome { return tags(t, p, map[string]string{"a": "@"}) },
		name.TagLength:      func(p name.Policy) outcome { return tags(t, p, map[string]string{strings.Repeat("a", 129): ""}) },
		name.TagUnsupported: func(p name.Policy) outcome { return tags(t, folders(p), map[string]string{"a": "b"}) },
		name.HeaderExpires:  func(p name.Policy) outcome { return headers(t, p, object.Headers{Expires: "x"}) },
		name.HeaderRedirect: func(p name.Policy) outcome { return headers(t, p, object.Headers{Redirect: "/x"}) },
		name.HeaderValue:    func(p name.Policy) outcome { return headers(t, p, object.Headers{Type: "\u00e9"}) },
		name.HeaderChunked:  func(p name.Policy) outcome { return headers(t, p, object.Headers{Encoding: "aws-chunked"}) },
		name.TierUnknown:    func(p name.Policy) outcome { return tier(t, p, "SNOW") },
		name.TierArchive:    func(p name.Policy) outcome { return tier(t, redundancy(p, "ZRS"), "GLACIER") },
		name.TierPremium:    func(p name.Policy) outcome { return tier(t, p, "EXPRESS_ONEZONE") },
		name.TierZone:       func(p name.Policy) outcome { return tier(t, redundancy(p, "GRS"), "ONEZONE_IA") },
		name.TierAccess:     func(p name.Policy) outcome { return tier(t, p, "INTELLIGENT_TIERING") },
	}
}

// What the page says of each rule under each mode is what happens.
func TestEachRuleDoesWhatThePageSays(t *testing.T) {
	t.Parallel()
	inputs := breaking(t)
	for _, r := range name.Rules() {
		try, ok := inputs[r.ID]
		if !ok {
			t.Errorf("%s: nothing here breaks it", r.ID)
			continue
		}
		for mode, says := range map[name.Mode]string{name.Exclude: r.Exclude, name.Rename: r.Rename, name.Fail: r.Fail} {
			o := try(name.Policy{Keys: mode, Metadata: mode, Tags: mode})
			if r.ID == name.ContainerCollision && mode == name.Fail {
				continue // each of the two fails by its own name already
			}
			var want outcome
			switch says {
			case "not copied, listed", "bucket not copied, listed", "object not copied, listed", "neither is copied, both are listed":
			case "the run ends":
				want.ended = true
			case "keeps its name":
				want.copied, want.kept = true, true
			case "left off, listed", "copied, listed":
				want.copied = true
			default:
				want.copied, want.renamed = true, true
			}
			if strings.HasPrefix(string(r.ID), "tier-") {
				o.renamed = false // a tier has another name in any case
			}
			if o.copied != want.copied || o.ended != want.ended || o.renamed != want.renamed || o.kept != want.kept || !want.kept && !o.rules[r.ID] {
				t.Errorf("%s under %s: the page says %q, what happens is %+v", r.ID, mode, says, o)
			}
		}
	}
	if len(inputs) != len(name.Rules()) {
		t.Errorf("%d inputs for %d rules", len(inputs), len(name.Rules()))
	}
	if losses, refused := mapper(t, name.Policy{}).Hidden(0); losses != nil || refused != nil {
		t.Error("no hidden metadata are lost")
	}
}
