package data

import (
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"github.com/hashicorp/go-azure-sdk/resource-manager/storage/2025-08-01/managementpolicies"
)

// mostLifecycleRules is the most that one account takes (Microsoft Learn, "Azure
// Blob Storage lifecycle management overview").
const mostLifecycleRules = 100

// lifecycle is a bucket's lifecycle configuration in the target's words.
type lifecycle struct {
	rules []managementpolicies.ManagementPolicyRule
	// moves says that some rule moves objects to another tier, archives that it
	// is the archive tier.
	moves, archives bool
	// lastAccess says that some rule goes by the last access.
	lastAccess bool
	// noncurrentDays is the longest time that a replaced version is kept.
	noncurrentDays int
}

// readLifecycle translates rule by rule. Days count from the last change at
// both sides: an object of S3 is made anew by each change.
func readLifecycle(s *sheet) lifecycle {
	out := lifecycle{}
	names := map[string]int{}
	for _, r := range s.Maps("LifecycleConfiguration.Rules") {
		one, ok := s.lifecycleRule(r, &out)
		if !ok {
			continue
		}
		names[one.Name]++
		if n := names[one.Name]; n > 1 {
			one.Name += "-" + strconv.Itoa(n)
		}
		out.rules = append(out.rules, one)
	}
	if out.moves {
		least := s.text("LifecycleConfiguration.TransitionDefaultMinimumObjectSize")
		if least == "" {
			least = "all_storage_classes_128K"
		}
		s.Gap("s3.lifecycle-small", "LifecycleConfiguration.TransitionDefaultMinimumObjectSize="+least)
	}
	if len(out.rules) > mostLifecycleRules {
		s.Gap("s3.lifecycle-many", common.Count(len(out.rules), "lifecycle rule"))
		out.rules = out.rules[:mostLifecycleRules]
	}
	return out
}

func (s *sheet) lifecycleRule(r map[string]any, all *lifecycle) (managementpolicies.ManagementPolicyRule, bool) {
	label := design.Text(r, "Id")
	rule := managementpolicies.ManagementPolicyRule{
		Name: ruleName(label), Type: managementpolicies.RuleTypeLifecycle, Enabled: new(!strings.EqualFold(design.Text(r, "Status"), "Disabled")),
		Definition: managementpolicies.ManagementPolicyDefinition{Filters: s.lifecycleFilter(r)},
	}
	base := s.baseActions(r, label, all)
	versions := s.versionActions(r, label, all)
	if design.Text(r, "AbortIncompleteMultipartUpload.DaysAfterInitiation") != "" {
		s.Gap("s3.multipart", "LifecycleConfiguration.Rules."+label+".AbortIncompleteMultipartUpload")
	}
	if date := design.Text(r, "ExpirationDate"); date != "" {
		s.Gap("s3.lifecycle-date", label+": ExpirationDate="+date)
	}
	if base != nil {
		rule.Definition.Actions.BaseBlob = base
	}
	if versions != nil {
		rule.Definition.Actions.Version = versions
	}
	return rule, base != nil || versions != nil
}

// ruleName takes letters and digits of the source's name.
func ruleName(id string) string {
	var b strings.Builder
	for _, r := range id {
		if (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') || r == '-' {
			b.WriteRune(r)
		}
	}
	if b.Len() == 0 {
		return "rule"
	}
	return b.String()
}

