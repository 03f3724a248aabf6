package graph

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph/refs"
	"example.com/landfall/internal/inventory"
)

// maxPattern bounds to how many resources one pattern of a policy is resolved.
// A pattern that fits more says nothing about any of them.
const maxPattern = 50

// policies makes the edges that the policies of a resource give: what a role
// may do, and who may use a bucket, a queue, a key.
func (m *maker) policies(i int32, r *inventory.Resource) {
	for _, p := range identityPolicies(r) {
		for _, holder := range m.holders(i, r) {
			m.identityPolicy(holder, i, p)
		}
	}
	for _, p := range resourcePolicies(r) {
		for _, guarded := range m.guarded(i, r) {
			m.resourcePolicy(guarded, i, p)
		}
	}
	m.trust(i, r)
}

// identityPolicies are documents that say what the holder may do.
func identityPolicies(r *inventory.Resource) []any {
	if r.Kind.Service() != "IAM" && r.Kind != "AWS::SSO::PermissionSet" && r.Kind.Service() != "Serverless" {
		return nil
	}
	var list []any
	if d := r.Properties["PolicyDocument"]; d != nil {
		list = append(list, d)
	}
	for _, p := range elements(r.Properties["Policies"]) {
		if d := at(p, "PolicyDocument"); d != nil {
			list = append(list, d)
		}
	}
	return list
}

// holders are whose policy it is: the role itself, those that an inline
// policy of a template names, or the managed policy, whose users need it.
func (m *maker) holders(i int32, r *inventory.Resource) []int32 {
	switch r.Kind {
	case "AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy":
		var list []int32
		for _, key := range []string{"Roles", "Users", "Groups", "RoleName", "UserName", "GroupName"} {
			list = append(list, m.mentioned(i, key, r.Properties[key])...)
		}
		return list
	}
	return []int32{i}
}

// resourcePolicies are documents that say who may use the resource.
func resourcePolicies(r *inventory.Resource) []any {
	var list []any
	for _, key := range []string{"Policy", "KeyPolicy", "ResourcePolicy", "RepositoryPolicyText", "FileSystemPolicy", "AccessPolicies", "BucketPolicy", "AccessPolicy"} {
		if d := r.Properties[key]; d != nil {
			list = append(list, d)
		}
		if d := r.Attributes[key]; d != nil {
			list = append(list, d)
		}
	}
	if d := r.Properties["PolicyDocument"]; d != nil && r.Kind.Service() != "IAM" {
		list = append(list, d)
	}
	return list
}

func (m *maker) guarded(i int32, r *inventory.Resource) []int32 {
	switch r.Kind {
	case "AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::SecretsManager::ResourcePolicy":
		var list []int32
		for _, key := range parents(r.Kind) {
			list = append(list, m.mentioned(i, key, r.Properties[key])...)
		}
		return append(list, m.mentioned(i, "SecretId", r.Properties["SecretId"])...)
	}
	return []int32{i}
}

// statement is one statement of a policy, with what its condition says.
type statement struct {
	inventory.Statement
	condition string
	sources   []string
}

func statements(policy any) []statement {
	var list []statement
	for _, one := range inventory.Policy(policy) {
		s := statement{Statement: one}
		s.Principals = append(s.Principals, one.Federated...)
		if one.Conditions != nil {
			s.condition, s.sources = conditionNote(one.Conditions), conditionSources(one.Conditions)
		}
		list = append(list, s)
	}
	return list
}

func conditionNote(c map[string]any) string {
	var names []string
	for _, op := range sortedKeys(c) {
		if m, ok := c[op].(map[string]any); ok {
			for _, key := range sortedKeys(m) {
				names = append(names, op+" "+key)
			}
		}
	}
	return "if " + strings.Join(names, ", ")
}

// conditionSources are the ARNs that aws:SourceArn must be: the one resource
// for which a service may act.
func conditionSources(c map[string]any) []string {
	var list []string
	for _, op := range sortedKeys(c) {
		m, _ := c[op].(map[string]any)
		for _, key := range sortedKeys(m) {
			if strings.EqualFold(key, "aws:SourceArn") {
				list = append(list, refs.Strings(m[key])...)
			}
		}
	}
	return list
}

