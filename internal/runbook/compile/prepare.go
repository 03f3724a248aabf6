package compile

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/runbook"
)

// Ids of steps that others refer to.
const (
	idReview   = "plan.review"
	idReady    = "prepare.ready"
	idFreeze   = "execute.freeze"
	idGo       = "execute.go"
	idStill    = "execute.unchanged"
	idOpen     = "execute.open"
	idLast     = "execute.unchanged.last"
	idSettle   = "execute.settle"
	idObserve  = "evaluate.observe"
	idSignOff  = "evaluate.sign-off"
	idBaseline = "prepare.baseline"
)

// plan adds the steps before anything is made: people agree, others are told.
func (b *book) plan() {
	b.add(runbook.Step{ID: idReview, Phase: runbook.Plan, Title: "Review the runbook and sign it", Owner: "lead",
		Probe: "the ledger holds approvals of this fingerprint", Do: "walk through every step with the people who carry it out; IT security and risk sign, and the version is frozen",
		Verify: "the approvals are in the ledger, bound to the fingerprint", UndoReason: "a review is not taken back; a new version is reviewed anew",
		Approvals:       runbook.Approvals{Count: b.people(), Roles: []string{"lead", "security"}, Why: "the plan, its risks and its point of no return"},
		ExpectedSeconds: 2 * hour, ExpectedBasis: "assumed: a workshop of two hours"})
	if len(b.Design.Quotas) > 0 {
		var wants []any
		for _, q := range b.Design.Quotas {
			wants = append(wants, map[string]any{"name": q.Name, "provider": q.Provider, "needed": q.Needed})
		}
		b.add(runbook.Step{ID: "plan.quotas", Phase: runbook.Plan, Title: "Ask for the quotas that the target needs", Owner: "platform", Needs: []string{idReview}, Inputs: map[string]any{"quotas": wants},
			Probe: "landfall deploy --environment NAME shows the limits of the subscription", Do: "ask for what is missing per subscription and region; what cannot be raised changes the design",
			Verify: "the checks of landfall deploy say that the limits suffice", ExpectedSeconds: 2 * day, ExpectedBasis: "assumed: requests take days"})
	}
	if len(b.routes) == 0 {
		return
	}
	var names []any
	var about []cloud.ResourceID
	for _, w := range b.routes {
		names = append(names, w.ID)
		about = append(about, w.Front)
	}
	b.add(runbook.Step{ID: "plan.clients", Phase: runbook.Plan, Title: "Tell the clients what changes for them", Owner: "lead", Needs: []string{idReview}, Inputs: map[string]any{"names": names}, About: about,
		Probe: "each client has confirmed", Do: "write to everyone who calls these names or has them in an allow-list: new addresses, time of the cutover, what to test before",
		Verify: "the confirmations are attached, with names and dates", ExpectedSeconds: day, ExpectedBasis: "assumed: people answer within days",
		Messages: []runbook.Message{{When: "begun", To: []string{"users"}, Text: b.Design.Workload + " moves to another cloud. Its names stay; its addresses change. The time of the switch follows."}}})
}

