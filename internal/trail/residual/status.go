package residual

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/graph"
)

// settle gives a resource its status.
func (j *judge) settle(r *resource) {
	if r.Events > 0 {
		r.Status = Used
		r.Why = fmt.Sprintf("%s, the last at %s", plural(r.Events, "use", "uses"), stamp(*r.Last))
		if r.Denied == r.Events {
			r.Why = fmt.Sprintf("somebody still wants it: %s denied, the last at %s", plural(r.Denied, "attempt was", "attempts were"), stamp(*r.Last))
		}
		return
	}
	proof, why := j.proof(r)
	r.Status, r.Why = Unobservable, why
	if why == "" {
		r.Status, r.Why = Unused, proof
	}
}

// proof says why a resource without uses is proved unused, or why that cannot
// be proved.
func (j *judge) proof(r *resource) (proof, why string) {
	if !j.until.After(j.o.Since) {
		return "", "no log reaches behind the cutover"
	}
	if j.s.lost > 0 || j.s.lostThings > 0 {
		return "", "the logs name more than is kept apart: a use of it may be among the rest"
	}
	if len(r.telling) > 0 {
		slices.Sort(r.telling)
		return "", fmt.Sprintf("only told apart uses are known, but %s may run with it or ask for it", strings.Join(r.telling[:min(3, len(r.telling))], ", "))
	}
	kind, data := shows(r.Kind)
	switch kind {
	case byOthers:
		r.Follows = true
		return "", "it has no use of its own: it goes with what it serves"
	case byRequests:
		return "", "its access log is silent when nobody asks, and when it is not delivered"
	case byNetwork:
		return j.network(r)
	case byData:
		return j.data(r, data)
	case byManagement:
		return j.management(r)
	}
	if r.Kind == "" {
		return "", "what kind of resource it is, and so which log would show its use, is not known"
	}
	return "", fmt.Sprintf("which log would show the use of %s is not known", r.Kind)
}

// management proves by CloudTrail alone.
func (j *judge) management(r *resource) (proof, why string) {
	account, region := r.account, r.region
	if r.known.at != (place{}) {
		account, region = r.known.at.account, r.known.at.region
	}
	if strings.HasPrefix(string(r.Kind), "AWS::IAM::") {
		region = "" // roles are taken in every region
	}
	hours, ok := j.hoursOf(logEvents, account, region)
	if !ok {
		return "", fmt.Sprintf("no CloudTrail of %s was read", where(account, region))
	}
	if hidden := j.managementHidden(r.thing.service); hidden != "" {
		return "", hidden
	}
	if gaps := span(hours, j.o, j.until); len(gaps) > 0 {
		return "", fmt.Sprintf("CloudTrail of %s is silent from %s to %s", where(account, region), stamp(gaps[0].From), stamp(gaps[0].To))
	}
	if why := j.broken(logEvents, account, region); why != "" {
		return "", why
	}
	return fmt.Sprintf("CloudTrail of %s covers the window and has no use of it", where(account, region)), ""
}

// data proves by data events, when they are known to be logged.
func (j *judge) data(r *resource, kind string) (proof, why string) {
	proof, why = j.management(r)
	if why != "" {
		return "", why
	}
	logged, told := j.dataLogged(kind, r.ID)
	switch {
	case logged:
		return proof + ", data events included", ""
	case told:
		return "", "no trail logs the data events of it, by its selectors"
	case !r.known.dataRead && !r.known.dataWrite:
		return "", "no data event of it was ever logged: its objects may be used all the same"
	case !j.reads[thing{service: r.thing.service, account: r.known.at.account}]:
		return "", "only writing data events are logged: it may be read"
	}
	return proof + ", and earlier data events of it show that they are logged", ""
}

// network proves by the flow logs of the resource's interfaces.
func (j *judge) network(r *resource) (proof, why string) {
	if len(j.faces) == 0 {
		return "", "its use is connections, and no flow logs were read"
	}
	faces := j.interfaces(r)
	if len(faces) == 0 {
		return "", "its use is connections, and its network interface is not known"
	}
	for _, id := range faces {
		f := j.faces[id]
		if f == nil {
			return "", fmt.Sprintf("no flow log has records of its interface %s", id)
		}
		if at, ok := skippedIn(f.Skipped.Has, j.o.Since, j.until); ok {
			return "", fmt.Sprintf("AWS skipped flow records of interface %s at %s", id, stamp(at))
		}
		hours, tolerated := &f.Hours, flowSilence*time.Second
		if f.NoData == 0 { // quiet hours leave no record
			hours, _ = j.hoursOf(logFlows, f.Account, f.Region)
			tolerated = j.o.Tolerated
		}
		if gaps := hours.Silences(j.o.Since, j.until, tolerated); len(gaps) > 0 {
			return "", fmt.Sprintf("the flow log of interface %s is silent from %s to %s", id, stamp(gaps[0].From), stamp(gaps[0].To))
		}
		if why := j.broken(logFlows, f.Account, f.Region); why != "" {
			return "", why
		}
	}
	return fmt.Sprintf("the flow logs of %s cover the window and have no connection of it", strings.Join(faces, ", ")), ""
}

// interfaces are the network interfaces of a resource.
func (j *judge) interfaces(r *resource) []string {
	if j.locator != nil {
		return j.locator.Interfaces(r.ID)
	}
	var list []string
	for id, f := range j.faces {
		if id == r.ID || f.Instance == r.ID {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return list
}

func skippedIn(has func(time.Time) bool, from, to time.Time) (time.Time, bool) {
	for at := from.Truncate(time.Hour); at.Before(to); at = at.Add(time.Hour) {
		if has(at) {
			return at, true
		}
	}
	return time.Time{}, false
}

// fileGap is a file of which something could not be read: a use may stand there.
type fileGap struct {
	log, account, region string
	// at is when the file was written, by its name; zero when it does not say.
	at  time.Time
	why string
}

// broken names what of a log could not be read and may be of the window.
func (j *judge) broken(log, account, region string) string {
	for _, g := range j.gaps {
		if g.log != "" && g.log != log || g.account != "" && account != "" && g.account != account || g.region != "" && region != "" && region != "global" && g.region != region {
			continue
		}
		if !g.at.IsZero() && g.at.Before(j.o.Since) {
			continue
		}
		return g.why
	}
	return ""
}

func where(account, region string) string {
	switch {
	case account == "" && region == "":
		return "any account"
	case region == "" || region == "global":
		return "account " + account
	case account == "":
		return region
	}
	return region + " of account " + account
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// acts makes what a principal does a use of its role, and gives callers the
// component that they are.
func (j *judge) acts() {
	if j.locator == nil {
		return
	}
	for k, c := range j.s.whos.Rows() {
		r := j.locator.Principal(graph.Use{Principal: k.principal})
		if r == nil || j.of[string(r.ID)] == nil {
			continue
		}
		n := useKey{thing: thing{name: string(r.ID)}, log: logEvents, principal: k.principal, action: "acts", rule: k.rule, doing: k.doing}
		j.of[string(r.ID)].use(&n, c, j)
	}
}