// identityPolicy: what the holder may do with resources that exist.
func (m *maker) identityPolicy(holder, where int32, policy any) {
	for _, s := range statements(policy) {
		if !s.Allow {
			continue
		}
		byRelation := map[Relation][]string{}
		for _, action := range s.Actions {
			service, list := patternRelations(action)
			for _, rel := range list {
				byRelation[rel] = append(byRelation[rel], service)
			}
		}
		if len(byRelation) == 0 {
			m.manages(holder, where, s)
		}
		for rel, services := range byRelation {
			slices.Sort(services)
			for _, pattern := range s.Resources {
				m.permits(holder, where, pattern, permission{relation: rel, services: slices.Compact(services), condition: s.condition, actions: strings.Join(s.Actions, ",")})
			}
		}
	}
}

// manages: a statement whose actions only look at or change what it names
// (codebuild:StartBuild, iam:PassRole, sqs:GetQueueAttributes). Which data
// flows that is no one can tell, so the edge is a potential one, and only for
// a resource that is named without a pattern.
func (m *maker) manages(holder, where int32, s statement) {
	actions := shortened(strings.Join(s.Actions, ","))
	for _, pattern := range s.Resources {
		if !strings.HasPrefix(pattern, "${ref:") && strings.ContainsAny(pattern, "*?") {
			continue
		}
		list, _ := m.resolve(where, pattern, nil)
		for _, to := range list {
			if to != holder {
				m.add(link{from: holder, to: to, relation: MayUse, sure: surePotential, potential: true, evidence: Evidence{Source: fromPolicy, At: actions, Note: s.condition}})
			}
		}
	}
}

// shortened keeps the beginning of a long list of actions.
func shortened(actions string) string {
	if len(actions) > 120 {
		return actions[:117] + "..."
	}
	return actions
}

// permission is what a statement lets happen.
type permission struct {
	relation  Relation
	services  []string
	condition string
	actions   string
}

// permits resolves one resource pattern of a policy.
func (m *maker) permits(holder, where int32, pattern string, p permission) {
	list, sure := m.resolve(where, pattern, p.services)
	potential := false
	if sure == surePotential {
		potential = true
	}
	rel, note := p.relation, p.condition
	if p.condition != "" {
		sure *= sureCondition
	}
	if potential {
		rel = MayUse
	}
	p.actions = shortened(p.actions)
	for _, to := range list {
		m.add(link{from: holder, to: to, relation: rel, sure: sure, potential: potential, evidence: Evidence{Source: fromPolicy, At: p.actions, Note: note}})
	}
	if len(list) == 0 && !potential && strings.HasPrefix(pattern, "arn:") && !strings.ContainsAny(pattern, "*?$") && !managedByAWS(pattern) {
		m.add(link{from: holder, to: m.external(ExternalResource, pattern), relation: rel, sure: sure, evidence: Evidence{Source: fromPolicy, At: p.actions, Note: note}})
	}
}

// resolve finds what a resource pattern means, and how much that says: an
// exact ARN, a pattern that begins with a name, or everything there is.
func (m *maker) resolve(where int32, pattern string, services []string) ([]int32, float64) {
	if list := m.referred(where, pattern); len(list) > 0 {
		return list, surePolicy
	}
	if !strings.ContainsAny(pattern, "*?") || strings.HasPrefix(pattern, "${ref:") {
		var list []int32
		for _, f := range m.index.Find(where, strings.TrimSuffix(pattern, "/*")) {
			if f.To >= 0 {
				list = append(list, f.To)
			}
		}
		return list, surePolicy
	}
	// A bucket's objects: the pattern after the bucket's name matters no more.
	if rest, ok := strings.CutPrefix(pattern, "arn:aws:s3:::"); ok {
		bucket, _, _ := strings.Cut(rest, "/")
		if !strings.ContainsAny(bucket, "*?") {
			return m.index.ARN(where, "arn:aws:s3:::"+bucket), surePolicy
		}
	}
	if base := strings.TrimRight(pattern, ":*/"); strings.HasPrefix(pattern, "arn:") && !strings.ContainsAny(base, "*?") && strings.Count(base, ":") >= 5 {
		if list := m.index.ARN(where, base); len(list) > 0 && !coarse(m.resources, list, base) {
			return list, surePolicy
		}
	}
	list, vague := m.matching(pattern, services)
	if vague || len(list) > maxPattern {
		if len(list) > maxPattern {
			return nil, surePotential
		}
		return list, surePotential
	}
	return list, surePattern
}