// prepare adds what is done before execution: nothing is written at the source.
func (b *book) prepare() {
	var before []string
	for _, e := range b.environments() {
		before = b.environment(e, before)
	}
	deployed := before
	b.push(deployed)
	b.secrets(deployed)
	b.pipelines(deployed)
	b.identity(deployed)
	b.todo(runbook.Prepare, []string{idReview})
	b.add(b.by("baseline", runbook.Step{ID: idBaseline, Phase: runbook.Prepare, Title: "Freeze the baseline", Owner: "operations", Needs: []string{idReview},
		Probe: "baseline.json has a frozen fingerprint", Do: "measure the KPIs of the source over the agreed window and freeze them: the target is compared with exactly these numbers",
		Verify: "baseline.json has a value for every gate of this runbook", UndoReason: "measuring changes nothing", ExpectedSeconds: 30 * minute, ExpectedBasis: "assumed"}))
	b.add(runbook.Step{ID: "prepare.monitoring", Phase: runbook.Prepare, Title: "Try alarms, dashboards and who is called", Owner: "operations", Needs: deployed,
		Probe: "each alert of the target has fired once in a test", Do: "fire a test of every alert rule and action group of the target; keep the source's alarms running",
		Verify: "the people on call had each message; attach the times", ExpectedSeconds: 2 * hour, ExpectedBasis: "assumed"})
	tests := b.tests(runbook.Prepare, "prepare.test", b.leaves(append(slices.Clone(deployed), b.inPhase(runbook.Prepare)...)))
	b.add(b.by("rehearsal", runbook.Step{ID: "prepare.rehearse", Phase: runbook.Prepare, Title: "Rehearse the whole runbook", Owner: "lead", Needs: append(tests, deployed...),
		Probe: "the durations of a rehearsal of this design are there", Do: "landfall run --rehearse in the sandbox, and once by hand against the environment before production; its durations are taken over by landfall plan",
		Verify: "the rehearsal went forward and back, and its durations are in the runbook", ExpectedSeconds: 4 * hour, ExpectedBasis: "assumed"}))
}

// environment adds the steps that deploy to one environment; it returns what
// has to be done before the next one.
func (b *book) environment(e Environment, before []string) []string {
	needs := append([]string{idReview}, before...)
	if b.inBook["plan.quotas"] {
		needs = append(needs, "plan.quotas")
	}
	zone := b.add(b.by("landing-zone", runbook.Step{ID: "prepare.landing-zone." + e.Name, Phase: runbook.Prepare, Title: "Check the landing zone of " + e.Name, Owner: "platform", Place: runbook.NearTarget, Needs: needs,
		Inputs: map[string]any{"environment": e.Name}, Probe: "the checks before a deployment pass", Do: "landfall deploy --environment " + e.Name + " without approval: providers, sizes, quotas, names, permissions, and what would change",
		Verify: "no check fails", UndoReason: "checking changes nothing", ExpectedSeconds: 5 * minute, ExpectedBasis: "assumed"}))
	last := zone
	if secure := b.parameters(); len(secure) > 0 {
		last = b.add(runbook.Step{ID: "prepare.parameters." + e.Name, Phase: runbook.Prepare, Title: "Give the parameters of " + e.Name + " their values", Owner: "application", Needs: []string{zone},
			Inputs: map[string]any{"environment": e.Name, "names": secure}, Probe: "every parameter without default has a value where the deployment runs", Do: "set LANDFALL_PARAMETER_<NAME> where the deployment runs; secrets go nowhere else",
			Verify: "landfall deploy --environment " + e.Name + " asks for no parameter", ExpectedSeconds: 15 * minute, ExpectedBasis: "assumed"})
	}
	approvals := runbook.Approvals{}
	var about []cloud.ResourceID
	if e.Production {
		approvals = runbook.Approvals{Count: 1, Why: "production opens after another environment was verified"}
		for _, v := range b.decisions {
			if len(v.Targets) > 0 {
				about = append(about, v.Source)
			}
		}
	}
	deploy := b.add(b.by("deploy", runbook.Step{ID: "prepare.deploy." + e.Name, Phase: runbook.Prepare, Title: "Deploy to " + e.Name, Owner: "platform", Place: runbook.NearTarget, Needs: []string{last}, Approvals: approvals, About: about,
		Inputs: map[string]any{"environment": e.Name}, Probe: "what-if finds nothing to change", Do: "landfall deploy --environment " + e.Name + ": the target resources of design.json",
		Verify: "every resource is read back and nothing is left to change", UndoReason: "the target serves nobody yet: what was made stays and is used, or the resource group is deleted by its owner",
		ExpectedSeconds: b.deploySeconds(), ExpectedBasis: "assumed: the slowest resource, and a few seconds for each"}))
	try := b.add(b.by("connections", runbook.Step{ID: "prepare.connections." + e.Name, Phase: runbook.Prepare, Title: "Try the connections of " + e.Name, Owner: "network", Place: runbook.NearTarget, Needs: []string{deploy},
		Inputs: map[string]any{"environment": e.Name}, Probe: "a report of the connections of this deployment is there", Do: "landfall connections try from the subnets of the target, between the clouds in both directions, and what must be refused",
		Verify: "every expected connection works, every other one is refused", UndoReason: "trying changes nothing", ExpectedSeconds: 20 * minute, ExpectedBasis: "assumed"}))
	return []string{try}
}

