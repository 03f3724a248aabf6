package provider

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
)

// Reference is an id in a body that names another resource.
type Reference struct {
	// Path is where it stands.
	Path string
	// Target is the id.
	Target armid.ID
	// SameRegion says that both resources must be in one region.
	SameRegion bool
}

// References finds the ids in a body that must exist: {"id": ...} objects, as
// the network and compute providers write them, and the properties that other
// providers name after what they hold.
func References(id armid.ID, body map[string]any) []Reference {
	w := refWalk{own: id}
	w.object(document.Object(body, "properties"), "properties")
	for _, key := range slices.Sorted(maps.Keys(document.Object(body, "identity.userAssignedIdentities"))) {
		w.add("identity.userAssignedIdentities", key, "")
	}
	return w.found
}

type refWalk struct {
	own   armid.ID
	found []Reference
}

func (w *refWalk) value(v any, path, name string) {
	switch v := v.(type) {
	case string:
		if holdsID(name) {
			w.add(path, v, name)
		}
	case []any:
		for i, item := range v {
			w.value(item, path+"["+strconv.Itoa(i)+"]", name)
		}
	case map[string]any:
		w.object(v, path)
	}
}

func (w *refWalk) object(m map[string]any, path string) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		// The own id of a named element is an answer written back.
		if key == "id" && m["name"] != nil && m["properties"] != nil {
			continue
		}
		w.value(m[key], path+"."+key, key)
	}
}

// holdsID names the properties whose value is a resource id that must exist.
func holdsID(name string) bool {
	switch strings.ToLower(name) {
	case "id", "subnetid", "subnetids", "delegatedsubnetresourceid", "privatednszonearmresourceid", "privatednszoneid", "sourceserverresourceid", "workspaceresourceid", "serverfarmid",
		"virtualnetworksubnetid", "infrastructuresubnetid", "vnetsubnetid", "podsubnetid", "privatelinkserviceid", "targetresourceid", "managedenvironmentid", "environmentid",
		"diskencryptionsetid", "sourceresourceid", "storageid", "targetresourceuri", "primaryuserassignedidentityid", "proximityplacementgroupid", "capacityreservationgroupid":
		return true
	}
	return false
}

func (w *refWalk) add(path, value, name string) {
	if !strings.HasPrefix(strings.ToLower(value), "/subscriptions/") {
		return
	}
	target, err := armid.Parse(value)
	if err != nil || !target.IsResource() || strings.Contains(target.TypeKey(), "/locations") {
		return
	}
	// Platform images and other lists of the service are not stored.
	w.found = append(w.found, Reference{Path: path, Target: target, SameRegion: name == "id" && w.regional(path)})
}

// regional reports the references that Azure keeps within one region. A
// peering, a private endpoint's service and a Traffic Manager target may lie
// elsewhere.
func (w *refWalk) regional(path string) bool {
	if strings.Contains(path, "Peerings") || strings.Contains(path, "privateLink") {
		return false
	}
	switch w.own.TypeKey() {
	case "microsoft.network/virtualnetworks", "microsoft.network/networkinterfaces", "microsoft.network/loadbalancers", "microsoft.network/applicationgateways", "microsoft.compute/virtualmachines":
		return true
	}
	return false
}

// InUse is the code with which Azure refuses to delete a resource that another
// one refers to; "" when it does not refuse.
func InUse(target armid.ID) string {
	switch target.TypeKey() {
	case "microsoft.network/virtualnetworks/subnets":
		return "InUseSubnetCannotBeDeleted"
	case "microsoft.network/networksecuritygroups":
		return "InUseNetworkSecurityGroupCannotBeDeleted"
	case "microsoft.network/networkinterfaces":
		return "NicInUse"
	case "microsoft.network/publicipaddresses":
		return "PublicIPAddressCannotBeDeleted"
	case "microsoft.network/routetables":
		return "InUseRouteTableCannotBeDeleted"
	case "microsoft.network/natgateways":
		return "NatGatewayInUse"
	case "microsoft.compute/disks", "microsoft.compute/availabilitysets":
		return "OperationNotAllowed"
	case "microsoft.web/serverfarms":
		return "Conflict"
	case "microsoft.app/managedenvironments":
		return "ManagedEnvironmentHasContainerApps"
	}
	return ""
}
