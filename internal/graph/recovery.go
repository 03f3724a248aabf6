package graph

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/inventory"
)

// recovery reads criticality, RTO and RPO from the tags of what a flow
// crosses, and tells what the configuration says of recovery. It does not
// guess: what nobody said stays unknown.
func (c *closure) recovery(f *Flow, e entry, w walk) {
	nodes := append(slices.Clone(e.names), w.nodes...)
	for _, n := range nodes {
		r := c.of[n]
		if r == nil || c.level[n] != In {
			continue
		}
		criticality, rto, rpo := recoveryTags(r.Tags)
		if criticality != "" || rto > 0 || rpo > 0 {
			f.From = "tags"
		}
		if severity(criticality) > severity(f.Criticality) {
			f.Criticality = criticality
		}
		f.RTOSeconds, f.RPOSeconds = shorter(f.RTOSeconds, rto), shorter(f.RPOSeconds, rpo)
	}
	for _, n := range w.stores {
		if facts := recoveryFacts(c.of[n]); len(facts) > 0 {
			f.Facts = append(f.Facts, c.nodes[n].Name+": "+strings.Join(facts, ", "))
		}
	}
}

// recoveryTags reads the tags that say how important a resource is. Which
// names people use is not fixed; these are the common ones.
func recoveryTags(tags map[string]string) (criticality Criticality, rto, rpo int64) {
	for k, v := range tags {
		key := strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "", ":", "").Replace(k))
		switch key {
		case "criticality", "businesscriticality", "critical", "importance", "slatier":
			if level := criticalityOf(v); severity(level) > severity(criticality) {
				criticality = level
			}
		case "rto", "rtominutes", "recoverytimeobjective":
			rto = shorter(rto, seconds(v, key == "rtominutes"))
		case "rpo", "rpominutes", "recoverypointobjective":
			rpo = shorter(rpo, seconds(v, key == "rpominutes"))
		}
	}
	return criticality, rto, rpo
}

func criticalityOf(v string) Criticality {
	switch strings.ToLower(strings.TrimSpace(v)) {
	case "high", "critical", "mission-critical", "business-critical", "tier0", "tier1", "tier-0", "tier-1", "1", "true", "yes", "gold", "platinum":
		return CriticalityHigh
	case "medium", "moderate", "normal", "tier2", "tier-2", "2", "silver":
		return CriticalityMedium
	case "low", "tier3", "tier-3", "3", "none", "bronze":
		return CriticalityLow
	}
	return ""
}

// seconds reads "4h", "15m", "30 min", "1d"; a bare number is minutes.
func seconds(v string, minutes bool) int64 {
	v = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(v), " ", ""))
	if n, err := strconv.ParseInt(v, 10, 64); err == nil && n > 0 && n < 1<<31 {
		return n * 60
	}
	if minutes {
		return 0
	}
	for _, unit := range []struct {
		name string
		size int64
	}{{"minutes", 60}, {"minute", 60}, {"mins", 60}, {"min", 60}, {"hours", 3600}, {"hour", 3600}, {"hrs", 3600}, {"hr", 3600}, {"days", 86400}, {"day", 86400}, {"d", 86400}, {"seconds", 1}, {"sec", 1}} {
		if head, ok := strings.CutSuffix(v, unit.name); ok {
			if n, err := strconv.ParseInt(head, 10, 64); err == nil && n > 0 && n < 1<<31 {
				return n * unit.size
			}
		}
	}
	if d, err := time.ParseDuration(v); err == nil && d > 0 {
		return int64(d.Seconds())
	}
	return 0
}

// recoveryFacts are what a store's configuration says of losing it.
func recoveryFacts(r *inventory.Resource) []string {
	p := r.Properties
	var facts []string
	if text(p["MultiAZ"]) == "true" || text(p["MultiAZEnabled"]) == "true" {
		facts = append(facts, "runs in two availability zones")
	} else if r.Kind == "AWS::RDS::DBInstance" && p["MultiAZ"] != nil {
		facts = append(facts, "runs in one availability zone")
	}
	if days := number(p["BackupRetentionPeriod"]); days > 0 {
		facts = append(facts, "backups kept "+strconv.Itoa(days)+" days")
	} else if p["BackupRetentionPeriod"] != nil {
		facts = append(facts, "no automatic backups")
	}
	if days := number(p["SnapshotRetentionLimit"]); days > 0 {
		facts = append(facts, "snapshots kept "+strconv.Itoa(days)+" days")
	}
	if text(at(p["PointInTimeRecoverySpecification"], "PointInTimeRecoveryEnabled")) == "true" {
		facts = append(facts, "point-in-time recovery")
	}
	if text(at(p["VersioningConfiguration"], "Status")) == "Enabled" {
		facts = append(facts, "versioned")
	}
	if at(p["ReplicationConfiguration"], "Rules") != nil {
		facts = append(facts, "replicated")
	}
	if text(p["AutomaticFailoverEnabled"]) == "true" {
		facts = append(facts, "fails over by itself")
	}
	return facts
}