// parameters are the names of those that a deployment has to be given.
func (b *book) parameters() []any {
	var names []any
	for _, p := range b.Design.Parameters {
		if p.Default == nil {
			names = append(names, p.Name)
		}
	}
	return names
}

// deploySeconds: a VPN gateway takes about 45 minutes (Microsoft Learn, tutorial
// of a VPN connection with BGP between AWS and Azure); the other figures are
// assumed.
func (b *book) deploySeconds() int64 {
	slowest := int64(10 * minute)
	for _, r := range b.Design.Resources {
		switch kind := string(r.Type); {
		case strings.HasSuffix(kind, "Sql/managedInstances"):
			slowest = max(slowest, 4*hour)
		case strings.HasSuffix(kind, "virtualNetworkGateways"), strings.HasSuffix(kind, "redisEnterprise"):
			slowest = max(slowest, 45*minute)
		case strings.HasSuffix(kind, "applicationGateways"), strings.HasSuffix(kind, "flexibleServers"), strings.HasSuffix(kind, "managedClusters"):
			slowest = max(slowest, 20*minute)
		}
	}
	return slowest + 5*int64(len(b.Design.Resources))
}

// push adds a step for each repository of images.
func (b *book) push(needs []string) {
	for i := range b.data {
		s := &b.data[i]
		if s.Kind != "images" {
			continue
		}
		seconds, basis := copySeconds(s)
		b.add(b.by("move.images", runbook.Step{ID: "prepare.images." + s.key, Phase: runbook.Prepare, Title: "Copy the images of " + s.name, Owner: "application", Place: runbook.NearTarget, Needs: needs, About: []cloud.ResourceID{s.Source},
			Inputs: map[string]any{"data": s.ID, "source": string(s.Source), "target": string(s.Target)}, Probe: "each tag has the same digest at both registries", Do: "copy every image that is in use, by digest, with all its platforms (az acr import)",
			Verify: "the digests of all copied tags are equal", After: runbook.After{Replicates: map[string]runbook.Side{s.ID: runbook.AtTarget}},
			Undo: &runbook.Undo{Do: "leave the copies: nothing uses them", ExpectedSeconds: 10}, ExpectedSeconds: seconds, ExpectedBasis: basis}))
	}
}

// secrets adds a step that carries the secrets from store to store.
func (b *book) secrets(needs []string) {
	var list []any
	after := map[string]runbook.Side{}
	var about []cloud.ResourceID
	for i := range b.data {
		if s := &b.data[i]; s.Kind == "secrets" {
			list = append(list, map[string]any{"data": s.ID, "source": string(s.Source), "target": string(s.Target)})
			after[s.ID] = runbook.AtTarget
			about = append(about, s.Source)
		}
	}
	if len(list) == 0 {
		return
	}
	b.add(b.by("move.secrets", runbook.Step{ID: "prepare.secrets", Phase: runbook.Prepare, Title: "Carry the secrets over", Owner: "security", Needs: needs, About: about, Inputs: map[string]any{"secrets": list},
		Probe: "each secret has a value in the vault, with the same hash", Do: "read each secret and write it into the vault, from store to store in memory; hosts and ports inside of values get those of the target; rotation at the source pauses from here to the sign-off",
		Verify: "the hashes of both sides are equal, or the difference is the new host", After: runbook.After{Replicates: after},
		Undo: &runbook.Undo{Do: "delete the values from the vault and let rotation at the source go on", ExpectedSeconds: 5 * minute}, ExpectedSeconds: 10 * minute, ExpectedBasis: "assumed"}))
}

