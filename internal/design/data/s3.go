package data

import (
	"cmp"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/storage/2025-08-01/blobcontainers"
	"github.com/hashicorp/go-azure-sdk/resource-manager/storage/2025-08-01/blobservices"
	"github.com/hashicorp/go-azure-sdk/resource-manager/storage/2025-08-01/storageaccounts"
)

const (
	storageAccount   cloud.Kind = "Microsoft.Storage/storageAccounts"
	storageService   cloud.Kind = "Microsoft.Storage/storageAccounts/blobServices"
	storageContainer cloud.Kind = "Microsoft.Storage/storageAccounts/blobServices/containers"
	storagePolicy    cloud.Kind = "Microsoft.Storage/storageAccounts/managementPolicies"
)

func (b *book) s3Rules() []design.Rule {
	policy := b.rule("s3/bucketpolicy", "Azure Architecture Center, Compare storage on Azure and AWS", bucketPolicy, "AWS::S3::BucketPolicy")
	policy.Stage = design.Access
	return []design.Rule{
		making(b.rule("s3/bucket", "Azure Architecture Center, Compare storage on Azure and AWS", bucket, "AWS::S3::Bucket"),
			storageAccount, storageService, storageContainer, storagePolicy, "Microsoft.EventGrid/systemTopics", "Microsoft.EventGrid/systemTopics/eventSubscriptions"),
		making(policy, "Microsoft.Authorization/roleAssignments"),
	}
}

// bucketPlan is what the parts of a bucket's configuration agree on before
// anything is put.
type bucketPlan struct {
	access    accessPlan
	lifecycle lifecycle
	key       customerKey
	hasKey    bool
	versions  bool
	// keepDays is how long deleted blobs and versions stay restorable.
	keepDays int
	feed     bool
	lock     bool
}

