package view

import (
	"strings"
	"time"

	"example.com/landfall/internal/graph"
)

// Moved is the result of moving or comparing a set of data.
type Moved struct {
	// Verb is "plan", "copy", "verify" or "follow".
	Verb   string `json:"verb"`
	Source string `json:"source"`
	Target string `json:"target"`
	// Level of a verification: "listing", "bound" or "full".
	Level string `json:"level,omitempty"`
	// Run names what was done; Resumed says that it went on with what an earlier
	// process had begun, at Began.
	Run     string `json:"run,omitempty"`
	Resumed bool   `json:"resumed,omitempty"`
	Began   string `json:"began,omitempty"`
	// Plan is what would be done.
	Plan *MovePlan `json:"plan,omitempty"`
	// Results counts the objects by what became of them, Proofs those that are equal
	// by what that rests on.
	Results []MoveCount `json:"results,omitempty"`
	Proofs  []MoveCount `json:"proofs,omitempty"`
	// Losses counts the objects of which the target has something in another form,
	// or not at all.
	Losses int64 `json:"losses,omitempty"`
	// First are the first objects that are not as they should be.
	First []MoveLine `json:"first,omitempty"`
	// Manifest is the file with a line for each object, Digest what stands for it
	// and Key the fingerprint of the key that has signed it.
	Manifest string `json:"manifest,omitempty"`
	Digest   string `json:"digest,omitempty"`
	Key      string `json:"key,omitempty"`
	// SourceRequests and TargetRequests were sent, USD is what they and the bytes
	// that left the source cost by estimate.
	SourceRequests int64   `json:"sourceRequests,omitempty"`
	TargetRequests int64   `json:"targetRequests,omitempty"`
	EgressBytes    int64   `json:"egressBytes,omitempty"`
	USD            float64 `json:"usd,omitempty"`
	Seconds        float64 `json:"seconds,omitempty"`
	// Evidence are the ledger entries.
	Evidence []int64  `json:"evidence,omitempty"`
	Notes    []string `json:"notes,omitempty"`
	Next     string   `json:"next,omitempty"`
}

// MoveCount is a number of objects and their bytes.
type MoveCount struct {
	Name    string `json:"name"`
	Objects int64  `json:"objects"`
	Bytes   int64  `json:"bytes"`
	// Good says that they are as they should be.
	Good bool `json:"good"`
}

// MoveLine is one object with what became of it.
type MoveLine struct {
	Key     string `json:"key"`
	Version string `json:"version,omitempty"`
	Result  string `json:"result"`
	Reason  string `json:"reason,omitempty"`
}

// MovePlan is what a copy would do.
type MovePlan struct {
	Fingerprint string      `json:"fingerprint"`
	Counts      []MoveCount `json:"counts"`
	// Largest is the size of the largest object to be sent.
	Largest int64 `json:"largest"`
	// Named are the first that cannot be moved, each with the rule.
	Named []MoveLine `json:"named,omitempty"`
	// Requests are those of the copy, besides the listings.
	SourceRequests int64   `json:"sourceRequests"`
	TargetRequests int64   `json:"targetRequests"`
	EgressBytes    int64   `json:"egressBytes"`
	USD            float64 `json:"usd"`
	PriceBasis     string  `json:"priceBasis"`
	Seconds        float64 `json:"seconds"`
	TimeBasis      string  `json:"timeBasis"`
	Shards         int     `json:"shards"`
}

// Text writes the result for a person.
func (r Moved) Text(p *Paper) {
	p.Line("%s %s -> %s%s", r.heading(), r.Source, r.Target, r.run())
	for _, n := range r.Notes {
		p.Line("  %s %s", p.Mark(Info), n)
	}
	if r.Plan != nil {
		r.Plan.text(p)
	}
	for _, c := range r.Results {
		if c.Objects == 0 {
			continue
		}
		mark := Good
		if !c.Good {
			mark = Bad
		}
		p.Line("  %s %-10s %s", p.Mark(mark), c.Name, c.amount())
	}
	r.proofs(p)
	r.first(p)
	if r.Manifest != "" {
		p.Line("  %s manifest %s", p.Mark(Info), r.Manifest)
		p.Line("          %s%s", r.Digest, r.signed())
	}
	if r.Seconds > 0 {
		p.Line("  %s %s, %d requests to the source and %d to the target, %s left the source, about %.4f USD", p.Mark(Info),
			round(time.Duration(r.Seconds*float64(time.Second))), r.SourceRequests, r.TargetRequests, graph.Volume(r.EgressBytes), r.USD)
	}
	if r.Next != "" {
		p.Line("")
		p.Line("next: %s", r.Next)
	}
}

func (r Moved) heading() string {
	if r.Level != "" {
		return r.Verb + " (" + r.Level + ")"
	}
	return r.Verb
}