// pipelines adds the period in which every commit goes to both clouds.
func (b *book) pipelines(needs []string) {
	b.add(runbook.Step{ID: "prepare.pipelines", Phase: runbook.Prepare, Title: "Let the pipelines deploy to both clouds", Owner: "application", Needs: needs,
		Probe: "the last commit runs at both sides", Do: "landfall iac --pipelines CHECKOUT writes the Azure part beside the AWS one; the same commit goes to both, and a report compares them",
		Verify: "one commit was deployed to both sides; attach the report", Undo: &runbook.Undo{Do: "switch the Azure part off", ExpectedSeconds: 5 * minute}, ExpectedSeconds: day, ExpectedBasis: "assumed"})
}

// identity adds a look at every role whose rights are not the same.
func (b *book) identity(needs []string) {
	var list []any
	var about []cloud.ResourceID
	for _, g := range b.Design.Identity {
		if len(g.Missing)+len(g.Wider)+len(g.Unmapped) > 0 {
			list = append(list, map[string]any{"role": string(g.Role), "missing": texts(g.Missing), "wider": texts(g.Wider), "unmapped": texts(g.Unmapped)})
			about = append(about, g.Role)
		}
	}
	if len(list) == 0 {
		return
	}
	b.add(runbook.Step{ID: "prepare.identity", Phase: runbook.Prepare, Title: "Settle the rights that differ", Owner: "security", Needs: needs, About: about, Inputs: map[string]any{"roles": list},
		Probe: "each difference has a decision", Do: fmt.Sprintf("go through %s: give what is missing, take away what is wider, and decide about what has no counterpart", plural(len(list), "role", "roles")),
		Verify: "a user and a service sign in at the target and do their work; attach the result", ExpectedSeconds: 4 * hour, ExpectedBasis: "assumed"})
}

