package data

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"github.com/hashicorp/go-azure-sdk/resource-manager/storage/2025-08-01/storageaccounts"
)

// Built-in roles for blobs (Microsoft Learn, "Azure built-in roles for
// Storage").
const (
	blobReader      = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
	blobContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
)

// accessPlan is who reaches a bucket, from its policy, its block of public
// access and its ACL.
type accessPlan struct {
	// public objects are readable by anyone, listable ones can be listed too.
	public, listable bool
	// private buckets are reached from some VPCs only.
	private bool
	vpcs    []any
	// addresses are the only ones that get in, nil for all.
	addresses []storageaccounts.IPRule
}

// rules are the account's network rules.
func (a accessPlan) rules() *storageaccounts.NetworkRuleSet {
	out := &storageaccounts.NetworkRuleSet{Bypass: new(storageaccounts.BypassAzureServices), DefaultAction: storageaccounts.DefaultActionAllow}
	if a.private || len(a.addresses) > 0 {
		out.DefaultAction = storageaccounts.DefaultActionDeny
	}
	if len(a.addresses) > 0 {
		out.IPRules = &a.addresses
	}
	return out
}

func readAccess(s *sheet) accessPlan {
	out := accessPlan{}
	block := func(name string) bool { return s.yes("PublicAccessBlockConfiguration." + name) }
	// A bucket without the block is only as public as its policy or ACL makes
	// it; new buckets have the block (Amazon S3 User Guide, "Blocking public
	// access").
	if acl := s.text("AccessControl"); !block("IgnorePublicAcls") && strings.HasPrefix(acl, "PublicRead") {
		out.public, out.listable = true, true
		s.Meets("s3.acl", "AccessControl")
	}
	for _, r := range s.c.Referring(s.r, "AWS::S3::BucketPolicy", "Bucket") {
		for _, st := range statements(r.Properties["PolicyDocument"]) {
			out.learn(s, st, !block("BlockPublicPolicy") && !block("RestrictPublicBuckets"))
		}
	}
	return out
}

// learn takes from one statement what concerns the account as a whole.
func (a *accessPlan) learn(s *sheet, st statement, publicAllowed bool) {
	switch {
	case st.deny && len(st.condition("aws:sourcevpce", "aws:sourcevpc")) > 0:
		a.private = true
		for _, value := range st.condition("aws:sourcevpce", "aws:sourcevpc") {
			a.addVPC(s, value)
		}
	case len(st.condition("aws:sourceip")) > 0 && (st.deny || st.everyone):
		for _, block := range st.condition("aws:sourceip") {
			rules, ok := addressRules(block)
			if !ok {
				s.Gap("s3.private-address", block)
			}
			a.addresses = append(a.addresses, rules...)
		}
		if !st.deny && publicAllowed && st.reads() {
			a.public = true
		}
	case !st.deny && st.everyone && !st.conditional() && publicAllowed && st.reads():
		a.public = true
		a.listable = a.listable || st.allows("s3:listbucket")
	}
}

func (a *accessPlan) addVPC(s *sheet, value string) {
	if endpoint, ok := s.c.Find(s.r, value, "AWS::EC2::VPCEndpoint"); ok && endpoint.Properties["VpcId"] != nil {
		a.vpcs = append(a.vpcs, endpoint.Properties["VpcId"])
		return
	}
	if _, ok := s.c.Find(s.r, value, "AWS::EC2::VPC"); ok {
		a.vpcs = append(a.vpcs, value)
	}
}

// addressRules are the rules for a public block. A storage account takes no
// private addresses and no prefix longer than 30 (Microsoft Learn, "Configure
// Azure Storage firewalls").
func addressRules(block string) ([]storageaccounts.IPRule, bool) {
	allow := func(text string) storageaccounts.IPRule {
		return storageaccounts.IPRule{Value: text, Action: new(storageaccounts.ActionAllow)}
	}
	prefix, err := netip.ParsePrefix(block)
	if err != nil {
		address, err := netip.ParseAddr(block)
		if err != nil {
			return nil, false
		}
		prefix = netip.PrefixFrom(address, address.BitLen())
	}
	address := prefix.Masked().Addr()
	switch {
	case !address.Is4() || address.IsPrivate() || prefix.Bits() == 0:
		return nil, false
	case prefix.Bits() == 32:
		return []storageaccounts.IPRule{allow(address.String())}, true
	case prefix.Bits() == 31:
		return []storageaccounts.IPRule{allow(address.String()), allow(address.Next().String())}, true
	}
	return []storageaccounts.IPRule{allow(prefix.Masked().String())}, true
}

