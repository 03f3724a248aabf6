package security

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/managedidentity/2024-11-30/federatedidentitycredentials"
)

// entraAudience is the audience that Microsoft Entra wants in a foreign token
// (Microsoft Learn, "Workload identity federation").
const entraAudience = "api://AzureADTokenExchange"

// federatedMost is how many federated credentials an identity takes (Microsoft
// Learn, "Important considerations and restrictions for federated identity
// credentials").
const federatedMost = 20

// federate lets tokens of the role's identity providers stand for the
// identity. Credentials of clusters wait until the cluster is there: see
// clusterCredentials.
func federate(s *common.Sheet, t trust, identity cloud.ResourceID) {
	made := 0
	for _, f := range t.federated {
		if f.issuer == "" {
			continue
		}
		for _, pattern := range f.patterns {
			s.Gap("iam.federated-pattern", pattern)
		}
		if len(f.patterns)+len(f.subjects) == 0 {
			s.Gap("iam.federated-pattern", "any subject of "+f.issuer)
		}
		if f.cluster() {
			continue
		}
		for _, subject := range f.subjects {
			if made++; made > federatedMost {
				s.Do("spread the subjects of %s over several identities: one takes %d federated credentials", s.R.Name, federatedMost)
				return
			}
			credential(s.C, identity, "https://"+strings.TrimPrefix(f.issuer, "https://"), subject)
		}
		s.Do("ask %s for tokens with the audience %q where %s uses this role", f.issuer, entraAudience, s.R.Name)
	}
}

func credential(c *design.Context, identity cloud.ResourceID, issuer, subject string) cloud.ResourceID {
	return c.Once("security/federated/"+string(identity)+"|"+issuer+"|"+subject, func() cloud.ResourceID {
		return c.Put(design.Target{Type: federatedKind, Parent: identity, Base: subject, NoLocation: true,
			Model: federatedidentitycredentials.FederatedIdentityCredential{Properties: &federatedidentitycredentials.FederatedIdentityCredentialProperties{
				Issuer: issuer, Subject: subject, Audiences: []string{entraAudience},
			}}})
	})
}

// clusterCredentials lets service accounts of a cluster stand for the identity
// of a role: the issuer is known when the cluster exists.
func clusterCredentials(c *design.Context, role *inventory.Resource, identity cloud.ResourceID) {
	clusters := c.OfKind("AWS::EKS::Cluster")
	for _, f := range trustOf(c, role).federated {
		if !f.cluster() || len(f.subjects) == 0 {
			continue
		}
		var target cloud.ResourceID
		for _, cluster := range clusters {
			if id, ok := c.TargetOf(cluster, "Microsoft.ContainerService/managedClusters"); ok && (target == "" || strings.Contains(f.issuer, cluster.Name)) {
				target = id
			}
		}
		if target == "" {
			c.Finding(design.Finding{ID: "identity.issuer." + role.Name, Severity: design.Medium, About: []cloud.ResourceID{role.ID},
				Text: "service accounts assume role " + role.Name + ", and the design has no cluster that would vouch for them",
				Do:   "add a federated credential to its identity for each service account when the cluster exists"})
			continue
		}
		for i, subject := range f.subjects {
			if i < federatedMost {
				c.Attach(role, credential(c, identity, c.Output(target, "properties.oidcIssuerProfile.issuerURL"), subject))
			}
		}
	}
}
