package residual

import (
	"strings"

	"example.com/landfall/internal/records/cloudtrail"
	"example.com/landfall/internal/records/dnslog"
	"example.com/landfall/internal/records/weblog"
	"example.com/landfall/internal/trail"
)

// The logs by name.
const (
	logEvents = string(trail.Events)
	logFlows  = string(trail.FlowLogs)
	logAccess = string(trail.AccessLog)
	logNames  = string(trail.DNSLog)
)

// event takes one CloudTrail record.
func (w *worker) event(e *cloudtrail.Event, ids cloudtrail.IDs) bool {
	if twice, forgot := ids.Add(e.ID); twice {
		w.dupes++
		return true
	} else if forgot {
		w.forgot++
	}
	at := e.Time.Unix()
	here := place{logEvents, e.Account, e.Region}
	in := w.heard(here, at)
	a := Act{Principal: e.Principal, Identity: e.Identity, Session: e.Session, Agent: e.Agent, Address: e.Address, Via: e.InvokedBy, Type: e.Type, Service: e.Service, Action: e.Action}
	var rule uint16
	if in {
		if len(e.Resources) > 0 {
			a.Resource = e.Resources[0]
		}
		rule = w.ruler.rule(&a)
		w.judged(logEvents, rule, 1)
		w.who(whoKey{e.Principal, rule, doingOf(e)}, counted{1, at, at})
		w.creations(e, rule)
	}
	for _, name := range e.Resources {
		t := thingOf(e.Service, e.Account, e.Region, name)
		n := known{dataRead: e.DataEvent && e.ReadOnly, dataWrite: e.DataEvent && !e.ReadOnly, at: here}
		if !in {
			if at < w.o.Since.Unix() {
				n.before = at
			}
			w.thing(t, n)
			continue
		}
		w.thing(t, n)
		w.use(useKey{thing: t, log: logEvents, principal: e.Principal, session: e.Session, address: e.Address, agent: e.Agent, via: e.InvokedBy,
			action: e.Service + ":" + e.Action, rule: rule, doing: doingOf(e), telling: telling(rule, e.Principal, e.Action)}, counted{1, at, at})
	}
	return true
}

func doingOf(e *cloudtrail.Event) doing {
	switch {
	case refused(e.Error):
		return denied
	case e.ReadOnly:
		return read
	}
	return write
}

// refused tells error codes that mean a lack of rights. Other errors are calls
// that were let in.
func refused(code string) bool {
	return strings.Contains(code, "AccessDenied") || strings.Contains(code, "Unauthorized") || strings.Contains(code, "NotAuthorized") || code == "Forbidden" || strings.Contains(code, "AuthFailure")
}

// request takes one entry of an access log.
func (w *worker) request(e *weblog.Entry) {
	at := e.Time.Unix()
	in := w.heard(place{log: logAccess}, at)
	service := frontService(e.Source)
	t := thing{service: service, name: strings.Clone(e.Front)}
	if e.Front == "" {
		t.name = strings.Clone(e.Host)
	}
	if e.Source == weblog.S3 {
		t = thingOf("s3", "", "", "arn:aws:s3:::"+e.Front)
	}
	if !in {
		n := known{}
		if at < w.o.Since.Unix() {
			n.before = at
		}
		w.thing(t, n)
		return
	}
	a := Act{Address: e.Client, Agent: e.UserAgent, Service: service, Action: e.Method, Resource: e.Front}
	if e.Source == weblog.S3 {
		a.Action = e.Operation
		a.Principal, a.Session = trail.SessionOf(e.Principal)
		if !strings.HasPrefix(a.Principal, "arn:") {
			a.Identity = internal(e.Principal, e.Operation)
		}
	}
	if strings.Contains(e.UserAgent, "Amazon-Route53-Health-Check-Service") || strings.HasPrefix(e.UserAgent, "ELB-HealthChecker") {
		a.Identity = "AWSService"
	}
	rule := w.ruler.rule(&a)
	w.judged(logAccess, rule, 1)
	k := useKey{thing: t, log: logAccess, rule: rule, doing: requestDoing(e, a.Action)}
	// Texts share the line's memory; those that stay are copied.
	k.principal, k.session, k.address = strings.Clone(a.Principal), strings.Clone(a.Session), strings.Clone(a.Address)
	k.agent, k.action = strings.Clone(a.Agent), service+":"+a.Action
	w.thing(t, known{})
	w.use(k, counted{1, at, at})
	if k.principal != "" {
		w.who(whoKey{k.principal, rule, k.doing}, counted{1, at, at})
	}
}

// internal tells requests of S3 itself, such as its lifecycle rules (Amazon S3
// user guide, "Amazon S3 server access log format": operations that begin with
// S3).
func internal(requester, operation string) string {
	if requester == "AmazonS3" || strings.HasPrefix(operation, "S3.") {
		return "AWSService"
	}
	return ""
}

func requestDoing(e *weblog.Entry, action string) doing {
	switch {
	case e.Status == 401 || e.Status == 403:
		return denied
	case e.Method == "GET" || e.Method == "HEAD" || e.Method == "OPTIONS" || strings.Contains(action, ".GET.") || strings.Contains(action, ".HEAD."):
		return read
	}
	return write
}

func frontService(s weblog.Source) string {
	switch s {
	case weblog.S3:
		return "s3"
	case weblog.CloudFront:
		return "cloudfront"
	case weblog.ALB, weblog.NLB, weblog.ClassicELB:
		return "elasticloadbalancing"
	}
	return "web"
}

// query takes one DNS question: whoever asks for a name means to use what it
// stands for.
func (w *worker) query(q *dnslog.Query) {
	at := q.Time.Unix()
	in := w.heard(place{logNames, q.Account, q.Region}, at)
	t := hostThing(q.Name)
	if !in {
		if at < w.o.Since.Unix() {
			w.thing(t, known{before: at})
		}
		return
	}
	a := Act{Address: q.Address, Session: q.Instance, Service: "dns", Action: q.Type, Resource: q.Name}
	rule := w.ruler.rule(&a)
	w.judged(logNames, rule, 1)
	w.thing(t, known{})
	w.use(useKey{thing: t, log: logNames, session: q.Instance, address: q.Address, action: "dns:" + q.Type, rule: rule, doing: read}, counted{1, at, at})
}

// hostThing is the resource that a name of AWS's own stands for, or the name.
// The names of databases begin with their identifier (Amazon RDS user guide,
// "Finding the connection information for an RDS DB instance"), those of
// buckets with the bucket (Amazon S3 user guide, "Virtual hosting of buckets").
func hostThing(host string) thing {
	label, domain, _ := strings.Cut(host, ".")
	parts := strings.Split(domain, ".")
	switch {
	case strings.HasSuffix(domain, ".rds.amazonaws.com") && len(parts) == 5:
		return thing{"rds", "", parts[1], label}
	case strings.HasSuffix(host, ".amazonaws.com") && (strings.Contains(host, ".s3.") || strings.Contains(host, ".s3-")):
		bucket, _, ok := strings.Cut(host, ".s3.")
		if !ok {
			bucket, _, _ = strings.Cut(host, ".s3-")
		}
		return thingOf("s3", "", "", "arn:aws:s3:::"+bucket)
	}
	return thing{service: "dns", name: host}
}
