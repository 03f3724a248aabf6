package azure

import (
	"context"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/target"
)

const (
	locksVersion    = "2020-05-01"
	policiesVersion = "2022-06-01"
)

// rule is a lock or an assignment of a policy.
type rule struct {
	ID         string
	Name       string
	Properties struct {
		Level           string
		DisplayName     string
		EnforcementMode string
	}
}

// rules lists what of a type holds at a scope.
func (d *Deployer) rules(ctx context.Context, scope, kind, version string) ([]rule, error) {
	var out []rule
	next := scope + "/providers/Microsoft.Authorization/" + kind
	for next != "" {
		var page struct {
			Value    []rule
			NextLink string
		}
		if _, err := d.client.get(ctx, next, version, &page); err != nil {
			return nil, err
		}
		out = append(out, page.Value...)
		next = page.NextLink
	}
	return out, nil
}

// locks checks that nothing forbids writes where the design goes: a lock of
// level ReadOnly on the subscription, the resource group or something in it
// (Microsoft Learn, "Lock your resources to protect your infrastructure").
func (d *Deployer) locks(ctx context.Context, in *design.Design, out *checks) {
	subscription := "/subscriptions/" + d.subscribed
	list, err := d.rules(ctx, subscription, "locks", locksVersion)
	if err != nil {
		out.add("locks", target.Unknown, "", "%v", brief(err))
		return
	}
	group := strings.ToLower(string(in.Place.GroupID()))
	forbidden := false
	for _, l := range list {
		scope, _, _ := strings.Cut(strings.ToLower(l.ID), "/providers/microsoft.authorization/locks/")
		ours := scope == strings.ToLower(subscription) || scope == group || strings.HasPrefix(scope, group+"/")
		if ours && strings.EqualFold(l.Properties.Level, "ReadOnly") {
			forbidden = true
			out.add("lock "+l.Name, target.Fails, "az lock delete --ids "+l.ID+", when its owner agrees", "it is read-only and forbids every change in %s", in.Place.Group)
		}
	}
	if !forbidden {
		out.add("locks", target.OK, "", "none forbids changes")
	}
}

// policies tells which assignments are in force: what they deny shows only when
// Azure validates the deployment, so they are unknown and no yes.
func (d *Deployer) policies(ctx context.Context, _ *design.Design, out *checks) {
	list, err := d.rules(ctx, "/subscriptions/"+d.subscribed, "policyAssignments", policiesVersion)
	if err != nil {
		out.add("policies", target.Unknown, "", "%v", brief(err))
		return
	}
	held := 0
	for _, p := range list {
		if strings.EqualFold(p.Properties.EnforcementMode, "DoNotEnforce") {
			continue
		}
		held++
		name := p.Properties.DisplayName
		if name == "" {
			name = p.Name
		}
		out.add("policy "+name, target.Unknown, "read what it denies: az policy assignment show --name "+p.Name, "in force; Azure tells only while it validates the deployment whether it denies any of it")
	}
	if held == 0 {
		out.add("policies", target.OK, "", "none is assigned")
	}
}
