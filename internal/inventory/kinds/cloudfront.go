package kinds

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

func cloudfrontRules() []Rule {
	policy := func(kind cloud.Kind, config string) Rule {
		return Rule{
			Kind: kind, Shape: cloudfrontFlat(config), ID: idAt("Id"), Name: nameAt(config + ".Name"),
			Marks: when(inventory.Default, "Type", "managed"),
		}
	}
	return []Rule{
		{
			Kind: "AWS::CloudFront::Distribution", Drop: []string{"ARN", "InProgressInvalidationBatches", "ActiveTrustedSigners", "ActiveTrustedKeyGroups", "LastModifiedTime", "AliasICPRecordals"},
			Shape: cloudfrontDistribution, ID: idAt("Id"), Aliases: []string{"Id", "DomainName", "DistributionConfig.Aliases[]"},
			Name: func(r *Reading) string {
				if name := r.Tags["Name"]; name != "" {
					return name
				}
				return r.said("DistributionConfig.Comment", "DomainName", "Id")
			},
		},
		{Kind: "AWS::CloudFront::OriginAccessControl", Shape: cloudfrontAccess, ID: idAt("Id"), Name: nameAt("OriginAccessControlConfig.Name", "Name"), Aliases: []string{"Id"}},
		{Kind: "AWS::CloudFront::CloudFrontOriginAccessIdentity", Shape: cloudfrontIdentity, ID: idAt("Id"), Aliases: []string{"Id", "S3CanonicalUserId"}, Name: nameAt("CloudFrontOriginAccessIdentityConfig.Comment")},
		{
			Kind: "AWS::CloudFront::Function", Move: map[string]string{"FunctionMetadata.FunctionARN": "FunctionARN", "FunctionMetadata.Stage": "Stage"},
			Drop: []string{"Status", "FunctionMetadata.LastModifiedTime"}, Shape: cloudfrontFlat("FunctionConfig"), ID: idAt("FunctionARN"), Name: nameAt("Name"),
		},
		policy("AWS::CloudFront::CachePolicy", "CachePolicyConfig"),
		policy("AWS::CloudFront::OriginRequestPolicy", "OriginRequestPolicyConfig"),
		policy("AWS::CloudFront::ResponseHeadersPolicy", "ResponseHeadersPolicyConfig"),
		{Kind: "AWS::CloudFront::KeyGroup", Shape: cloudfrontFlat("KeyGroupConfig"), ID: idAt("Id"), Name: nameAt("KeyGroupConfig.Name")},
		{Kind: "AWS::CloudFront::PublicKey", ID: idAt("Id"), Name: nameAt("PublicKeyConfig.Name", "Name")},
	}
}

// flat opens CloudFront's lists: the API has {"Quantity": 2, "Items": […]}
// where CloudFormation has the list. Three kinds of object keep their Items:
// origin groups and what is in them, and the lists of a response headers
// policy.
func flat(value any, name string) any {
	switch v := value.(type) {
	case []any:
		list := make([]any, len(v))
		for i, member := range v {
			list[i] = flat(member, "")
		}
		return list
	case map[string]any:
		if list, ok := flatList(v); ok && !keepsItems(name) {
			return flat(list, "")
		}
		out := map[string]any{}
		for key, member := range v {
			if key == "Quantity" && !keepsAll(name) {
				continue
			}
			inner := key
			if key == "Items" {
				inner = ""
			}
			out[key] = flat(member, inner)
		}
		return out
	}
	return value
}

// flatList is the list of an object that is nothing but a list; an empty one
// has no Items.
func flatList(object map[string]any) ([]any, bool) {
	if _, counted := object["Quantity"]; !counted {
		return nil, false
	}
	for key := range object {
		// A list of signers has a switch, which says whether the list is empty.
		if key != "Quantity" && key != "Items" && key != "Enabled" {
			return nil, false
		}
	}
	list, _ := object["Items"].([]any)
	return list, true
}

func keepsItems(name string) bool {
	switch name {
	case "OriginGroups", "Members", "StatusCodes", "AccessControlAllowOrigins", "AccessControlAllowHeaders", "AccessControlAllowMethods",
		"AccessControlExposeHeaders", "CustomHeadersConfig", "RemoveHeadersConfig":
		return true
	}
	return false
}