// bucket gives a bucket a storage account of its own with one container:
// versioning, change feed, CORS, static website, lifecycle and immutability are
// settings of the account at the target and of the bucket at the source, so
// only an account for each bucket keeps them apart.
func bucket(s *sheet) design.Decision {
	s.Knows("BucketName", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL", "NotificationConfiguration", "OwnershipControls", "BucketNamePrefix", "BucketNamespace")
	p := bucketPlan{access: readAccess(s), lifecycle: readLifecycle(s), keepDays: 7}
	p.versions = strings.EqualFold(s.text("VersioningConfiguration.Status"), "Enabled")
	if strings.EqualFold(s.text("VersioningConfiguration.Status"), "Suspended") {
		s.Meets("s3.versions-suspended", "VersioningConfiguration.Status")
	}
	p.keepDays = min(max(p.keepDays, p.lifecycle.noncurrentDays), 365)
	p.hasKey = false
	algorithm := s.text("BucketEncryption.ServerSideEncryptionConfiguration.ServerSideEncryptionByDefault.SSEAlgorithm")
	if strings.HasPrefix(algorithm, "aws:kms") {
		p.key, p.hasKey = s.key("BucketEncryption.ServerSideEncryptionConfiguration.ServerSideEncryptionByDefault.KMSMasterKeyID")
	}
	p.lock = s.yes("ObjectLockEnabled") || s.Has("ObjectLockConfiguration")
	p.feed = s.replication()
	if p.lock || p.feed {
		p.versions = true
	}
	account := s.storageAccount(&p, strings.HasSuffix(algorithm, ":dsse"))
	service := s.blobService(account, &p)
	container := s.container(service, &p)
	s.managementPolicy(account, service, p.lifecycle)
	s.bucketNetwork(account, &p)
	s.bucketGaps()
	if called(s.c, s.r) {
		s.Do("replace the S3 SDK calls on %s by the Blob Storage SDK, and presigned URLs by user delegation SAS", s.r.Name)
	}
	s.Decision.EffortDays = 1
	s.Not("Azure Data Lake Storage Gen2 (hierarchical namespace)", "versioning, blob index tags and object replication do not work with it; worth it for analytics, not for like for like")
	s.Not("a shared storage account with one container for each bucket", "versioning, lifecycle, CORS, static website and network rules are settings of the whole account")
	return s.done(design.Migrate, 0.9, "the bucket becomes storage account %s (%s) with the container %s: %s", common.LastName(account), skuOf(s.c, account), common.LastName(container), strings.Join(p.describe(), ", "))
}

func (p bucketPlan) describe() []string {
	out := []string{"no versions"}
	if p.versions {
		out[0] = "versions kept"
	}
	if n := len(p.lifecycle.rules); n > 0 {
		out = append(out, common.Count(n, "lifecycle rule"))
	}
	if p.hasKey {
		out = append(out, "encrypted with the owner's key")
	}
	if p.lock {
		out = append(out, "immutable")
	}
	if p.access.public {
		out = append(out, "readable by anyone, as now")
	} else {
		out = append(out, "no anonymous access")
	}
	return out
}

func (s *sheet) storageAccount(p *bucketPlan, double bool) cloud.ResourceID {
	sku := storageaccounts.SkuNameStandardZRS
	if p.lifecycle.archives {
		// The archive tier does not exist on zone-redundant accounts (Microsoft
		// Learn, "Access tiers for blob data").
		sku = storageaccounts.SkuNameStandardGRS
		s.Gap("s3.archive-redundancy", "LifecycleConfiguration")
		s.Not("Standard_ZRS with the cold tier for what S3 Glacier holds", "the cold tier costs more for each GiB than the archive tier; choose it when the account must stay in the region's zones")
	}
	properties := storageaccounts.StorageAccountPropertiesCreateParameters{
		AccessTier: new(storageaccounts.AccessTierHot), AllowBlobPublicAccess: new(p.access.public), AllowSharedKeyAccess: new(false),
		AllowCrossTenantReplication: new(false), DefaultToOAuthAuthentication: new(true), IsHnsEnabled: new(false),
		MinimumTlsVersion: new(storageaccounts.MinimumTlsVersionTLSOneTwo), SupportsHTTPSTrafficOnly: new(true),
		PublicNetworkAccess: new(storageaccounts.PublicNetworkAccessEnabled), NetworkAcls: p.access.rules(),
		Encryption: &storageaccounts.Encryption{
			KeySource: new(storageaccounts.KeySourceMicrosoftPointStorage),
			Services: &storageaccounts.EncryptionServices{
				Blob: &storageaccounts.EncryptionService{Enabled: new(true)}, File: &storageaccounts.EncryptionService{Enabled: new(true)},
			},
		},
	}
	if double {
		properties.Encryption.RequireInfrastructureEncryption = new(true)
	}
	if p.access.private {
		properties.PublicNetworkAccess = new(storageaccounts.PublicNetworkAccessDisabled)
	}
	if p.hasKey {
		properties.Encryption.KeySource = new(storageaccounts.KeySourceMicrosoftPointKeyvault)
		properties.Encryption.Keyvaultproperties = &storageaccounts.KeyVaultProperties{Keyname: new(p.key.Name), Keyvaulturi: new(p.key.VaultURI)}
		properties.Encryption.Identity = &storageaccounts.EncryptionIdentity{UserAssignedIdentity: new(string(p.key.Identity))}
	}
	if p.lock {
		properties.ImmutableStorageWithVersioning = s.immutability()
	}
	id := s.c.Put(design.Target{
		Type: storageAccount, Base: base(s.r), After: p.key.after(),
		Model: storageaccounts.StorageAccountCreateParameters{Kind: storageaccounts.KindStorageVTwo, Sku: storageaccounts.Sku{Name: sku}, Properties: &properties},
	}, s.r)
	if p.hasKey {
		setBody(s.c, id, "identity", p.key.identityBody())
	}
	return id
}

// immutability is the account's default for new versions. It stays unlocked: to
// lock it cannot be undone, and is a person's decision.
func (s *sheet) immutability() *storageaccounts.ImmutableStorageAccount {
	out := &storageaccounts.ImmutableStorageAccount{Enabled: new(true)}
	days := s.int("ObjectLockConfiguration.Rule.DefaultRetention.Days", 0) + 365*s.int("ObjectLockConfiguration.Rule.DefaultRetention.Years", 0)
	if days > 0 {
		out.ImmutabilityPolicy = &storageaccounts.AccountImmutabilityPolicyProperties{
			ImmutabilityPeriodSinceCreationInDays: new(int64(min(days, 146000))), AllowProtectedAppendWrites: new(false),
			State: new(storageaccounts.AccountImmutabilityPolicyStateUnlocked),
		}
	}
	s.Meets("s3.object-lock", "ObjectLockConfiguration")
	if strings.EqualFold(s.text("ObjectLockConfiguration.Rule.DefaultRetention.Mode"), "COMPLIANCE") {
		s.Do("lock the immutability policy after the copy is verified: the source's mode COMPLIANCE forbids everyone to shorten it, and the target's policy does so only once it is locked")
	}
	return out
}

func (s *sheet) blobService(account cloud.ResourceID, p *bucketPlan) cloud.ResourceID {
	properties := blobservices.BlobServicePropertiesProperties{
		IsVersioningEnabled: new(p.versions), ContainerDeleteRetentionPolicy: &blobservices.DeleteRetentionPolicy{Enabled: new(true), Days: new(int64(7))},
		Cors: s.cors(),
	}
	if p.versions {
		properties.DeleteRetentionPolicy = &blobservices.DeleteRetentionPolicy{Enabled: new(true), Days: new(int64(p.keepDays))}
	}
	if p.feed {
		properties.ChangeFeed = &blobservices.ChangeFeed{Enabled: new(true)}
	}
	if p.lifecycle.lastAccess {
		properties.LastAccessTimeTrackingPolicy = &blobservices.LastAccessTimeTrackingPolicy{
			Enable: true, Name: new(blobservices.NameAccessTimeTracking), TrackingGranularityInDays: new(int64(1)), BlobType: &[]string{"blockBlob"},
		}
	}
	s.website(&properties)
	return s.c.Put(design.Target{
		Type: storageService, Parent: account, Base: "default", Exact: true, NoLocation: true,
		Model: blobservices.BlobServiceProperties{Properties: &properties},
	}, s.r)
}

func (s *sheet) container(service cloud.ResourceID, p *bucketPlan) cloud.ResourceID {
	access := blobcontainers.PublicAccessNone
	if p.access.public {
		access = blobcontainers.PublicAccessBlob
		if p.access.listable {
			access = blobcontainers.PublicAccessContainer
		}
	}
	properties := blobcontainers.ContainerProperties{PublicAccess: new(access)}
	if p.lock {
		properties.ImmutableStorageWithVersioning = &blobcontainers.ImmutableStorageWithVersioning{Enabled: new(true)}
	}
	return s.c.Put(design.Target{
		Type: storageContainer, Parent: service, Base: base(s.r), NoLocation: true,
		Model: blobcontainers.BlobContainer{Properties: &properties},
	}, s.r)
}

// website turns the static website on; the service then serves the container
// $web and no other.
func (s *sheet) website(properties *blobservices.BlobServicePropertiesProperties) {
	if !s.Has("WebsiteConfiguration") {
		return
	}
	if s.Has("WebsiteConfiguration.RedirectAllRequestsTo") {
		s.Meets("s3.website-redirect", "WebsiteConfiguration.RedirectAllRequestsTo")
		return
	}
	site := &blobservices.StaticWebsite{Enabled: true}
	if index := s.text("WebsiteConfiguration.IndexDocument"); index != "" {
		site.IndexDocument = new(index)
	}
	if page := s.text("WebsiteConfiguration.ErrorDocument"); page != "" {
		site.ErrorDocument404Path = new(page)
	}
	properties.StaticWebsite = site
	s.Meets("s3.website", "WebsiteConfiguration")
	s.Do("copy the objects of %s to the container $web: the static website serves no other", s.r.Name)
	if s.Has("WebsiteConfiguration.RoutingRules") {
		s.Meets("s3.website-redirect", "WebsiteConfiguration.RoutingRules")
	}
}

// cors copies the first five rules: a blob service takes no more (Microsoft
// Learn, "Cross-Origin Resource Sharing support for Azure Storage").
func (s *sheet) cors() *blobservices.CorsRules {
	const most = 5
	var rules []blobservices.CorsRule
	for _, r := range s.Maps("CorsConfiguration.CorsRules") {
		one := blobservices.CorsRule{
			AllowedHeaders: texts(r["AllowedHeaders"]), AllowedOrigins: texts(r["AllowedOrigins"]), ExposedHeaders: texts(r["ExposedHeaders"]),
			AllowedMethods: []blobservices.AllowedMethods{}, MaxAgeInSeconds: int64(max(design.Int(r, "MaxAge", 0), 0)),
		}
		for _, method := range texts(r["AllowedMethods"]) {
			known := blobservices.AllowedMethods(strings.ToUpper(method))
			if !slices.Contains(blobservices.PossibleValuesForAllowedMethods(), string(known)) {
				s.Do("add method %q to the CORS rules of %s by hand if clients use it: a blob service does not know it", method, s.r.Name)
				continue
			}
			one.AllowedMethods = append(one.AllowedMethods, known)
		}
		if len(one.AllowedOrigins) > 0 && len(one.AllowedMethods) > 0 {
			rules = append(rules, one)
		}
	}
	if len(rules) > most {
		s.Gap("s3.cors-many", common.Count(len(rules), "CORS rule"))
		rules = rules[:most]
	}
	if rules == nil {
		return nil
	}
	return &blobservices.CorsRules{CorsRules: &rules}
}

// bucketNetwork gives the account a private address where the source has one.
func (s *sheet) bucketNetwork(account cloud.ResourceID, p *bucketPlan) {
	near := p.access.vpcs
	if len(near) == 0 && called(s.c, s.r) {
		near = endpointVPCs(s.c, "s3")
	}
	if !s.private(account, "blob", near) && p.access.private {
		s.Do("give storage account %s a private endpoint: the bucket policy lets only a VPC in that this design does not hold", common.LastName(account))
	}
}

// replication notes what a bucket's replication needs, and reports whether
// there is any.
func (s *sheet) replication() bool {
	found := false
	for _, r := range s.Maps("ReplicationConfiguration.Rules") {
		if strings.EqualFold(design.Text(r, "Status"), "Disabled") {
			s.Do("leave out the replication rule %s of %s, which is disabled", design.Text(r, "Id"), s.r.Name)
			continue
		}
		found = true
		destination := design.Text(r, "Destination.Bucket")
		if other, ok := s.c.Find(s.r, design.At(r, "Destination.Bucket"), "AWS::S3::Bucket"); ok {
			destination = other.Name
		}
		s.Gap("s3.replication", "ReplicationConfiguration.Rules.Destination.Bucket="+common.Shown(destination))
		s.Do("create the object replication policy to the account of %s, first at the destination and then, with the policy id that it gives, at the source (prefix: %s)", common.Shown(destination), cmp.Or(design.Text(r, "Prefix")+design.Text(r, "Filter.Prefix")+design.Text(r, "Filter.And.Prefix"), "every object"))
		// Object replication copies blobs by prefix, with their versions, and
		// deletes nothing (Microsoft Learn, "Object replication for block blobs").
		if more := spelled(r, "Status", "Id", "Priority", "Prefix", "Filter.Prefix", "Filter.And.Prefix", "Destination.Bucket"); len(more) > 0 {
			s.Do("object replication knows prefixes only: decide about %s of the rule", strings.Join(more, ", "))
		}
	}
	return found
}

// bucketGaps notes what a storage account does not do.
func (s *sheet) bucketGaps() {
	s.gapIf("s3.acceleration", "AccelerateConfiguration")
	s.gapIf("s3.inventory", "InventoryConfigurations")
	s.gapIf("s3.analytics", "AnalyticsConfigurations")
	s.gapIf("s3.metrics", "MetricsConfigurations")
	s.gapIf("s3.metadata-tables", "MetadataTableConfiguration")
	s.gapIf("s3.metadata-tables", "MetadataConfiguration")
	s.gapIf("s3.intelligent-tiering", "IntelligentTieringConfigurations")
	s.gapIf("s3.abac", "AbacStatus")
	if s.Has("LoggingConfiguration") {
		s.Meets("s3.access-logs", "LoggingConfiguration")
	}
	if payer := design.Text(s.r.Attributes, "RequestPayment"); strings.EqualFold(payer, "Requester") {
		s.Gap("s3.requester-pays", "RequestPayment=Requester")
	}
	for _, kind := range eventKinds() {
		for _, n := range design.Maps(design.At(s.r.Properties, "NotificationConfiguration."+kind)) {
			s.Gap("s3.events", kind+"="+common.Shown(n))
		}
	}
	if bridge := design.At(s.r.Properties, "NotificationConfiguration.EventBridgeConfiguration"); bridge != nil && !strings.EqualFold(design.Text(bridge, "EventBridgeEnabled"), "false") {
		s.Gap("s3.events", "NotificationConfiguration.EventBridgeConfiguration")
	}
	for _, r := range s.c.Referring(s.r, "AWS::S3::AccessPoint", "Bucket") {
		s.Gap("s3.access-point", "access point "+r.Name)
	}
}

// last returns the name of a target.

func skuOf(c *book, id cloud.ResourceID) string {
	r, ok := c.Resource(id)
	if !ok {
		return ""
	}
	return design.Text(r.Body, "sku.name")
}

// texts is design.Texts that is never nil: the target wants the list itself.
func texts(v any) []string {
	out := design.Texts(v)
	if out == nil {
		return []string{}
	}
	return out
}

// bucketOf returns the bucket that a part of its configuration names.
func bucketOf(c *book, r *inventory.Resource) (*inventory.Resource, bool) {
	return c.Find(r, r.Properties["Bucket"], "AWS::S3::Bucket")
}
