package data_test

import (
	"maps"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/data"
	"example.com/landfall/internal/design/designtest"
)

func families() []design.Family { return []design.Family{designtest.Network(), data.Family()} }

func resources(d *design.Design, kind string) []design.Resource {
	return designtest.Resources(d, cloud.Kind(kind))
}

// settings are the values of a server's parameters by name.
func settings(d *design.Design, kind string) map[string]string {
	out := map[string]string{}
	for _, r := range resources(d, kind) {
		out[r.Name[strings.LastIndexByte(r.Name, '/')+1:]] = design.Text(r.Body, "properties.value")
	}
	return out
}

func same(a, b map[string]string) bool { return maps.Equal(a, b) }

// at reads a value of a body as a text.
func at(r design.Resource, path string) string { return design.Text(r.Body, path) }

func checked(t *testing.T, template string) *design.Design {
	t.Helper()
	d := designtest.Shuffled(t, families(), designtest.FromTemplate(t, template)...)
	designtest.Check(t, d)
	return d
}

// want reports values of a body that are others than expected.
func want(t *testing.T, r design.Resource, values map[string]string) {
	t.Helper()
	for path, value := range values {
		if got := at(r, path); got != value {
			t.Errorf("%s: %s is %q, want %q", r.Name, path, got, value)
		}
	}
}

func wantGaps(t *testing.T, d design.Decision, ids ...string) {
	t.Helper()
	have := map[string]bool{}
	for _, id := range designtest.GapIDs(d) {
		have[id] = true
	}
	for _, id := range ids {
		if !have[id] {
			t.Errorf("%s lacks gap %s; it has %v", d.Name, id, designtest.GapIDs(d))
		}
	}
}

func wantToDo(t *testing.T, d design.Decision, words string) {
	t.Helper()
	if !strings.Contains(strings.Join(d.ToDo, "\n"), words) {
		t.Errorf("%s: nothing to do says %q: %q", d.Name, words, d.ToDo)
	}
}

// decisionOf is the decision for a kind and name: names repeat across kinds.
func decisionOf(t *testing.T, d *design.Design, kind cloud.Kind, name string) design.Decision {
	t.Helper()
	for _, one := range d.Decisions {
		if one.Kind == kind && (one.Name == name || strings.HasSuffix(string(one.Source), "/"+name)) {
			return one
		}
	}
	t.Fatalf("no decision for %s %s", kind, name)
	return design.Decision{}
}

