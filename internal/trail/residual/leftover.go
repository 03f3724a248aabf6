package residual

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/records/cloudtrail"
)

// madeKey is something that was created, by every name that a deletion may use.
type madeKey struct {
	thing
	other string
}

type madeThing struct {
	action, by string
	at         int64
	rule       uint16
}

// maxMade bounds the list of what was created.
const maxMade = 200_000

// creations notes what an event made, and what it removed.
func (w *worker) creations(e *cloudtrail.Event, rule uint16) {
	at := e.Time.Unix()
	for _, m := range e.Created {
		k := madeKey{thingOf(e.Service, e.Account, e.Region, m.ID), m.Name}
		w.lostMade += keep(w.made, k, &madeThing{action: e.Action, by: e.Principal, at: at, rule: rule})
	}
	if e.Error != "" || e.DataEvent || !cloudtrail.Removes(e.Action) {
		return
	}
	for _, name := range e.Resources {
		t := nameThing(thingOf(e.Service, e.Account, e.Region, name))
		w.removed[t] = max(w.removed[t], at)
	}
}

// before orders two creations of one thing: one that was made anew after a
// deletion is the later one.
func (m *madeThing) before(o *madeThing) bool {
	return m.at > o.at || m.at == o.at && (m.action < o.action || m.action == o.action && m.by < o.by)
}

// keep files a creation, the last of each thing; it returns 1 for one that does
// not fit.
func keep(all map[madeKey]*madeThing, k madeKey, m *madeThing) (lost int64) {
	old := all[k]
	switch {
	case old == nil && len(all) >= maxMade:
		return 1
	case old == nil || m.before(old):
		all[k] = m
	}
	return 0
}

// nameThing calls a thing by its plain name, as calls do that name it without
// its ARN. A bucket and a role have no region.
func nameThing(t thing) thing {
	t.name = plainName(t.service, t.name)
	switch t.service {
	case "s3":
		t.account, t.region = "", ""
	case "iam", "cloudfront", "route53", "organizations":
		t.region = ""
	}
	return t
}

// plainName is the name inside an ARN or a URL.
func plainName(service, name string) string {
	if rest, ok := strings.CutPrefix(name, "https://"); ok && service == "sqs" {
		return rest[strings.LastIndexByte(rest, '/')+1:]
	}
	parts := strings.SplitN(name, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		if service == "ssm" {
			return strings.TrimPrefix(name, "/")
		}
		return name
	}
	tail := parts[5]
	switch service {
	case "s3", "sns", "sqs":
		return tail
	case "lambda":
		tail = strings.TrimPrefix(tail, "function:")
		tail, _, _ = strings.Cut(tail, ":")
		return tail
	case "logs":
		return strings.TrimSuffix(strings.TrimPrefix(tail, "log-group:"), ":*")
	case "secretsmanager":
		tail = strings.TrimPrefix(tail, "secret:")
		// Secrets Manager puts "-" and six random characters after the name.
		if n := len(tail) - 7; n > 0 && tail[n] == '-' {
			return tail[:n]
		}
		return tail
	case "ssm":
		return strings.TrimPrefix(tail, "parameter/")
	case "cloudformation":
		tail = strings.TrimPrefix(tail, "stack/")
		tail, _, _ = strings.Cut(tail, "/")
		return tail
	case "elasticloadbalancing":
		return name // calls name them by ARN
	case "iam":
		return tail[strings.LastIndexByte(tail, '/')+1:]
	case "ecr":
		return strings.TrimPrefix(tail, "repository/")
	case "dynamodb":
		tail = strings.TrimPrefix(tail, "table/")
		tail, _, _ = strings.Cut(tail, "/")
		return tail
	}
	if i := strings.IndexAny(tail, "/:"); i >= 0 {
		tail = tail[i+1:]
	}
	return tail
}

// leftover lists what was created and not deleted since. A scan that is newer
// than the creation decides where it can: what it does not have is gone.
func (j *judge) leftover() []Leftover {
	list := []Leftover{}
	gone := 0
	for k, m := range j.s.made {
		if j.removedAfter(k, m.at) {
			continue
		}
		r := j.find(k.thing)
		if r == nil && k.other != "" {
			r = j.find(thing{k.service, k.account, k.region, k.other})
		}
		newer := !j.o.Scanned.IsZero() && j.o.Scanned.Unix() > m.at
		if newer && r == nil && j.scans(k.service) {
			gone++
			continue
		}
		list = append(list, Leftover{ID: k.name, Name: k.other, Service: k.service, Action: m.action, By: m.by, Account: k.account, Region: k.region,
			At: time.Unix(m.at, 0).UTC(), Rule: j.ruler.name(m.rule), Seen: newer && r != nil})
	}
	if gone > 0 {
		j.note("%d things that were created are not in the newer inventory: they are gone, without a record of who deleted them", gone)
	}
	slices.SortFunc(list, func(a, b Leftover) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Service, b.Service), strings.Compare(a.ID, b.ID), strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region), strings.Compare(a.Name, b.Name))
	})
	return list
}

func (j *judge) removedAfter(k madeKey, at int64) bool {
	for _, name := range []string{k.name, k.other} {
		if name == "" {
			continue
		}
		t := nameThing(thing{k.service, k.account, k.region, name})
		if removed, ok := j.s.removed[t]; ok && removed >= at {
			return true
		}
	}
	return false
}

// scans reports whether the inventory holds anything of a service: what it was
// not asked about, it does not know to be gone.
func (j *judge) scans(service string) bool {
	if j.scanned == nil {
		j.scanned = map[string]bool{}
		for i := range j.inv.Resources {
			if parts := strings.SplitN(string(j.inv.Resources[i].ID), ":", 4); len(parts) == 4 {
				j.scanned[parts[2]] = true
			}
		}
	}
	return j.scanned[service]
}

func (j *judge) find(t thing) *resource {
	if j.locator == nil {
		return nil
	}
	if r := j.locator.Used(graph.Use{Service: t.service, Resource: t.name, Account: account(t.account), Region: region(t.region)}); r != nil {
		return j.of[string(r.ID)]
	}
	return nil
}
