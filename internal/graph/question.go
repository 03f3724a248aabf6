package graph

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// weak is the confidence below which an edge alone brings nothing in without
// a question.
const weak = 0.55

// ask collects what a person should settle.
func (c *closure) ask() {
	for i := range c.nodes {
		n := int32(i)
		if c.of[i] == nil || c.options.Answers[c.nodes[i].ID] != "" {
			continue
		}
		switch {
		case c.level[i] == Out && c.claims[i].side == nobody && c.reached[i] == 0:
			c.askStranger(n)
		case c.level[i] == In && c.claims[i].side == nobody:
			c.askWeak(n)
		}
		if c.level[i] == In {
			c.askForeign(n)
		}
	}
	c.askSeeds()
}

// sortQuestions puts those first that are about the most bytes and calls.
func (m *maker) sortQuestions() {
	slices.SortFunc(m.questions, func(a, b Question) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.ID, b.ID))
	})
}

func (c *closure) question(n int32, text, why string, assumed Boundary, weight int64) {
	id := c.nodes[n].ID
	c.questions = append(c.questions, Question{ID: "boundary:" + string(id), About: id, Text: text, Why: why,
		Choices: []Boundary{In, Out, Shared}, Assumed: assumed, Weight: weight})
}

// askStranger asks about what nobody claims and what uses the workload.
func (c *closure) askStranger(n int32) {
	r := c.of[n]
	if slices.Contains(r.Marks, inventory.Default) || slices.Contains(r.Marks, inventory.ServiceLinked) {
		return
	}
	var uses, places []string
	var weight int64
	for _, e := range c.out.of(n) {
		to := c.ends[e][1]
		if c.level[to] == Out || c.claims[to].side == theirs || !c.uses(e) && !(c.trait(e).stands && works(c.nodes[n].Kind)) && c.edges[e].Relation != InZone {
			continue
		}
		weight += max(c.edges[e].Bytes, c.edges[e].Calls, 1)
		if c.trait(e).stands {
			places = append(places, c.use(e, c.nodes[to].Name))
		} else {
			uses = append(uses, c.use(e, c.nodes[to].Name))
		}
	}
	if uses = append(uses, places...); len(uses) == 0 {
		return
	}
	c.question(n, "Does "+c.called(n)+" belong to the workload?", "nothing says whose it is, and it "+cut(uses), Out, weight)
}

// called is a name with its kind in words.
func (c *closure) called(n int32) string {
	return c.nodes[n].Name + " (" + string(c.nodes[n].Kind) + ")"
}

// use is one use in words, with port and bytes where logs have them.
func (c *closure) use(e int32, name string) string {
	edge := &c.edges[e]
	s := words(edge.Relation) + " " + name
	if edge.Port > 0 {
		s += " on port " + strconv.Itoa(edge.Port)
	}
	if edge.Bytes > 0 {
		s += " (" + Volume(edge.Bytes) + ")"
	}
	return s
}

func cut(list []string) string {
	if len(list) > 3 {
		return strings.Join(list[:3], ", ") + " and " + strconv.Itoa(len(list)-3) + " more"
	}
	return strings.Join(list, ", ")
}

// askWeak asks about what came in on little evidence.
func (c *closure) askWeak(n int32) {
	best := 0.0
	var by string
	for _, e := range c.into.of(n) {
		if from := c.ends[e][0]; c.level[from] != Out && c.trait(e).needs && c.edges[e].Confidence > best {
			best, by = c.edges[e].Confidence, c.nodes[from].Name+" "+words(c.edges[e].Relation)+" it"
		}
	}
	for _, e := range c.out.of(n) {
		if c.trait(e).adopts && c.edges[e].Confidence > best {
			best = c.edges[e].Confidence
		}
	}
	if best < weak && by != "" {
		c.question(n, "Does "+c.called(n)+" belong to the workload?", "it is in only because "+by+", which is not sure", In, 0)
	}
}

// askForeign asks about our resources that another workload is tied to by
// something less than use: a name in our zone, a list that its rules name.
func (c *closure) askForeign(n int32) {
	var ties []string
	for _, e := range c.into.of(n) {
		from := c.ends[e][0]
		other := c.claims[from].side == theirs || c.claims[from].side == nobody && c.reached[from] == 2
		rel := c.edges[e].Relation
		if other && (rel == InZone || rel == MayReach && c.nodes[n].Kind != "AWS::EC2::SecurityGroup") {
			ties = append(ties, c.nodes[from].Name+c.ownerNote(from)+" "+words(rel)+" it")
		}
	}
	if len(ties) == 0 {
		return
	}
	c.question(n, "Does another workload need "+c.called(n)+" to stay?", cut(ties), In, int64(len(ties)))
}

// askSeeds tells of a workload that the seeds do not find.
func (c *closure) askSeeds() {
	for i := range c.claims {
		if c.claims[i].side == ours {
			return
		}
	}
	if len(c.nodes) == 0 {
		return
	}
	c.questions = append(c.questions, Question{ID: "seeds", Text: "Which resources does the workload begin with?",
		Why: "no resource matches the seeds in landfall.yaml (boundary.seeds), so nothing is in", Choices: nil, About: cloud.ResourceID("")})
}

// Volume shows a number of bytes in a unit that people read.
func Volume(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	v, u := float64(n), 0
	for v >= 1024 && u < len(units)-1 {
		v, u = v/1024, u+1
	}
	if u == 0 {
		return strconv.FormatInt(n, 10) + " B"
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + " " + units[u]
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}
