package cloudformation

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// fold puts what a template may write as a resource of its own into the
// property of what it belongs to as well, because reading the account shows it
// there and nowhere else: rules of security groups, inline policies, and the
// roles that a managed policy names.
func fold(all []inventory.Observation) {
	byID := map[cloud.ResourceID]*inventory.Observation{}
	for i := range all {
		byID[all[i].ID] = &all[i]
	}
	for i := range all {
		o := &all[i]
		switch o.Kind {
		case "AWS::EC2::SecurityGroupIngress":
			into(byID, o, o.Properties["GroupId"], "SecurityGroupIngress", without(o.Properties, "GroupId", "GroupName", "Id"))
		case "AWS::EC2::SecurityGroupEgress":
			into(byID, o, o.Properties["GroupId"], "SecurityGroupEgress", without(o.Properties, "GroupId", "Id"))
		case "AWS::IAM::Policy":
			policy := only(o.Properties, "PolicyName", "PolicyDocument")
			for _, owner := range []string{"Roles", "Users", "Groups"} {
				into(byID, o, o.Properties[owner], "Policies", policy)
			}
		case "AWS::IAM::RolePolicy":
			into(byID, o, o.Properties["RoleName"], "Policies", only(o.Properties, "PolicyName", "PolicyDocument"))
		case "AWS::IAM::UserPolicy":
			into(byID, o, o.Properties["UserName"], "Policies", only(o.Properties, "PolicyName", "PolicyDocument"))
		case "AWS::IAM::GroupPolicy":
			into(byID, o, o.Properties["GroupName"], "Policies", only(o.Properties, "PolicyName", "PolicyDocument"))
		case "AWS::IAM::ManagedPolicy":
			arn := inventory.Reference{Resource: o.ID}.String()
			for _, owner := range []string{"Roles", "Users", "Groups"} {
				into(byID, o, o.Properties[owner], "ManagedPolicyArns", arn)
			}
		}
	}
}

// into adds a value to a list of every resource that owners refer to. What
// exists only under a condition is left where it is.
func into(byID map[cloud.ResourceID]*inventory.Observation, from *inventory.Observation, owners any, property string, value any) {
	if len(from.Marks) > 0 {
		return
	}
	list, ok := owners.([]any)
	if !ok {
		list = []any{owners}
	}
	for _, one := range list {
		text, _ := one.(string)
		references := inventory.References(text)
		if len(references) != 1 {
			continue
		}
		owner := byID[references[0].Resource]
		if owner == nil {
			continue
		}
		had, ok := owner.Properties[property].([]any)
		if ok || owner.Properties[property] == nil {
			owner.Properties[property] = append(had, value)
		}
	}
}

func only(properties inventory.Properties, names ...string) map[string]any {
	out := map[string]any{}
	for _, name := range names {
		if v, ok := properties[name]; ok {
			out[name] = v
		}
	}
	return out
}

func without(properties inventory.Properties, names ...string) map[string]any {
	out := map[string]any{}
	for name, v := range properties {
		out[name] = v
	}
	for _, name := range names {
		delete(out, name)
	}
	return out
}
