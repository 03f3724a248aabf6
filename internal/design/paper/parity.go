package paper

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// control is a security control with the way in which the design has it.
type control struct {
	name   string
	before []cloud.Kind
	// after says how the design has it, how many things stand for it, and whether
	// they are enough.
	after func(d *design.Design) (state string, count int, good bool)
}

func controls() []control {
	return []control{
		{"network isolation", []cloud.Kind{"AWS::EC2::SecurityGroup", "AWS::EC2::NetworkAcl"}, isolation},
		{"private access to services", []cloud.Kind{"AWS::EC2::VPCEndpoint"}, having("private endpoints", "Microsoft.Network/privateEndpoints")},
		{"web application firewall", []cloud.Kind{"AWS::WAFv2::WebACL", "AWS::WAF::WebACL", "AWS::WAFRegional::WebACL"}, having("policies", "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies", "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies")},
		{"least privilege", []cloud.Kind{"AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}, privilege},
		{"secrets kept apart", []cloud.Kind{"AWS::SecretsManager::Secret", "AWS::SSM::Parameter"}, having("vaults", "Microsoft.KeyVault/vaults")},
		{"own encryption keys", []cloud.Kind{"AWS::KMS::Key"}, having("keys", "Microsoft.KeyVault/vaults/keys")},
		{"encryption on the way", []cloud.Kind{"AWS::ElasticLoadBalancingV2::Listener", "AWS::S3::BucketPolicy"}, transit},
		{"audit trail", []cloud.Kind{"AWS::CloudTrail::Trail"}, audit},
		{"network flow logs", []cloud.Kind{"AWS::EC2::FlowLog"}, having("flow logs", "Microsoft.Network/networkWatchers/flowLogs")},
		{"backups", []cloud.Kind{"AWS::Backup::BackupPlan", "AWS::Backup::BackupVault"}, backups},
		{"threat detection", []cloud.Kind{"AWS::GuardDuty::Detector", "AWS::SecurityHub::Hub", "AWS::InspectorV2::Filter"}, having("plans", "Microsoft.Security/pricings")},
		{"configuration compliance", []cloud.Kind{"AWS::Config::ConfigRule", "AWS::Config::ConfigurationRecorder"}, having("policy assignments", "Microsoft.Authorization/policyAssignments")},
	}
}

func having(what string, kinds ...cloud.Kind) func(*design.Design) (string, int, bool) {
	return func(d *design.Design) (string, int, bool) {
		n := len(of(d, kinds...))
		if n == 0 {
			return "none in the design", 0, false
		}
		return fmt.Sprintf("%s: %d", what, n), n, true
	}
}

func isolation(d *design.Design) (string, int, bool) {
	groups := len(of(d, "Microsoft.Network/networkSecurityGroups"))
	words := counted(groups, "network security group", "network security groups")
	switch {
	case d.Network == nil:
		return words + ", nothing proved", groups, false
	case d.Network.Equal:
		return words + "; proved equal over " + counted(d.Network.Endpoints, "endpoint", "endpoints"), groups, true
	}
	return fmt.Sprintf("%s; %s, %d undecided", words, counted(len(d.Network.Differences), "difference", "differences"), len(d.Network.Undecided)), groups, false
}

func privilege(d *design.Design) (string, int, bool) {
	wider := 0
	for _, g := range d.Identity {
		if len(g.Wider) > 0 {
			wider++
		}
	}
	return fmt.Sprintf("%s, %d of them may do more than before", counted(len(d.Identity), "managed identity", "managed identities"), wider), len(d.Identity), wider == 0
}

// audit asks for what keeps the activity log, which is what records the calls
// to Azure itself: the logs of single resources are no trail (Microsoft Learn,
// "Activity log in Azure Monitor").
func audit(d *design.Design) (string, int, bool) {
	exports := 0
	settings := of(d, "Microsoft.Insights/diagnosticSettings")
	for _, r := range settings {
		for _, l := range design.Maps(design.At(r.Body, "properties.logs")) {
			if strings.EqualFold(design.Text(l, "category"), "Administrative") && !strings.EqualFold(design.Text(l, "enabled"), "false") {
				exports++
				break
			}
		}
	}
	if exports == 0 {
		return fmt.Sprintf("nothing exports the activity log; diagnostic settings of single resources: %d", len(settings)), 0, false
	}
	return fmt.Sprintf("diagnostic settings that export the activity log: %d", exports), exports, true
}

// backups counts what makes backups; a vault alone makes none.
func backups(d *design.Design) (string, int, bool) {
	policies, items, databases := 0, 0, 0
	for _, r := range d.Resources {
		kind := strings.ToLower(string(r.Type))
		switch {
		case strings.HasSuffix(kind, "/backuppolicies"):
			policies++
		case strings.HasSuffix(kind, "/protecteditems"), strings.HasSuffix(kind, "/backupinstances"):
			items++
		case design.Int(r.Body, "properties.backup.backupRetentionDays", 0) > 0:
			databases++
		}
	}
	n := policies + items + databases
	if n == 0 {
		return fmt.Sprintf("vaults: %d, and nothing that makes backups", len(of(d, "Microsoft.RecoveryServices/vaults", "Microsoft.DataProtection/backupVaults"))), 0, false
	}
	return fmt.Sprintf("policies: %d, protected items: %d, databases that back themselves up: %d", policies, items, databases), n, true
}

// transit looks at what would accept an unencrypted connection.
func transit(d *design.Design) (string, int, bool) {
	var open []string
	for _, r := range of(d, "Microsoft.Storage/storageAccounts") {
		if v, ok := design.At(r.Body, "properties.supportsHttpsTrafficOnly").(bool); ok && !v {
			open = append(open, r.Name)
		}
	}
	for _, r := range of(d, "Microsoft.Network/applicationGateways") {
		for _, l := range design.Maps(design.At(r.Body, "properties.httpListeners")) {
			if strings.EqualFold(design.Text(l, "properties.protocol"), "Http") && !redirects(r, design.Text(l, "name")) {
				open = append(open, r.Name+" listener "+design.Text(l, "name"))
			}
		}
	}
	if len(open) > 0 {
		return "accept HTTP: " + strings.Join(open, ", "), 0, false
	}
	return "nothing in the design accepts an unencrypted connection by configuration", 0, true
}

// redirects reports whether a listener of a gateway does nothing but send
// callers elsewhere.
func redirects(gateway design.Resource, listener string) bool {
	for _, rule := range design.Maps(design.At(gateway.Body, "properties.requestRoutingRules")) {
		if strings.HasSuffix(design.Text(rule, "properties.httpListener.id"), "/"+listener) {
			return design.At(rule, "properties.redirectConfiguration") != nil
		}
	}
	return false
}

// parity prints each control before and after.
func parity(d *design.Design) []byte {
	counts := map[cloud.Kind]int{}
	for _, v := range d.Decisions {
		counts[v.Kind]++
	}
	s := begin("Security controls before and after")
	s.line("")
	rows := [][]string{{"control", "before", "after", "kept"}}
	for _, c := range controls() {
		n := 0
		for _, k := range c.before {
			n += counts[k]
		}
		state, count, good := c.after(d)
		before, kept := counted(n, "resource", "resources"), "yes"
		switch {
		case n == 0 && (!good || count == 0):
			before, kept = "none", "nothing to keep"
		case n == 0:
			before, kept = "none", "added"
		case !good:
			kept = "no: see the decisions"
		}
		rows = append(rows, []string{c.name, before, state, kept})
	}
	s.table(rows)
	s.line("")
	s.line("Not seen by any configuration, and to be asked: patching of machines, scanning of images and dependencies, penetration tests and their dates, residency rules, certifications that name the provider.")
	holders(s, d)
	for _, g := range d.Identity {
		if len(g.Wider)+len(g.Missing)+len(g.Unmapped) == 0 {
			continue
		}
		s.title("Role %s", escape(lastPart(string(g.Role))))
		for _, list := range []struct {
			name  string
			items []string
		}{{"may do more", g.Wider}, {"may do less", g.Missing}, {"has no counterpart", g.Unmapped}} {
			for _, item := range list.items {
				s.line("- %s: %s", list.name, escape(item))
			}
		}
	}
	return s.bytes()
}

// holders lists who has which role on what at the target.
func holders(s *sheet, d *design.Design) {
	label := design.Labels(d)
	var list []string
	for _, r := range d.Resources {
		if strings.HasSuffix(strings.ToLower(string(r.Type)), "roleassignments") {
			list = append(list, label(r))
		}
	}
	if len(list) == 0 {
		return
	}
	slices.Sort(list)
	s.title("Role assignments at the target")
	for _, one := range list {
		s.line("- %s", escape(one))
	}
}