// statement is one statement of a policy.
type statement struct {
	sid      string
	deny     bool
	everyone bool
	// odd statements use NotPrincipal, NotAction or NotResource.
	odd        bool
	actions    []string
	resources  []string
	aws        []any
	canonical  bool
	services   []string
	conditions map[string][]string
}

func statements(document any) []statement {
	var out []statement
	for _, m := range design.Maps(design.At(document, "Statement")) {
		st := statement{
			sid: design.Text(m, "Sid"), deny: strings.EqualFold(design.Text(m, "Effect"), "Deny"),
			odd:        m["NotPrincipal"] != nil || m["NotAction"] != nil || m["NotResource"] != nil,
			conditions: map[string][]string{},
		}
		st.resources = design.Texts(m["Resource"])
		for _, a := range design.Texts(m["Action"]) {
			st.actions = append(st.actions, strings.ToLower(a))
		}
		switch p := m["Principal"].(type) {
		case string:
			st.everyone = p == "*"
		case map[string]any:
			st.aws, st.services = design.List(p["AWS"]), design.Texts(p["Service"])
			st.everyone = slices.Contains(design.Texts(p["AWS"]), "*")
			st.canonical = p["CanonicalUser"] != nil
		}
		// Whether a condition must or must not hold is left to the effect.
		for _, tests := range design.Maps(slices.Collect(maps.Values(mapping(m["Condition"])))) {
			for key, value := range tests {
				name := strings.ToLower(key)
				st.conditions[name] = append(st.conditions[name], design.Texts(value)...)
				slices.Sort(st.conditions[name])
			}
		}
		out = append(out, st)
	}
	return out
}

func (st statement) condition(keys ...string) []string {
	var out []string
	for _, key := range keys {
		out = append(out, st.conditions[key]...)
	}
	return out
}

func (st statement) conditional() bool { return len(st.conditions) > 0 }

func (st statement) allows(action string) bool {
	return slices.ContainsFunc(st.actions, func(a string) bool {
		return a == "*" || a == "s3:*" || a == action || (strings.HasSuffix(a, "*") && strings.HasPrefix(action, strings.TrimSuffix(a, "*")))
	})
}

func (st statement) reads() bool { return st.allows("s3:getobject") }

func (st statement) writes() bool {
	return st.allows("s3:putobject") || st.allows("s3:deleteobject")
}

// whole reports whether the statement is about everything in the bucket.
func (st statement) whole() bool {
	for _, r := range st.resources {
		_, tail, _ := strings.Cut(strings.TrimPrefix(personalPart.ReplaceAllString(r, ""), "arn:aws:s3:::"), "/")
		if tail != "" && tail != "*" {
			return false
		}
	}
	return true
}

// role is the built-in role that gives what the statement gives and no more;
// ok is false when none does, or when a condition or a prefix narrows it.
func (st statement) role() (guid, name string, ok bool) {
	lists, reads := st.allows("s3:listbucket"), st.reads()
	switch {
	case st.conditional() || !st.whole() || !lists || !reads:
		return "", "", false
	case st.allows("s3:putobject") && st.allows("s3:deleteobject"):
		return blobContributor, "Storage Blob Data Contributor", true
	case !st.writes():
		return blobReader, "Storage Blob Data Reader", true
	}
	return "", "", false
}

// bucketPolicy explains statement by statement where a bucket's policy went.
func bucketPolicy(s *sheet) design.Decision {
	owner, ok := bucketOf(s.c, s.r)
	s.Knows("Bucket")
	account, put := s.c.TargetOf(owner, storageAccount)
	if !ok || !put {
		s.At("PolicyDocument")
		s.Do("bring the statements of the policy into the access rules of whatever replaces its bucket")
		return s.done(design.Manual, 0.3, "no automatic mapping: the bucket that the policy protects has no target in this design")
	}
	container, _ := s.c.TargetOf(owner, storageContainer)
	s.c.Attach(s.r, account)
	var ways []string
	for i, st := range statements(s.At("PolicyDocument")) {
		name := st.sid
		if name == "" {
			name = "statement " + strconv.Itoa(i+1)
		}
		ways = append(ways, name+": "+s.statementWay(st, container))
	}
	if len(ways) == 0 {
		return s.done(design.Replace, 0.7, "the policy has no statement; access is by role assignments on storage account %s", common.LastName(account))
	}
	return s.done(design.Replace, 0.8, "its statements become settings and role assignments of storage account %s: %s", common.LastName(account), strings.Join(ways, "; "))
}