const buckets = `
Resources:
  Assets:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub shop-assets-${AWS::AccountId}
      VersioningConfiguration: {Status: Enabled}
      AccelerateConfiguration: {AccelerationStatus: Enabled}
      PublicAccessBlockConfiguration: {BlockPublicAcls: true, BlockPublicPolicy: false, IgnorePublicAcls: true, RestrictPublicBuckets: false}
      CorsConfiguration:
        CorsRules:
          - {AllowedMethods: [GET, HEAD], AllowedOrigins: ["https://shop.example"], AllowedHeaders: ["*"], MaxAge: 600}
      WebsiteConfiguration: {IndexDocument: index.html, ErrorDocument: missing.html, RoutingRules: [{RedirectRule: {HostName: other.example}}]}
      LifecycleConfiguration:
        Rules:
          - {Id: tiers, Status: Enabled, Prefix: old/, Transitions: [{StorageClass: STANDARD_IA, TransitionInDays: 30}, {StorageClass: GLACIER_IR, TransitionInDays: 90}], ExpirationInDays: 400}
          - {Id: tiers, Status: Disabled, Prefix: tmp/, TagFilters: [{Key: keep, Value: "no"}], ExpirationInDays: 7}
          - {Id: versions, Status: Enabled, NoncurrentVersionExpiration: {NoncurrentDays: 45, NewerNoncurrentVersions: 3}, NoncurrentVersionTransitions: [{StorageClass: STANDARD_IA, TransitionInDays: 10}]}
          - {Id: uploads, Status: Enabled, AbortIncompleteMultipartUpload: {DaysAfterInitiation: 3}}
          - {Id: smart, Status: Enabled, Transitions: [{StorageClass: INTELLIGENT_TIERING, TransitionInDays: 0}]}
  AssetsPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Assets
      PolicyDocument:
        Statement:
          - {Sid: read, Effect: Allow, Principal: "*", Action: s3:GetObject, Resource: !Sub "${Assets.Arn}/*"}
          - {Sid: tls, Effect: Deny, Principal: "*", Action: "s3:*", Resource: "*", Condition: {Bool: {"aws:SecureTransport": false}}}
          - {Sid: odd, Effect: Deny, NotPrincipal: {AWS: "*"}, Action: "s3:*", Resource: "*"}
          - {Sid: other, Effect: Allow, Principal: {AWS: "arn:aws:iam::999999999999:root"}, Action: s3:PutObject, Resource: "*"}
  Ledger:
    Type: AWS::S3::Bucket
    Properties:
      ObjectLockEnabled: true
      ObjectLockConfiguration: {ObjectLockEnabled: Enabled, Rule: {DefaultRetention: {Mode: COMPLIANCE, Years: 2}}}
      LifecycleConfiguration: {Rules: [{Id: deep, Status: Enabled, Transitions: [{StorageClass: DEEP_ARCHIVE, TransitionInDays: 200}, {StorageClass: GLACIER, TransitionInDays: 120}, {StorageClass: GLACIER, TransitionDate: "2030-01-01"}]}]}
      ReplicationConfiguration: {Role: "arn:aws:iam::123456789012:role/x", Rules: [{Status: Enabled, Prefix: a/, Destination: {Bucket: !GetAtt Assets.Arn}}]}
      LoggingConfiguration: {DestinationBucketName: !Ref Assets}
  Inside:
    Type: AWS::S3::Bucket
    Properties: {BucketName: shop-inside, AccessControl: PublicRead}
  InsidePolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Inside
      PolicyDocument:
        Statement:
          - {Effect: Deny, Principal: "*", Action: "s3:*", Resource: "*", Condition: {StringNotEquals: {"aws:SourceVpc": !Ref Net}}}
          - {Effect: Deny, Principal: "*", Action: "s3:*", Resource: "*", Condition: {NotIpAddress: {"aws:SourceIp": [203.0.113.0/24, 198.51.100.7/32, 10.0.0.0/8, "2001:db8::/32", 192.0.2.4/31]}}}
  Net:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.0.0.0/16}
`