// referred are the resources that a template's pattern refers to: the bucket of
// "arn:aws:s3:::${Bucket}/*". Within an ARN only those of its service count:
// the log group of a function bears the function's name and is not it.
func (m *maker) referred(where int32, pattern string) []int32 {
	var list []int32
	for _, ref := range inventory.References(pattern) {
		for _, f := range m.index.Find(where, ref.String()) {
			if f.To >= 0 && !slices.Contains(list, f.To) {
				list = append(list, f.To)
			}
		}
	}
	if parts := strings.SplitN(pattern, ":", 4); len(parts) == 4 && parts[0] == "arn" {
		kinds := m.index.Kinds(parts[2])
		list = slices.DeleteFunc(list, func(i int32) bool { return !slices.Contains(kinds, m.resources[i].Kind) })
	}
	return list
}

// coarse guards against cutting an ARN down to something else than what was
// meant: the cut text must end like the resource found.
func coarse(resources []inventory.Resource, list []int32, base string) bool {
	for _, i := range list {
		id := string(resources[i].ID)
		if strings.HasPrefix(id, base) || strings.HasPrefix(base, id) || strings.HasSuffix(base, resources[i].Name) {
			return false
		}
	}
	return true
}

// matching gives the resources of the services that fit a pattern; vague says
// that the pattern names none in particular.
func (m *maker) matching(pattern string, services []string) (list []int32, vague bool) {
	kinds := m.kindsOf(services)
	tail := pattern
	if parts := strings.SplitN(pattern, ":", 6); len(parts) == 6 {
		tail = parts[5]
	}
	if cut := strings.IndexAny(tail, "/:"); cut >= 0 && strings.Trim(tail[cut:], "/:*") == "" {
		vague = true
	}
	vague = vague || pattern == "*" || strings.Trim(tail, "*") == ""
	if vague && pattern == "*" && len(services) != 1 {
		return nil, true
	}
	for _, k := range kinds {
		for _, i := range m.byKind[k] {
			id := string(m.resources[i].ID)
			if pattern == "*" || matches(pattern, id) || matches(strings.TrimSuffix(pattern, "/*"), id) || namedLike(&m.resources[i], tail) {
				list = append(list, i)
				if len(list) > maxPattern {
					return nil, true
				}
			}
		}
	}
	return list, vague
}

// namedLike compares the end of a pattern with the name of a resource whose
// ARN is not known, because only a template describes it.
func namedLike(r *inventory.Resource, tail string) bool {
	if r.LogicalID == "" {
		return false
	}
	if cut := strings.IndexAny(tail, "/:"); cut >= 0 {
		tail = tail[cut+1:]
	}
	name := strings.TrimPrefix(givenName(r), "/")
	return name != "" && strings.Trim(tail, "*") != "" && matches(tail, name)
}

// kindsOf are the kinds that data actions of the services are about.
func (m *maker) kindsOf(services []string) []cloud.Kind {
	var list []cloud.Kind
	for _, s := range services {
		for _, k := range m.index.Kinds(s) {
			if policyTarget(k) {
				list = append(list, k)
			}
		}
	}
	return list
}