// lifecycleFilter gives prefix and tags. A prefix at the target begins with the
// container's name, which is the account's only one.
func (s *sheet) lifecycleFilter(r map[string]any) *managementpolicies.ManagementPolicyFilter {
	out := &managementpolicies.ManagementPolicyFilter{BlobTypes: []string{"blockBlob"}}
	for _, path := range []string{"Prefix", "Filter.Prefix", "Filter.And.Prefix"} {
		if prefix := design.Text(r, path); prefix != "" && !strings.Contains(prefix, "${") {
			out.PrefixMatch = &[]string{containerName(s) + "/" + prefix}
			break
		}
	}
	var tags []managementpolicies.TagFilter
	for _, path := range []string{"TagFilters", "Filter.Tag", "Filter.And.Tags", "Filter.TagFilters"} {
		for _, t := range design.Maps(design.At(r, path)) {
			if key := design.Text(t, "Key"); key != "" {
				tags = append(tags, managementpolicies.TagFilter{Name: key, Op: "==", Value: design.Text(t, "Value")})
			}
		}
	}
	if len(tags) > 0 {
		out.BlobIndexMatch = &tags
		s.Gap("s3.object-tags", "LifecycleConfiguration.Rules."+design.Text(r, "Id"))
	}
	for _, path := range []string{"ObjectSizeGreaterThan", "ObjectSizeLessThan", "Filter.ObjectSizeGreaterThan", "Filter.ObjectSizeLessThan"} {
		if design.Text(r, path) != "" {
			s.Gap("s3.lifecycle-size", path+"="+design.Text(r, path))
		}
	}
	return out
}

// containerName is the name that the bucket's container will have: nothing
// else is put into its account.
func containerName(s *sheet) string {
	name := strings.ToLower(strings.Map(func(r rune) rune {
		if (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') {
			return r
		}
		return '-'
	}, base(s.r)))
	for strings.Contains(name, "--") {
		name = strings.ReplaceAll(name, "--", "-")
	}
	return name
}

// tier gives the counterpart of a storage class (Azure Architecture Center,
// "Compare storage on Azure and AWS").
func tier(class string) string {
	switch strings.ToUpper(class) {
	case "STANDARD_IA", "ONEZONE_IA":
		return "cool"
	case "GLACIER_IR":
		return "cold"
	case "GLACIER", "DEEP_ARCHIVE":
		return "archive"
	case "INTELLIGENT_TIERING":
		return "access"
	}
	return ""
}

func (s *sheet) baseActions(r map[string]any, label string, all *lifecycle) *managementpolicies.ManagementPolicyBaseBlob {
	out := managementpolicies.ManagementPolicyBaseBlob{}
	used := false
	after := func(p **managementpolicies.DateAfterModification, days float64) {
		if *p == nil || *(*p).DaysAfterModificationGreaterThan > days {
			*p = &managementpolicies.DateAfterModification{DaysAfterModificationGreaterThan: new(days)}
		}
		used = true
	}
	for _, t := range transitions(r, "Transitions", "Transition") {
		all.moves = true
		days, ok := days(t, "TransitionInDays", "Days")
		class := design.Text(t, "StorageClass")
		if !ok {
			s.Gap("s3.lifecycle-date", label+": "+class+" on "+design.Text(t, "TransitionDate"))
			continue
		}
		switch tier(class) {
		case "cool":
			after(&out.TierToCool, days)
		case "cold":
			after(&out.TierToCold, days)
		case "archive":
			after(&out.TierToArchive, days)
			all.archives = true
			s.Gap("s3.archive", label+": "+class)
		case "access":
			// What S3 Intelligent-Tiering does by itself after 30 days, this rule does.
			out.TierToCool = &managementpolicies.DateAfterModification{DaysAfterLastAccessTimeGreaterThan: new(max(days, 30))}
			out.EnableAutoTierToHotFromCool = new(true)
			all.lastAccess, used = true, true
			s.Gap("s3.intelligent-tiering", label+": "+class)
		default:
			s.Gap("s3.lifecycle-class", label+": "+class)
		}
	}
	if days, ok := days(r, "ExpirationInDays", "Expiration.Days"); ok {
		after(&out.Delete, days)
	}
	if !used {
		return nil
	}
	s.earlyDeletion(out, label)
	return &out
}