func TestBuckets(t *testing.T) {
	t.Parallel()
	d := checked(t, buckets)
	accounts := map[string]design.Resource{}
	for _, r := range resources(d, "Microsoft.Storage/storageAccounts") {
		accounts[r.Name[:5]] = r
	}
	assets, ledger, inside := accounts["stsho"], accounts["stled"], design.Resource{}
	for _, r := range resources(d, "Microsoft.Storage/storageAccounts") {
		switch {
		case strings.HasPrefix(r.Name, "stshopassets"):
			assets = r
		case strings.HasPrefix(r.Name, "stshopinside"):
			inside = r
		}
	}
	want(t, assets, map[string]string{"sku.name": "Standard_ZRS", "kind": "StorageV2", "properties.allowBlobPublicAccess": "true", "properties.supportsHttpsTrafficOnly": "true", "properties.minimumTlsVersion": "TLS1_2", "properties.allowSharedKeyAccess": "false"})
	want(t, ledger, map[string]string{"sku.name": "Standard_GRS", "properties.immutableStorageWithVersioning.immutabilityPolicy.immutabilityPeriodSinceCreationInDays": "730", "properties.immutableStorageWithVersioning.immutabilityPolicy.state": "Unlocked", "properties.allowBlobPublicAccess": "false"})
	want(t, inside, map[string]string{"properties.publicNetworkAccess": "Disabled", "properties.networkAcls.defaultAction": "Deny"})
	var ips []string
	for _, r := range design.Maps(design.At(inside.Body, "properties.networkAcls.ipRules")) {
		ips = append(ips, design.Text(r, "value"))
	}
	if got := strings.Join(ips, " "); got != "192.0.2.4 192.0.2.5 198.51.100.7 203.0.113.0/24" {
		t.Errorf("address rules %s", got)
	}
	one := decisionOf(t, d, "AWS::S3::Bucket", "shop-assets-123456789012")
	wantGaps(t, one, "s3.acceleration", "s3.website", "s3.website-redirect", "s3.noncurrent-age", "s3.newer-versions", "s3.multipart", "s3.intelligent-tiering", "s3.object-tags")
	wantToDo(t, one, "$web")
	wantGaps(t, decisionOf(t, d, "AWS::S3::Bucket", "Ledger"), "s3.object-lock", "s3.archive", "s3.archive-redundancy", "s3.lifecycle-date", "s3.replication", "s3.access-logs")
	wantToDo(t, decisionOf(t, d, "AWS::S3::Bucket", "Ledger"), "lock the immutability policy")
	wantGaps(t, decisionOf(t, d, "AWS::S3::BucketPolicy", "AssetsPolicy"), "s3.policy-not", "s3.policy-principal")
	wantGaps(t, decisionOf(t, d, "AWS::S3::Bucket", "shop-inside"), "s3.private-address", "s3.acl")
	if len(resources(d, "Microsoft.Network/privateEndpoints")) != 1 {
		t.Error("the bucket that only a VPC reaches has no private endpoint")
	}
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	d := checked(t, buckets)
	rules := map[string]map[string]any{}
	for _, p := range resources(d, "Microsoft.Storage/storageAccounts/managementPolicies") {
		for _, r := range design.Maps(design.At(p.Body, "properties.policy.rules")) {
			rules[design.Text(r, "name")] = r
		}
	}
	for name, values := range map[string]map[string]string{
		"tiers": {
			"enabled": "true", "definition.filters.prefixMatch": "", "definition.actions.baseBlob.tierToCool.daysAfterModificationGreaterThan": "30",
			"definition.actions.baseBlob.tierToCold.daysAfterModificationGreaterThan": "90", "definition.actions.baseBlob.delete.daysAfterModificationGreaterThan": "400",
		},
		"tiers-2":  {"enabled": "false", "definition.filters.blobIndexMatch.name": "keep", "definition.actions.baseBlob.delete.daysAfterModificationGreaterThan": "7"},
		"versions": {"definition.actions.version.delete.daysAfterCreationGreaterThan": "45", "definition.actions.version.tierToCool.daysAfterCreationGreaterThan": "10"},
		"smart":    {"definition.actions.baseBlob.tierToCool.daysAfterLastAccessTimeGreaterThan": "30", "definition.actions.baseBlob.enableAutoTierToHotFromCool": "true"},
		"deep":     {"definition.actions.baseBlob.tierToArchive.daysAfterModificationGreaterThan": "120"},
	} {
		for path, value := range values {
			if got := design.Text(rules[name], path); got != value {
				t.Errorf("%s: %s is %q, want %q", name, path, got, value)
			}
		}
	}
	if rules["uploads"] != nil {
		t.Error("a rule without any action was put")
	}
	prefix := design.Texts(design.At(rules["tiers"], "definition.filters.prefixMatch"))
	if len(prefix) != 1 || prefix[0] != "shop-assets/old/" {
		t.Errorf("prefix %v", prefix)
	}
	for _, r := range resources(d, "Microsoft.Storage/storageAccounts/blobServices") {
		if strings.HasPrefix(r.Name, "stshopassets") {
			want(t, r, map[string]string{"properties.deleteRetentionPolicy.days": "45", "properties.lastAccessTimeTrackingPolicy.enable": "true", "properties.isVersioningEnabled": "true", "properties.staticWebsite.indexDocument": "index.html", "properties.cors.corsRules.maxAgeInSeconds": "600"})
		}
	}
}