// statementWay carries one statement out and says how.
func (s *sheet) statementWay(st statement, container cloud.ResourceID) string {
	switch {
	case st.odd:
		s.Gap("s3.policy-not", "Statement "+st.sid)
		return "not translated (NotPrincipal, NotAction or NotResource)"
	case st.deny && len(st.condition("aws:securetransport")) > 0:
		return "supportsHttpsTrafficOnly"
	case st.deny && len(st.condition("s3:tlsversion")) > 0:
		return "minimumTlsVersion 1.2"
	case len(st.condition("aws:sourcevpce", "aws:sourcevpc")) > 0:
		return "private endpoint, public access off"
	case len(st.condition("aws:sourceip")) > 0:
		return "address rules of the account's firewall"
	case st.deny && slices.ContainsFunc(slices.Sorted(maps.Keys(st.conditions)), func(k string) bool { return strings.HasPrefix(k, "s3:x-amz-server-side-encryption") }):
		return "not needed: everything in the account is encrypted"
	case st.deny:
		s.Gap("s3.policy-deny", "Statement "+st.sid)
		return "not translated (a deny)"
	case st.everyone && !st.conditional():
		return "anonymous access of the container, unless the source blocks it"
	case st.canonical:
		return "Front Door's origin (private link or its managed identity)"
	case len(st.services) > 0:
		return s.serviceWay(st)
	}
	return s.principalWay(st, container)
}

// serviceWay is what becomes of the right of an AWS service to use the bucket.
func (s *sheet) serviceWay(st statement) string {
	switch {
	case slices.Contains(st.services, "cloudfront.amazonaws.com"):
		return "Front Door's origin (private link or its managed identity)"
	case slices.ContainsFunc(st.services, func(n string) bool {
		return strings.HasPrefix(n, "logging.") || strings.HasPrefix(n, "delivery.logs") || strings.HasPrefix(n, "cloudtrail") || strings.HasPrefix(n, "config.") || strings.HasPrefix(n, "logdelivery")
	}):
		return "diagnostic settings write logs with rights of their own"
	}
	s.Gap("s3.policy-service", strings.Join(st.services, ", "))
	return "not translated (" + strings.Join(st.services, ", ") + ")"
}

// principalWay gives roles of the workload a role on the container.
func (s *sheet) principalWay(st statement, container cloud.ResourceID) string {
	role, word, exact := st.role()
	var given []string
	for _, p := range st.aws {
		who, ok := s.c.Find(s.r, p, "AWS::IAM::Role", "AWS::IAM::User")
		text, _ := p.(string)
		identity, put := cloud.ResourceID(""), false
		if ok {
			identity, put = s.c.TargetOf(who, "Microsoft.ManagedIdentity/userAssignedIdentities")
		}
		switch {
		case put && container != "" && exact:
			common.RoleAssignment(s.c.Context, identity, container, role, s.r)
			given = append(given, word+" for "+who.Name)
		case ok:
			s.Gap("s3.policy-grant", "Statement "+st.sid+": "+who.Name+" "+strings.Join(st.actions, ", "))
			given = append(given, "the rights of "+who.Name+" are those of its own policies")
		case strings.Contains(text, "cloudfront:user/"):
			given = append(given, "Front Door's origin (private link or its managed identity)")
		case loadBalancerAccount(text):
			given = append(given, "diagnostic settings of the load balancer's counterpart")
		default:
			s.Gap("s3.policy-principal", common.Shown(p))
			given = append(given, "not translated ("+common.Shown(p)+")")
		}
	}
	if st.conditional() {
		s.Gap("s3.policy-condition", "Statement "+st.sid+": "+strings.Join(slices.Sorted(maps.Keys(st.conditions)), ", "))
	}
	if len(given) == 0 {
		return "no principal that Azure knows"
	}
	return strings.Join(given, ", ")
}

// loadBalancerAccount knows the accounts from which Elastic Load Balancing
// writes access logs (Elastic Load Balancing User Guide, "Enable access logs").
func loadBalancerAccount(principal string) bool {
	for _, account := range []string{"127311923021", "033677994240", "027434742980", "797873946194", "156460612806", "054676820928", "652711504416", "009996457667", "897822967062", "114774131450", "783225319266", "582318560864", "600734575887", "383597477331", "718504428378", "507241528517", "985666609251", "098369216593", "754344448648", "635631232127", "076674570225"} {
		if strings.Contains(principal, account) {
			return true
		}
	}
	return false
}