// earlyDeletion notes a tier that is left before the least time that it is
// billed for (Microsoft Learn, "Access tiers for blob data").
func (s *sheet) earlyDeletion(a managementpolicies.ManagementPolicyBaseBlob, label string) {
	since := func(d *managementpolicies.DateAfterModification) (float64, bool) {
		if d == nil || d.DaysAfterModificationGreaterThan == nil {
			return 0, false
		}
		return *d.DaysAfterModificationGreaterThan, true
	}
	for _, t := range []struct {
		name  string
		from  *managementpolicies.DateAfterModification
		least float64
		next  []*managementpolicies.DateAfterModification
	}{
		{"cool", a.TierToCool, 30, []*managementpolicies.DateAfterModification{a.TierToCold, a.TierToArchive, a.Delete}},
		{"cold", a.TierToCold, 90, []*managementpolicies.DateAfterModification{a.TierToArchive, a.Delete}},
		{"archive", a.TierToArchive, 180, []*managementpolicies.DateAfterModification{a.Delete}},
	} {
		from, ok := since(t.from)
		for _, then := range t.next {
			if to, follows := since(then); ok && follows && to >= from && to-from < t.least {
				s.Gap("s3.early-deletion", label+": "+t.name+" for "+strconv.FormatFloat(to-from, 'f', -1, 64)+" days")
				break
			}
		}
	}
}

func (s *sheet) versionActions(r map[string]any, label string, all *lifecycle) *managementpolicies.ManagementPolicyVersion {
	out := managementpolicies.ManagementPolicyVersion{}
	used := false
	after := func(p **managementpolicies.DateAfterCreation, days float64) {
		if *p == nil || (*p).DaysAfterCreationGreaterThan > days {
			*p = &managementpolicies.DateAfterCreation{DaysAfterCreationGreaterThan: days}
		}
		used = true
	}
	for _, t := range transitions(r, "NoncurrentVersionTransitions", "NoncurrentVersionTransition") {
		if keep := design.Text(t, "NewerNoncurrentVersions"); keep != "" {
			s.Gap("s3.newer-versions", label+": "+design.Text(t, "StorageClass")+" but for "+keep)
		}
		days, ok := days(t, "TransitionInDays", "NoncurrentDays")
		if !ok {
			continue
		}
		switch tier(design.Text(t, "StorageClass")) {
		case "cool", "access":
			after(&out.TierToCool, days)
		case "cold":
			after(&out.TierToCold, days)
		case "archive":
			after(&out.TierToArchive, days)
			all.archives = true
		default:
			s.Gap("s3.lifecycle-class", label+": "+design.Text(t, "StorageClass"))
		}
	}
	if days, ok := days(r, "NoncurrentVersionExpiration.NoncurrentDays", "NoncurrentVersionExpirationInDays"); ok {
		after(&out.Delete, days)
		all.noncurrentDays = max(all.noncurrentDays, int(days))
		s.Gap("s3.noncurrent-age", label+": "+design.Text(map[string]any{"days": days}, "days")+" days")
	}
	if keep := design.Text(r, "NoncurrentVersionExpiration.NewerNoncurrentVersions"); keep != "" {
		s.Gap("s3.newer-versions", label+": "+keep)
	}
	if !used {
		return nil
	}
	return &out
}

// transitions reads the list and the older single form.
func transitions(r map[string]any, list, single string) []map[string]any {
	return append(design.Maps(r[list]), design.Maps(r[single])...)
}

func days(m map[string]any, paths ...string) (float64, bool) {
	for _, path := range paths {
		if n, ok := design.Number(m, path); ok && n >= 0 {
			return n, true
		}
	}
	return 0, false
}

// managementPolicy puts the rules. They wait for the service, which must track
// last access before a rule may go by it.
func (s *sheet) managementPolicy(account, service cloud.ResourceID, l lifecycle) {
	if len(l.rules) == 0 {
		return
	}
	s.c.Put(design.Target{
		Type: storagePolicy, Parent: account, Base: "default", Exact: true, NoLocation: true, After: []cloud.ResourceID{service},
		Model: managementpolicies.ManagementPolicy{Properties: &managementpolicies.ManagementPolicyProperties{Policy: managementpolicies.ManagementPolicySchema{Rules: l.rules}}},
	}, s.r)
}
