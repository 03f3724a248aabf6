package proof

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/network"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/reach"
)

// Family returns the family that proves the network when all others have
// finished; it has to be the last one.
func Family() design.Family {
	return design.Family{Name: "proof", Finish: Prove}
}

// Prove compares both networks and adds what differs to the design. Without
// an endpoint in a VPC there is nothing to prove.
func Prove(c *design.Context) {
	source := reach.FromAWS(c.Known(reach.Kinds()...), c.Find)
	target := reach.FromAzure(Bodies(c.Targets()))
	p := &pairer{c: c, source: source, faces: NewFaces(c.Targets(), &target)}
	pairing := p.pair()
	if len(pairing.Ends) == 0 && len(p.open) == 0 {
		return
	}
	for _, b := range network.Blocks(c) {
		pairing.Blocks = append(pairing.Blocks, reach.BlockPair{Source: b.Source, Target: b.Target})
	}
	pairing.Tags = tags()
	pairing.Expected = demanded(target)
	pairing.Accepted = c.Options.Accept
	proof := reach.Compare(source, target, pairing)
	proof.Undecided = append(proof.Undecided, p.open...)
	slices.Sort(proof.Undecided)
	proof.Undecided = slices.Compact(proof.Undecided)
	proof.Equal = proof.Equal && len(p.open) == 0
	c.SetNetwork(&proof)
	report(c, &proof)
}

// report adds a finding for each difference that the platform does not demand,
// and one for all that is undecided.
func report(c *design.Context, proof *reach.Proof) {
	for _, d := range proof.Differences {
		if strings.HasPrefix(d.Name, "network.platform:") {
			continue
		}
		f := design.Finding{ID: d.Name, Severity: design.High, About: about(d)}
		f.Text = fmt.Sprintf("%s passes at the source (%s) and not at the target (%s)", d.Packet, d.SourceRule, d.TargetRule)
		f.Do = "change the rule at the target if the workload needs it, or accept the difference under design.accept"
		if d.Wider {
			f.Severity, f.Blocks = design.Critical, true
			f.Text = fmt.Sprintf("%s passes at the target (%s) and not at the source (%s)", d.Packet, d.TargetRule, d.SourceRule)
			f.Do = "narrow the rule at the target, or accept " + d.Name + " under design.accept with a reason"
		}
		c.Finding(f)
	}
	if n := len(proof.Undecided); n > 0 {
		c.Finding(design.Finding{
			ID: "network.undecided", Severity: design.High, About: []cloud.ResourceID{},
			Text: parts(n) + ": " + proof.Undecided[0],
			Do:   "read the proof's undecided parts in design.json, and test these connections with the connectivity check",
		})
	}
}

func parts(n int) string {
	if n == 1 {
		return "one part of the network cannot be compared"
	}
	return fmt.Sprintf("%d parts of the network cannot be compared; the first is", n)
}

// about are the ends that are resources.
func about(d reach.Difference) []cloud.ResourceID {
	out := []cloud.ResourceID{}
	for _, id := range []string{d.From, d.To} {
		if strings.HasPrefix(id, "arn:") || strings.HasPrefix(id, "cloudformation:") || strings.HasPrefix(id, "terraform:") {
			out = append(out, cloud.ResourceID(id))
		}
	}
	return out
}

// pairer finds what takes whose place.
type pairer struct {
	c      *design.Context
	source reach.Network
	faces  *Faces
	open   []string
}

// pair goes through the endpoints of the workload.
func (p *pairer) pair() reach.Pairing {
	var out reach.Pairing
	inside := map[string]*inventory.Resource{}
	for _, r := range p.c.Everything() {
		inside[string(r.ID)] = r
	}
	ports := map[string][]network.PortPair{}
	for id, list := range network.Ports(p.c) {
		ports[strings.ToLower(string(id))] = list
	}
	claimed := p.claimed(inside)
	for _, f := range p.source.Interfaces {
		r := ownerOf(f, inside)
		if r == nil || p.c.Shared(r) {
			continue
		}
		into := p.counterparts(r)
		if r.Kind == linkKind {
			into = slices.DeleteFunc(into, func(t string) bool { return claimed[t] })
		}
		if len(into) == 0 {
			p.missing(r)
		}
		for _, t := range into {
			pair := reach.Pair{Source: f.ID, Target: t}
			for _, place := range p.faces.places[t].Places {
				pair.Ports = append(pair.Ports, portsAt(ports, place.Subnet)...)
			}
			out.Ends = append(out.Ends, pair)
		}
	}
	p.unplaced(inside)
	return out
}

// ownerOf finds whose an interface is. A second one of a machine has a suffix,
// and ids of parts ("…:file-system/fs-1|fsmt-1") have bars of their own.
func ownerOf(f reach.Interface, inside map[string]*inventory.Resource) *inventory.Resource {
	if r := inside[f.ID]; r != nil {
		return r
	}
	if at := strings.LastIndexByte(f.ID, '|'); at > 0 {
		return inside[f.ID[:at]]
	}
	return nil
}

// linkKind is an endpoint in a VPC to a service of AWS.
const linkKind cloud.Kind = "AWS::EC2::VPCEndpoint"

// claimed are the interfaces of the target that take the place of something
// with an address of its own at the source. An endpoint to the API of such a
// service ("rds") led elsewhere.
func (p *pairer) claimed(inside map[string]*inventory.Resource) map[string]bool {
	out := map[string]bool{}
	for _, f := range p.source.Interfaces {
		if r := ownerOf(f, inside); r != nil && r.Kind != linkKind {
			for _, t := range p.counterparts(r) {
				out[t] = true
			}
		}
	}
	return out
}

// unplaced notes what listens in a VPC and is no endpoint, because nothing tells
// where it stands or which security groups guard it.
func (p *pairer) unplaced(inside map[string]*inventory.Resource) {
	known := map[cloud.ResourceID]bool{}
	for _, f := range p.source.Interfaces {
		if r := ownerOf(f, inside); r != nil {
			known[r.ID] = true
		}
	}
	for _, r := range inside {
		if known[r.ID] {
			continue
		}
		d, ok := p.c.Decided(r)
		if !reach.Listens(r) || p.c.Shared(r) || ok && (d.Action == design.Retire || d.Action == design.Retain) || slices.Contains(r.Marks, inventory.Deleted) {
			continue
		}
		p.open = append(p.open, fmt.Sprintf("endpoint %s (%s): neither its subnets nor its security groups are known", r.Name, r.Kind))
	}
}

func portsAt(ports map[string][]network.PortPair, subnet string) []reach.PortPair {
	var out []reach.PortPair
	for _, x := range ports[strings.ToLower(subnet)] {
		out = append(out, reach.PortPair(x))
	}
	slices.SortFunc(out, func(a, b reach.PortPair) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Target, b.Target))
	})
	return slices.Compact(out)
}

// missing notes an endpoint without a counterpart, unless it is meant to have
// none.
func (p *pairer) missing(r *inventory.Resource) {
	d, ok := p.c.Decided(r)
	if ok && (d.Action == design.Retire || d.Action == design.Retain) || network.Spared(r) {
		return
	}
	p.open = append(p.open, fmt.Sprintf("endpoint %s (%s): nothing in the target's network takes its place, decision %q", r.Name, r.Kind, d.Action))
}

// counterparts are the interfaces that belong to the targets of a resource.
func (p *pairer) counterparts(r *inventory.Resource) []string {
	var out []string
	for _, target := range p.c.TargetsOf(r) {
		for _, id := range p.faces.Of(target) {
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	slices.Sort(out)
	return out
}