func policyTarget(k cloud.Kind) bool {
	switch k {
	case "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::SecretsManager::Secret", "AWS::SSM::Parameter", "AWS::KMS::Key", "AWS::Lambda::Function", "AWS::Kinesis::Stream", "AWS::KinesisFirehose::DeliveryStream",
		"AWS::StepFunctions::StateMachine", "AWS::Events::EventBus", "AWS::ECR::Repository", "AWS::Logs::LogGroup", "AWS::IAM::Role":
		return true
	}
	return stores(k)
}

// resourcePolicy: principals of the account that a resource lets in use it;
// a service that it lets in for one source is used by that source.
func (m *maker) resourcePolicy(guarded, where int32, policy any) {
	for _, s := range statements(policy) {
		if !s.Allow {
			continue
		}
		var relations []Relation
		for _, action := range s.Actions {
			_, list := patternRelations(action)
			for _, rel := range list {
				if !containsRelation(relations, rel) {
					relations = append(relations, rel)
				}
			}
		}
		for _, principal := range s.Principals {
			m.principal(guarded, where, principal, relations, s)
		}
		m.serviceSources(guarded, where, s, relations)
	}
}

func (m *maker) principal(guarded, where int32, principal string, relations []Relation, s statement) {
	account, outside := foreignAccount(principal, string(m.resources[guarded].Account))
	for _, f := range m.index.Find(where, principal) {
		if f.To < 0 || f.To == guarded {
			continue
		}
		for _, rel := range relations {
			m.add(link{from: f.To, to: guarded, relation: rel, sure: surePolicy, evidence: Evidence{Source: fromPolicy, At: "resource policy", Note: s.condition}})
		}
	}
	if outside {
		m.add(link{from: m.external(ExternalAccount, account), to: guarded, relation: MayUse, sure: surePotential, potential: true, evidence: Evidence{Source: fromPolicy, At: "resource policy", Note: s.condition}})
	}
}

// foreignAccount gives the account of a principal when it is another than own.
func foreignAccount(principal, own string) (string, bool) {
	account := principal
	if parts := strings.SplitN(principal, ":", 6); len(parts) == 6 {
		account = parts[4]
	}
	if len(account) != 12 || strings.Trim(account, "0123456789") != "" || account == own || own == "" {
		return "", false
	}
	return account, true
}

// serviceSources: "sns.amazonaws.com may send if the source is this topic".
func (m *maker) serviceSources(guarded, where int32, s statement, relations []Relation) {
	if len(s.Services) == 0 {
		return
	}
	for _, source := range s.sources {
		for _, f := range m.index.Find(where, source) {
			if f.To < 0 || f.To == guarded {
				continue
			}
			for _, rel := range relations {
				m.add(link{from: f.To, to: guarded, relation: servicePush(rel), sure: surePolicy, evidence: Evidence{Source: fromPolicy, At: "resource policy", Note: "through " + strings.Join(s.Services, ", ")}})
			}
		}
	}
}

// servicePush: what a service does on behalf of a resource is a delivery,
// except that a distribution fetches.
func servicePush(rel Relation) Relation {
	switch rel {
	case Reads:
		return FetchesFrom
	case Writes, Invokes:
		return DeliversTo
	}
	return rel
}

// trust: who may take a role. Other accounts and identity providers are worth
// knowing; AWS's own services are not.
func (m *maker) trust(i int32, r *inventory.Resource) {
	if r.Kind != "AWS::IAM::Role" {
		return
	}
	for _, s := range statements(r.Properties["AssumeRolePolicyDocument"]) {
		for _, principal := range s.Principals {
			e := Evidence{Source: fromPolicy, At: "AssumeRolePolicyDocument", Note: s.condition}
			for _, f := range m.index.Find(i, principal) {
				if f.To >= 0 && f.To != i {
					m.add(link{from: f.To, to: i, relation: MayAssume, sure: surePotential, potential: true, evidence: e})
				}
			}
			if account, ok := foreignAccount(principal, string(r.Account)); ok {
				m.add(link{from: m.external(ExternalAccount, account), to: i, relation: MayAssume, sure: surePotential, potential: true, evidence: e})
			}
		}
	}
}