func (r Moved) run() string {
	switch {
	case r.Run == "":
		return ""
	case r.Resumed:
		return ", run " + r.Run + ", gone on with since " + r.Began
	}
	return ", run " + r.Run
}

func (r Moved) signed() string {
	if r.Key == "" {
		return ", not signed"
	}
	return ", signed with " + r.Key
}

// proofs says what the equality of how many rests on, so that nobody takes one
// for another.
func (r Moved) proofs(p *Paper) {
	for _, c := range r.Proofs {
		if c.Objects == 0 {
			continue
		}
		mark := Good
		if !c.Good {
			mark = Warn
		}
		p.Line("  %s of these, %s: %s", p.Mark(mark), c.amount(), proofWords(c.Name))
	}
	if r.Losses > 0 {
		p.Line("  %s %s not in every form that the source has: see \"losses\" in the manifest", p.Mark(Warn), plural(r.Losses, "object is", "objects are"))
	}
}

// proofWords tells what a claim rests on.
func proofWords(name string) string {
	switch name {
	case "recorded":
		return "the blob carries the mark of an earlier copy of this very object, which was proved then"
	case "bound":
		return "a hash of the content that one service holds was checked by the other"
	case "read":
		return "both sides were read in full and compared"
	}
	return "nothing that both sides say about the content proves it"
}

func (r Moved) first(p *Paper) {
	if len(r.First) == 0 {
		return
	}
	p.Title("not as they should be, the first %d:", len(r.First))
	listMoveLines(p, r.First)
}

func listMoveLines(p *Paper, lines []MoveLine) {
	for _, l := range lines {
		version := ""
		if l.Version != "" {
			version = " version " + l.Version
		}
		p.Line("  %-10s %q%s: %s", l.Result, l.Key, version, strings.Join(strings.Fields(l.Reason), " "))
	}
}

func (c MoveCount) amount() string {
	return plural(c.Objects, "object", "objects") + ", " + graph.Volume(c.Bytes)
}

func (m *MovePlan) text(p *Paper) {
	for _, c := range m.Counts {
		mark := Info
		if !c.Good && c.Objects > 0 {
			mark = Warn
		}
		p.Line("  %s %-24s %s", p.Mark(mark), c.Name, c.amount())
	}
	if len(m.Named) > 0 {
		p.Title("would not be moved, the first %d:", len(m.Named))
		listMoveLines(p, m.Named)
		p.Line("")
	}
	p.Line("  %s %d requests to the source, %d to the target, %s leave the source: about %.4f USD (%s)", p.Mark(Info), m.SourceRequests, m.TargetRequests, graph.Volume(m.EgressBytes), m.USD, m.PriceBasis)
	p.Line("  %s about %s (%s)", p.Mark(Info), round(time.Duration(m.Seconds*float64(time.Second))), m.TimeBasis)
	p.Line("  %s fingerprint %s", p.Mark(Info), m.Fingerprint)
}

// ManifestChecked is the result of "landfall verify manifest".
type ManifestChecked struct {
	File   string `json:"file"`
	Verb   string `json:"verb"`
	Source string `json:"source"`
	Target string `json:"target"`
	Began  string `json:"began"`
	Ended  string `json:"ended"`
	// Complete says that both listings came to their end.
	Complete bool        `json:"complete"`
	Digest   string      `json:"digest"`
	Results  []MoveCount `json:"results"`
	Proofs   []MoveCount `json:"proofs"`
	// Entry is the ledger entry that holds the digest, 0 for none.
	Entry int64 `json:"ledgerEntry,omitempty"`
	// Signatures are those of the manifest, each with who vouches for its key.
	Signatures []ManifestSigned `json:"signatures"`
}

// ManifestSigned is a signature that holds.
type ManifestSigned struct {
	By  string `json:"by"`
	Key string `json:"key"`
	// Known says where the key was found.
	Known string `json:"known"`
}

// Text writes the result for a person.
func (r ManifestChecked) Text(p *Paper) {
	p.Line("%s %s is whole: each line, each count and each hash agrees", p.Mark(Good), r.File)
	p.Line("        %s of %s and %s, %s to %s", r.Verb, r.Source, r.Target, r.Began, r.Ended)
	p.Line("        %s", r.Digest)
	for _, c := range r.Results {
		if c.Objects > 0 {
			p.Line("        %-10s %s", c.Name, c.amount())
		}
	}
	for _, s := range r.Signatures {
		p.Line("%s signed by %s with %s, %s", p.Mark(Good), s.By, s.Key, s.Known)
	}
	if r.Entry > 0 {
		p.Line("%s ledger entry %d holds this digest", p.Mark(Good), r.Entry)
	}
}