// keepsAll: in origin groups CloudFormation has the count too.
func keepsAll(name string) bool {
	return name == "OriginGroups" || name == "Members" || name == "StatusCodes"
}

// cloudfrontFlat opens the lists of a property.
func cloudfrontFlat(property string) func(*Reading) {
	return func(r *Reading) {
		if object, ok := r.Properties[property].(map[string]any); ok {
			r.Properties[property] = flat(object, property)
		}
	}
}

func cloudfrontDistribution(r *Reading) {
	// A list of distributions has the configuration's members in the
	// distribution itself.
	gathered("DistributionConfig", cloudfrontMembers()...)(r)
	without(cloudfrontMembers()...)(r)
	config := objectAt(r.Properties, "DistributionConfig")
	if config == nil {
		return
	}
	config, _ = flat(config, "").(map[string]any)
	delete(config, "CallerReference")
	renameIn(config, "IsIPV6Enabled", "IPV6Enabled")
	if on, ok := within(config, "Logging.Enabled").(bool); ok {
		if logging := objectAt(config, "Logging"); on {
			delete(logging, "Enabled")
		} else {
			delete(config, "Logging")
		}
	}
	for _, name := range []string{"Certificate", "CertificateSource"} {
		if viewer := objectAt(config, "ViewerCertificate"); viewer != nil {
			delete(viewer, name)
		}
	}
	// Of geographic restrictions the list has another name.
	if geo := objectAt(config, "Restrictions.GeoRestriction"); geo != nil {
		renameIn(geo, "Items", "Locations")
		delete(geo, "Quantity")
	}
	for _, origin := range objectsAt(config, "Origins") {
		renameIn(origin, "CustomHeaders", "OriginCustomHeaders")
	}
	behaviors := objectsAt(config, "CacheBehaviors")
	if first := objectAt(config, "DefaultCacheBehavior"); first != nil {
		behaviors = append(behaviors, first)
	}
	for _, b := range behaviors {
		cloudfrontBehavior(b)
	}
	r.Properties["DistributionConfig"] = config
}

func cloudfrontMembers() []string {
	return []string{
		"Aliases", "CacheBehaviors", "Comment", "ContinuousDeploymentPolicyId", "CustomErrorResponses", "DefaultCacheBehavior", "DefaultRootObject", "Enabled", "HttpVersion",
		"IsIPV6Enabled", "Logging", "OriginGroups", "Origins", "PriceClass", "Restrictions", "Staging", "ViewerCertificate", "WebACLId", "AnycastIpListId", "ConnectionMode",
		"TenantConfig", "ViewerMtlsConfig",
	}
}

// cloudfrontBehavior: the methods that are cached stand inside those that are
// allowed.
func cloudfrontBehavior(b map[string]any) {
	methods := objectAt(b, "AllowedMethods")
	if methods == nil {
		return
	}
	fill(b, "CachedMethods", methods["CachedMethods"])
	b["AllowedMethods"] = methods["Items"]
}

// renameIn gives a member another name.
func renameIn(object map[string]any, from, to string) {
	if v, ok := object[from]; ok {
		delete(object, from)
		if _, known := object[to]; !known {
			object[to] = v
		}
	}
}

// cloudfrontAccess: the list of access controls has the configuration's
// members in the control itself.
func cloudfrontAccess(r *Reading) {
	if r.Properties["OriginAccessControlConfig"] != nil {
		return
	}
	fill(r.Properties, "OriginAccessControlConfig", picked(r.Item, "Name", "Description", "SigningProtocol", "SigningBehavior", "OriginAccessControlOriginType"))
	without("Name", "Description", "SigningProtocol", "SigningBehavior", "OriginAccessControlOriginType")(r)
}

func cloudfrontIdentity(r *Reading) {
	if r.Properties["CloudFrontOriginAccessIdentityConfig"] == nil {
		fill(r.Properties, "CloudFrontOriginAccessIdentityConfig", picked(r.Item, "Comment"))
		without("Comment")(r)
	}
}
