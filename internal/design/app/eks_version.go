package app

import (
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/containerservice/2026-04-01/managedclusters"
)

const (
	// moveMonths is how far the cutover may be away: what is chosen must still be
	// supported then.
	moveMonths = 3
	// restMonths is how long what replaces an ended version has to last, so that
	// the move is not followed by an upgrade at once.
	restMonths = 6
)

// kubernetesVersion is what a cluster runs at the target.
type kubernetesVersion struct {
	// version is "" when the source does not say its own.
	version string
	// longTerm asks for the premium tier with its support plan.
	longTerm bool
	// gap is what the choice means, "" when nothing; at is where it meets it.
	gap, at string
}

// kubernetes chooses the version: the source's own where AKS supports it beyond
// the move; the same with long-term support where only that is left and EKS
// supports it likewise; else the oldest that lasts. A cluster of EKS is in
// extended support unless its upgrade policy says STANDARD, with which AWS raises
// it at the end of standard support (Amazon EKS User Guide, "Understand the
// Kubernetes version lifecycle on EKS"). AKS refuses a new cluster of a version
// that is left to long-term support without the plan (Microsoft Learn,
// "Long-term support for Azure Kubernetes Service (AKS) versions").
func (t *told) kubernetes(cluster *inventory.Resource) kubernetesVersion {
	version := minorVersion(cluster)
	if version == "" {
		return kubernetesVersion{}
	}
	facts, day := t.c.Catalog, t.c.Catalog.Day()
	r, known := facts.Release("aks", version)
	lasting, _ := facts.Lasting("aks", day, restMonths)
	at := "Version=" + version
	switch {
	case known && !r.Offered(day), !known && catalog.Newer(version, lasting.Version):
		return kubernetesVersion{version: version, gap: "eks.version-new", at: at}
	case known && r.Lasts(day, restMonths):
		return kubernetesVersion{version: version}
	case known && r.Lasts(day, moveMonths):
		return kubernetesVersion{version: version, gap: "eks.version-end", at: at + ", AKS: until " + r.Ends}
	case known && r.Extends(day, moveMonths) && !strings.EqualFold(supportType(cluster), "STANDARD"):
		return kubernetesVersion{version: version, longTerm: true, gap: "eks.version-long-term", at: at + ", AKS: until " + r.Ends + ", with long-term support until " + r.Extended}
	}
	return kubernetesVersion{version: lasting.Version, gap: "eks.version", at: at + ", AKS: " + lasting.Version}
}

// minorVersion is a cluster's or a node group's version without its patch, which
// AKS takes as the newest patch of it; "" when the source does not say it.
func minorVersion(r *inventory.Resource) string {
	if r == nil {
		return ""
	}
	return catalog.Minor(design.Text(r.Properties, "Version"))
}

func supportType(cluster *inventory.Resource) string {
	return design.Text(cluster.Properties, "UpgradePolicy.SupportType")
}

// poolVersion is the version of a node group that is behind its cluster, nil
// where the pool takes its cluster's: a scan shows that one where a template says
// none, and a raised cluster raises its pools.
func (t *told) poolVersion(cluster *inventory.Resource) *string {
	own, whole := minorVersion(t.r), minorVersion(cluster)
	k := t.kubernetes(cluster)
	if own == "" || own == whole || k.version != whole || !catalog.Newer(whole, own) {
		return nil
	}
	r, known := t.c.Catalog.Release("aks", own)
	if day := t.c.Catalog.Day(); !known || !r.Lasts(day, moveMonths) && !(k.longTerm && r.Extends(day, moveMonths)) {
		t.gap("eks.version", "Version="+own+", AKS: "+k.version)
		return nil
	}
	return new(own)
}

// tier is the one with an uptime agreement, as EKS has; long-term support is part
// of premium.
func (k kubernetesVersion) tier() managedclusters.ManagedClusterSKUTier {
	if k.longTerm {
		return managedclusters.ManagedClusterSKUTierPremium
	}
	return managedclusters.ManagedClusterSKUTierStandard
}
