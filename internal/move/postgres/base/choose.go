package base

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/move/postgres/dump"
	"example.com/landfall/internal/move/postgres/pg"
)

// choice is an entry, and why it is left out.
type choice struct {
	dump.Entry
	why string
}

// chooser finds what a selection needs.
type chooser struct {
	selection pg.Selection
	part      bool // schemas or tables are named: the rest comes where it is needed
	byID      map[int]*dump.Entry
	barred    map[int]string // why it cannot be made, "" for what can
	taken     map[int]bool
}

// choose returns the entries that are to be made, in their order, with those that
// somebody would miss: these say why they are left out. What a selected table needs
// comes with it; what needs a table that is not selected does not come.
func choose(all []dump.Entry, selection pg.Selection) []choice {
	c := &chooser{selection, selection.Schemas != nil || selection.Tables != nil, map[int]*dump.Entry{}, map[int]string{}, map[int]bool{}}
	for i := range all {
		c.byID[all[i].ID] = &all[i]
	}
	for i := range all {
		if c.wanted(&all[i]) && c.bar(&all[i]) == "" {
			c.take(&all[i])
		}
	}
	var out []choice
	for i := range all {
		e := &all[i]
		switch why := c.bar(e); {
		case ours(e):
		case attached(e) && why == "" && !c.taken[e.ID] && c.holds(e):
			out = append(out, choice{*e, ""})
			c.taken[e.ID] = true
		case c.taken[e.ID]:
			out = append(out, choice{*e, ""})
		case why != "" && !c.unselected(e) && (c.wanted(e) || attached(e) && c.touches(e)):
			out = append(out, choice{*e, why})
		}
	}
	return out
}

// ours reports whether an entry is of Landfall's own publications.
func ours(e *dump.Entry) bool {
	return strings.HasPrefix(e.Kind, "PUBLICATION") && strings.HasPrefix(e.Name, "landfall_") ||
		(e.Kind == "COMMENT" || e.Kind == "ACL") && strings.HasPrefix(e.Name, "PUBLICATION landfall_")
}

// relation reports whether an entry is what a selection names.
func relation(e *dump.Entry) bool {
	return slices.Contains([]string{"TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW"}, e.Kind)
}

// attached reports whether an entry belongs to others and comes if these do.
func attached(e *dump.Entry) bool {
	switch e.Kind {
	case "COMMENT", "SECURITY LABEL", "ACL", "TABLE ATTACH", "DEFAULT", "SEQUENCE OWNED BY", kindIndex, "INDEX ATTACH", kindStatistics, kindConstraint, "CHECK CONSTRAINT",
		kindForeign, "TRIGGER", "RULE", "POLICY", "ROW SECURITY", "CAST", "TRANSFORM":
		return len(e.Needs) > 0
	}
	return strings.HasPrefix(e.Kind, "PUBLICATION ")
}

// unselected reports whether a relation is not meant.
func (c *chooser) unselected(e *dump.Entry) bool {
	return relation(e) && !c.selection.Keeps(pg.Name{Schema: e.Schema, Name: e.Name})
}

// wanted reports whether an entry is meant itself.
func (c *chooser) wanted(e *dump.Entry) bool {
	switch {
	case ours(e), attached(e):
		return false
	case e.Schema != "":
		return c.selection.Keeps(pg.Name{Schema: e.Schema, Name: e.Name})
	case e.Kind == "SCHEMA":
		return c.selection.Keeps(pg.Name{Schema: e.Name})
	}
	return !c.part
}

// bar tells why an entry cannot be made under the selection, "" if it can.
func (c *chooser) bar(e *dump.Entry) string {
	if why, ok := c.barred[e.ID]; ok {
		return why
	}
	why := ""
	if c.unselected(e) {
		why = fmt.Sprintf("%s is not selected", pg.Name{Schema: e.Schema, Name: e.Name})
	}
	c.barred[e.ID] = why
	for _, id := range e.Needs {
		if need := c.byID[id]; need != nil && why == "" {
			if why = c.bar(need); why != "" && c.unselected(need) {
				why = "it needs " + strings.TrimSuffix(why, " is not selected") + ", which is not selected"
			}
		}
	}
	c.barred[e.ID] = why
	return why
}

// take takes an entry and all that it needs.
func (c *chooser) take(e *dump.Entry) {
	if c.taken[e.ID] {
		return
	}
	c.taken[e.ID] = true
	for _, id := range e.Needs {
		if need := c.byID[id]; need != nil {
			c.take(need)
		}
	}
}

// holds reports whether all that an entry needs is taken.
func (c *chooser) holds(e *dump.Entry) bool {
	return !slices.ContainsFunc(e.Needs, func(id int) bool { return c.byID[id] != nil && !c.taken[id] })
}

// touches reports whether a part of what an entry needs is taken.
func (c *chooser) touches(e *dump.Entry) bool {
	return slices.ContainsFunc(e.Needs, func(id int) bool { return c.taken[id] })
}
