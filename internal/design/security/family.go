package security

import (
	_ "embed"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

//go:embed gaps.tsv
var gapsTSV string

//go:embed plain.tsv
var plainTSV string

// state is what a design of this family remembers between its rules.
type state struct {
	table *rights
	// attached are the policies that name a role themselves.
	attached map[cloud.ResourceID][]*inventory.Resource
	verdicts map[cloud.ResourceID]verdict
	unread   map[cloud.ResourceID][]string
	resolved map[string][]match
	roles    []catalog.Role
	builtIns map[cloud.Kind][]builtIn
	vaults   map[cloud.ResourceID]string
	stores   map[cloud.ResourceID]string
	// accounts are the roles with an identity, in the order of the design.
	accounts []*account
	// handed is what roles may do beside their policies, kept what holds something
	// of the source, by id.
	handed map[cloud.ResourceID]verdict
	kept   []kept
}

// Family returns the rules for identities, access, keys and secrets. It panics
// on an embedded table that cannot be read, which is a defect of the program.
func Family() design.Family {
	s := &state{}
	plain, err := common.Plain(plainTSV, design.Access)
	if err != nil {
		panic(err)
	}
	rules := iamRules()
	for _, more := range [][]design.Rule{s.keyRules(), s.secretRules(), s.parameterRules(), certificateRules(), cognitoRules(), plain} {
		rules = append(rules, more...)
	}
	return design.Family{Name: "security", Rules: rules, Gaps: gapsTSV, Start: s.start, Finish: s.finish, Prove: s.prove}
}

func (s *state) start(c *design.Context) {
	table, err := loadRights()
	if err != nil {
		panic(err)
	}
	*s = state{
		table: table, attached: map[cloud.ResourceID][]*inventory.Resource{}, verdicts: map[cloud.ResourceID]verdict{},
		unread: map[cloud.ResourceID][]string{}, resolved: map[string][]match{}, builtIns: map[cloud.Kind][]builtIn{},
	}
	s.attach(c)
}

// finish gives every identity what its role may do, once all targets are put.
func (s *state) finish(c *design.Context) {
	for _, r := range c.OfKind("AWS::IAM::Role") {
		if id, ok := c.TargetOf(r, identityKind); ok {
			clusterCredentials(c, r, id)
			s.grant(c, r, id)
		}
	}
}

// verdictOf works out what a role may do, once.
func (s *state) verdictOf(c *design.Context, r *inventory.Resource) verdict {
	if v, ok := s.verdicts[r.ID]; ok {
		return v
	}
	documents, unread := s.policies(c, r)
	v := s.evaluate(c, documents)
	if boundary := r.Properties["PermissionsBoundary"]; boundary != nil {
		s.bound(c, r, boundary, &v)
	}
	s.verdicts[r.ID], s.unread[r.ID] = v, unread
	return v
}

// bound takes away what a permissions boundary does not allow (IAM User Guide,
// "Permissions boundaries for IAM entities").
func (s *state) bound(c *design.Context, r *inventory.Resource, boundary any, v *verdict) {
	d := document{name: "boundary", from: r}
	if p, ok := c.Find(r, boundary, "AWS::IAM::ManagedPolicy"); ok && p.Properties["PolicyDocument"] != nil {
		d.from, d.statements = p, policyOf(p.Properties["PolicyDocument"])
	} else if actions, ok := s.table.managed[lastPart(common.Shown(boundary))]; ok {
		d.statements = []statement{{allow: true, actions: actions, resources: []string{"*"}}}
	} else {
		v.bounds = append(v.bounds, common.Shown(boundary))
		return
	}
	limit := s.evaluate(c, []document{d})
	for p := range v.may {
		_, exact := limit.may[p]
		_, any := limit.may[permission{action: p.action, literal: "*"}]
		if !exact && !any {
			delete(v.may, p)
		}
	}
}