func texts(list []string) []any {
	out := make([]any, 0, len(list))
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

// tests adds the tests that landfall.yaml names, and those that people carry
// out where it names none of a sort.
func (b *book) tests(phase runbook.Phase, prefix string, needs []string) []string {
	var ids []string
	for _, sort := range []struct{ name, do, verify string }{
		{"functional", "run the functional, regression and sign-in tests against the target, on a copy of the data", "every test passes"},
		{"load", "play the baseline's own mix of requests against the target at the highest rate of the baseline", "throughput and p95 are within the tolerance of the baseline"},
		{"fault", "stop one machine, one zone and the connection to a store, and watch the target recover", "the workload recovers by itself within its RTO"},
	} {
		step := runbook.Step{ID: prefix + "-" + sort.name, Phase: phase, Title: "Test the target: " + sort.name, Owner: "application", Place: runbook.NearTarget, Needs: needs, Probe: "a result of this test for this deployment is there",
			Do: sort.do, Verify: sort.verify, UndoReason: "tests run on a copy of the data, which is made anew", ExpectedSeconds: hour, ExpectedBasis: "assumed"}
		inputs, kind := b.suite(sort.name)
		if kind != "" {
			step.Inputs = inputs
			step = b.by(kind, step)
		}
		ids = append(ids, b.add(step))
	}
	return ids
}

// suite collects the tests of one sort that landfall.yaml names.
func (b *book) suite(sort string) (map[string]any, runbook.StepKind) {
	var commands, requests []any
	for _, c := range b.Choices.Commands {
		if c.For == sort || c.For == "" && sort == "functional" {
			commands = append(commands, map[string]any{"name": c.Name, "run": c.Run})
		}
	}
	if sort == "functional" {
		for _, h := range b.Choices.HTTP {
			requests = append(requests, map[string]any{"name": h.Name, "url": h.URL, "status": max(h.Status, 0), "contains": h.Contains})
		}
	}
	if len(commands)+len(requests) == 0 {
		return nil, ""
	}
	inputs := map[string]any{}
	if len(commands) > 0 {
		inputs["commands"] = commands
	}
	if len(requests) > 0 {
		inputs["http"] = requests
	}
	return inputs, "checks"
}

// item is one thing that a person has to do.
type item struct {
	severity design.Severity
	v        *design.Decision
	do       string
}

// todo adds what people have to do by hand, a step for each owner and
// severity: none is dropped.
func (b *book) todo(phase runbook.Phase, needs []string) {
	lists := map[string][]item{}
	for _, v := range b.decisions {
		for _, do := range v.ToDo {
			if later(do) == (phase == runbook.Evaluate) {
				key := owner(v.Kind) + "." + string(worst(v))
				lists[key] = append(lists[key], item{worst(v), v, do})
			}
		}
	}
	for _, key := range sortedKeys(lists) {
		list := lists[key]
		role, severity, _ := strings.Cut(key, ".")
		var items []any
		var about []cloud.ResourceID
		for _, it := range list {
			items = append(items, map[string]any{"about": string(it.v.Source), "name": it.v.Name, "do": it.do})
			about = append(about, it.v.Source)
		}
		b.add(runbook.Step{ID: string(phase) + ".people." + role + "-" + severity, Phase: phase, Title: fmt.Sprintf("Do by hand, %s: %s of severity %s", role, plural(len(list), "thing", "things"), severity), Owner: role, Needs: needs, About: about,
			Inputs: map[string]any{"items": items, "severity": severity}, Probe: "each item has a note that says who did it", Do: "work through the list; the design says why for each: landfall explain NAME",
			Verify: "each item is done, or its reason is written down", UndoReason: "the items prepare the target or the code; each is taken back by itself where that is needed",
			ExpectedSeconds: int64(len(list)) * 30 * minute, ExpectedBasis: "assumed: half an hour for each"})
	}
}

// later reports whether the text speaks of the time after the cutover.
func later(do string) bool {
	return strings.Contains(do, "after the cutover") || strings.Contains(do, "after the copy is verified")
}

// worst is the severity of the worst gap of a decision.
func worst(v *design.Decision) design.Severity {
	for _, s := range []design.Severity{design.Critical, design.High, design.Medium} {
		if slices.ContainsFunc(v.Gaps, func(g design.Gap) bool { return g.Severity == s }) {
			return s
		}
	}
	if v.Action == design.Manual {
		return design.Medium
	}
	return design.Low
}

// owner is the role that answers for a kind of resource.
func owner(k cloud.Kind) string {
	switch k {
	case "AWS::EC2::Instance", "AWS::EC2::LaunchTemplate", "AWS::EC2::Volume", "AWS::EC2::VolumeAttachment":
		return "application"
	}
	switch k.Service() {
	case "RDS", "DynamoDB", "ElastiCache", "MemoryDB", "Redshift", "DocDB", "Neptune", "OpenSearchService", "Elasticsearch", "DAX", "DMS", "Timestream", "Cassandra":
		return "database"
	case "S3", "EFS", "FSx", "Backup", "DataSync", "Transfer", "Glue", "Athena", "LakeFormation":
		return "storage"
	case "EC2", "ElasticLoadBalancing", "ElasticLoadBalancingV2", "Route53", "Route53Resolver", "CloudFront", "GlobalAccelerator", "DirectConnect", "NetworkFirewall", "VpcLattice", "NetworkManager":
		return "network"
	case "IAM", "KMS", "SecretsManager", "CertificateManager", "Cognito", "WAFv2", "WAF", "WAFRegional", "GuardDuty", "SSO", "ACMPCA", "Shield", "Organizations":
		return "security"
	case "Logs", "CloudWatch", "CloudTrail", "Config", "XRay", "SSM", "Budgets", "Synthetics", "Chatbot":
		return "operations"
	}
	return "application"
}
