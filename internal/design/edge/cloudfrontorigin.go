package edge

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"github.com/hashicorp/go-azure-helpers/resourcemanager/identity"
	"github.com/hashicorp/go-azure-sdk/resource-manager/cdn/2025-12-01/afdorigingroups"
	"github.com/hashicorp/go-azure-sdk/resource-manager/cdn/2025-12-01/afdorigins"
	"github.com/hashicorp/go-azure-sdk/resource-manager/managedidentity/2024-11-30/identities"
)

const (
	containerKind cloud.Kind = "Microsoft.Storage/storageAccounts/blobServices/containers"
	// blobReader is the built-in role Storage Blob Data Reader.
	blobReader = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
)

// originPlace is where an origin is at the target.
type originPlace struct {
	host, header, path string
	// container is a blob container that Front Door reads by its identity.
	container cloud.ResourceID
}

// group returns the origin group for an origin, or for a group of origins of
// which the later ones stand in when the first fails.
func (d *door) group(id string) (cloud.ResourceID, bool) {
	if done, ok := d.groups[id]; ok {
		return done, true
	}
	members := []string{id}
	for _, g := range append(design.Maps(design.At(d.config, "OriginGroups.Items")), design.Maps(d.config["OriginGroups"])...) {
		if design.Text(g, "Id") == id {
			members = nil
			for _, m := range append(design.Maps(design.At(g, "Members.Items")), design.Maps(g["Members"])...) {
				if origin := design.Text(m, "OriginId"); origin != "" {
					members = append(members, origin)
				}
			}
			d.Gap("cloudfront.failover", id)
		}
	}
	var places []originPlace
	var found []map[string]any
	for _, member := range members {
		for _, origin := range design.Maps(d.config["Origins"]) {
			if design.Text(origin, "Id") != member {
				continue
			}
			if p, ok := d.origin(origin); ok {
				places, found = append(places, p), append(found, origin)
			}
		}
	}
	if len(places) == 0 {
		return "", false
	}
	return d.putGroup(id, places, found), true
}

func (d *door) putGroup(id string, places []originPlace, origins []map[string]any) cloud.ResourceID {
	p := &afdorigingroups.AFDOriginGroupProperties{
		LoadBalancingSettings: &afdorigingroups.LoadBalancingSettingsParameters{SampleSize: new(int64(4)), SuccessfulSamplesRequired: new(int64(3)), AdditionalLatencyInMilliseconds: new(int64(50))},
		SessionAffinityState:  new(afdorigingroups.EnabledStateDisabled),
	}
	if len(places) > 1 {
		p.HealthProbeSettings = &afdorigingroups.HealthProbeParameters{ProbePath: new("/"), ProbeProtocol: new(afdorigingroups.ProbeProtocolHTTPS), ProbeRequestType: new(afdorigingroups.HealthProbeRequestTypeHEAD), ProbeIntervalInSeconds: new(int64(100))}
	}
	if container := places[0].container; container != "" {
		who := d.reader(container)
		p.Authentication = &afdorigingroups.OriginAuthenticationProperties{Type: new(afdorigingroups.OriginAuthenticationTypeUserAssignedIdentity), Scope: new("https://storage.azure.com/.default"),
			UserAssignedIdentity: &afdorigingroups.ResourceReference{Id: new(string(who))}}
	}
	group := d.C.Put(design.Target{Type: groupKind, Parent: d.profile, Base: id, NoLocation: true, Model: afdorigingroups.AFDOriginGroup{Properties: p}}, d.R)
	for i, place := range places {
		o := &afdorigins.AFDOriginProperties{HostName: new(place.host), EnabledState: new(afdorigins.EnabledStateEnabled), EnforceCertificateNameCheck: new(true), Priority: new(int64(min(i+1, 5))), Weight: new(int64(1000)),
			HTTPPort: new(int64(port(origins[i], "CustomOriginConfig.HTTPPort", 80))), HTTPSPort: new(int64(port(origins[i], "CustomOriginConfig.HTTPSPort", 443)))}
		if place.header != "" {
			o.OriginHostHeader = new(place.header)
		}
		d.origins[id] = append(d.origins[id], d.C.Put(design.Target{Type: originKind, Parent: group, Base: design.Text(origins[i], "Id"), NoLocation: true, Model: afdorigins.AFDOrigin{Properties: o}}))
		d.originGaps(origins[i])
	}
	d.groups[id], d.paths[id] = group, places[0].path
	return group
}

func port(origin map[string]any, path string, def int) int {
	if n := design.Int(origin, path, def); n >= 1 && n <= 65535 {
		return n
	}
	return def
}

// origin finds where an origin is at the target; ok is false when its
// counterpart has no name.
func (d *door) origin(origin map[string]any) (originPlace, bool) {
	name := design.Text(origin, "DomainName")
	path := strings.TrimSuffix(design.Text(origin, "OriginPath"), "/")
	found, ok := d.C.Find(d.R, name)
	if !ok {
		if common.Unresolved(name) || name == "" {
			return originPlace{}, false
		}
		if strings.HasSuffix(name, "amazonaws.com") || strings.HasSuffix(name, ".on.aws") {
			d.Do("the origin %s at AWS has no counterpart in this design: Front Door keeps asking it", name)
		}
		return originPlace{host: name, header: name, path: path}, true
	}
	if container, ok := d.C.TargetOf(found, containerKind); ok {
		account, _, _ := strings.Cut(string(container), "/blobServices/")
		host := strings.ToLower(account[strings.LastIndex(account, "/")+1:]) + ".blob.core.windows.net"
		return originPlace{host: host, header: host, path: "/" + string(container[strings.LastIndex(string(container), "/")+1:]) + path, container: container}, true
	}
	host, ok := hostOf(d.C, found)
	if !ok {
		return originPlace{}, false
	}
	if id, public := publicAddress(d.C, found); public && id != "" {
		// A balancer serves the certificate of the viewers' name; without a host
		// header of its own the origin gets the one that the viewer sent.
		d.Do("let the certificate of %s cover %s, the name by which Front Door asks it", found.Name, host)
		return originPlace{host: host, path: path}, true
	}
	return originPlace{host: host, header: host, path: path}, true
}

// reader is the identity by which Front Door reads containers that are not
// public, as an origin access control does (Microsoft Learn, "Use managed
// identities to authenticate to origins").
func (d *door) reader(container cloud.ResourceID) cloud.ResourceID {
	who := d.C.Once("edge/door/identity", func() cloud.ResourceID {
		return d.C.Put(design.Target{Type: "Microsoft.ManagedIdentity/userAssignedIdentities", Base: d.C.Options.Workload + "-frontdoor", Model: identities.Identity{}})
	})
	if profile, ok := d.C.Resource(d.profile); ok {
		profile.Body["identity"] = map[string]any{"type": string(identity.TypeUserAssigned), "userAssignedIdentities": map[string]any{string(who): map[string]any{}}}
	}
	common.RoleAssignment(d.C, who, container, blobReader)
	return who
}

func (d *door) originGaps(origin map[string]any) {
	if headers := append(design.Maps(origin["OriginCustomHeaders"]), design.Maps(design.At(origin, "CustomHeaders.Items"))...); len(headers) > 0 {
		d.Gap("cloudfront.header", design.Text(origin, "Id"))
	}
	if design.True(origin, "OriginShield.Enabled") {
		d.Gap("cloudfront.shield", design.Text(origin, "Id"))
	}
	if origin["VpcOriginConfig"] != nil {
		d.Gap("cloudfront.private", design.Text(origin, "Id"))
	}
	if ssl := design.Texts(design.At(origin, "CustomOriginConfig.OriginSSLProtocols")); len(ssl) > 0 && strings.Contains(strings.Join(ssl, " ")+" ", "SSLv3 ") {
		d.Gap("cloudfront.tls", "OriginSSLProtocols="+strings.Join(ssl, ","))
	}
}
