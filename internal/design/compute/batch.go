package compute

import (
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-helpers/resourcemanager/identity"
	"github.com/hashicorp/go-azure-sdk/resource-manager/batch/2024-07-01/batchaccount"
	batchpool "github.com/hashicorp/go-azure-sdk/resource-manager/batch/2024-07-01/pool"
)

const (
	accountKind cloud.Kind = "Microsoft.Batch/batchAccounts"
	poolKind    cloud.Kind = "Microsoft.Batch/batchAccounts/pools"
)

func (f *family) batchRules() []design.Rule {
	const page = "Azure Architecture Center, Compare compute services on Azure and AWS"
	return []design.Rule{
		rule(design.Rule{Name: "batch/computeenvironment", Kinds: []cloud.Kind{"AWS::Batch::ComputeEnvironment"}, Stage: design.Compute, Source: page, Targets: []cloud.Kind{accountKind, poolKind}}, f.environment),
		rule(design.Rule{Name: "batch/jobqueue", Kinds: []cloud.Kind{"AWS::Batch::JobQueue"}, Stage: design.Compute, Source: page}, f.queue),
		rule(design.Rule{Name: "batch/jobdefinition", Kinds: []cloud.Kind{"AWS::Batch::JobDefinition"}, Stage: design.Compute, Source: page}, jobDefinition),
	}
}

// account is the one Batch account of the workload.
func account(c *design.Context) cloud.ResourceID {
	return c.Once("compute/batch", func() cloud.ResourceID {
		return c.Put(design.Target{Type: accountKind, Base: c.Options.Workload, Model: batchaccount.BatchAccountCreateParameters{Properties: &batchaccount.BatchAccountCreateProperties{
			PoolAllocationMode: new(batchaccount.PoolAllocationModeBatchService), PublicNetworkAccess: new(batchaccount.PublicNetworkAccessTypeEnabled),
			AllowedAuthenticationModes: &[]batchaccount.AuthenticationMode{batchaccount.AuthenticationModeAAD, batchaccount.AuthenticationModeTaskAuthenticationToken},
		}}})
	})
}

// environment decides a compute environment: a pool that grows with the tasks
// that wait.
func (f *family) environment(c *design.Context, r *inventory.Resource) design.Decision {
	resources, _ := r.Properties["ComputeResources"].(map[string]any)
	data, template := launchData(c, r, resources["LaunchTemplate"])
	m := f.newMachine(c, r, data)
	m.Knows("ComputeEnvironmentArn", "ComputeEnvironmentName", "ComputeResources", "Context", "ReplaceComputeEnvironment", "ServiceRole", "State", "Type", "UpdatePolicy", "EcsSettings", "UnmanagedvCpus")
	if strings.EqualFold(m.Text("Type"), "UNMANAGED") || m.Has("EksConfiguration") {
		m.Knows("EksConfiguration")
		m.Decide(design.Manual, common.Redesign, "an environment on machines of one's own or on EKS has no pool to become")
		m.Do("run the jobs of %s as Kubernetes jobs on the cluster's counterpart, or make a Batch pool for them", r.Name)
		return m.Done()
	}
	kind := strings.ToUpper(design.Text(resources, "Type"))
	m.R.Properties["InstanceType"] = batchType(design.Texts(resources["InstanceTypes"]), kind)
	m.cards = []card{{subnet: at(splitNames(design.List(resources["Subnets"])), 0), groups: design.List(resources["SecurityGroupIds"])}}
	if profile := resources["InstanceRole"]; profile != nil {
		m.R.Properties["IamInstanceProfile"] = profile
	}
	m.choose()
	if m.size == "" {
		m.Decide(design.Manual, common.Guess, "%s", m.why)
		m.Do("make a pool for %s by hand", r.Name)
		return m.Done()
	}
	most := max(design.Int(resources, "MaxvCpus", 0), 1)
	least := max(design.Int(resources, "MinvCpus", 0), 0)
	per := max(m.facts.VCPU, 1)
	least, most = least/per, max((most+per-1)/per, 1)
	spot := strings.Contains(kind, "SPOT")
	id := m.putPool(least, most, spot)
	if template != nil {
		c.Attach(template, id)
	}
	m.batchGaps(resources, kind)
	m.Decide(design.Migrate, common.NamedGaps, "a %s compute environment of up to %s vCPU becomes a pool of %d to %d x %s with containers", strings.ToLower(kind), common.Shown(resources["MaxvCpus"]), least, most, m.size)
	m.Not("Azure Container Apps jobs", "they know no queues with priorities, no arrays and no multi-node jobs; fine for single containers on a schedule or an event")
	m.EffortDays = 4
	return m.Done()
}

// batchType is the instance type that a pool is sized after: the first that is
// named; of a family its xlarge, the smallest that Batch itself prefers for
// "optimal".
func batchType(types []string, kind string) string {
	if strings.HasPrefix(kind, "FARGATE") || len(types) == 0 {
		return "m6i.xlarge"
	}
	first := strings.ToLower(types[0])
	switch {
	case first == "optimal" || strings.HasPrefix(first, "default") || common.Unresolved(first):
		return "m5.xlarge"
	case !strings.Contains(first, "."):
		return first + ".xlarge"
	}
	return first
}

// formula grows the pool by the tasks that waited in the last minutes, and lets
// tasks end before a node goes (Microsoft Learn, "Create a formula to
// automatically scale compute nodes in a Batch pool").
func formula(least, most int, spot bool) string {
	target := "$TargetDedicatedNodes"
	if spot {
		target = "$TargetLowPriorityNodes"
	}
	low, high := strconv.Itoa(least), strconv.Itoa(most)
	return "waiting = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 5) < 50 ? max(0, $PendingTasks.GetSample(1)) : max($PendingTasks.GetSample(1), avg($PendingTasks.GetSample(TimeInterval_Minute * 5)));\n" +
		target + " = min(" + high + ", max(" + low + ", waiting));\n$NodeDeallocationOption = taskcompletion;"
}

func (m *machine) putPool(least, most int, spot bool) cloud.ResourceID {
	p := batchpool.PoolProperties{
		VMSize: new(m.size), TaskSlotsPerNode: new(int64(1)), InterNodeCommunication: new(batchpool.InterNodeCommunicationStateDisabled),
		ScaleSettings: &batchpool.ScaleSettings{AutoScale: &batchpool.AutoScaleSettings{Formula: formula(least, most, spot), EvaluationInterval: new("PT5M")}},
		DeploymentConfiguration: &batchpool.DeploymentConfiguration{VirtualMachineConfiguration: &batchpool.VirtualMachineConfiguration{
			ImageReference: batchpool.ImageReference{Publisher: new("microsoft-dsvm"), Offer: new("ubuntu-hpc"), Sku: new("2204"), Version: new("latest")}, NodeAgentSkuId: "batch.node.ubuntu 22.04",
			ContainerConfiguration: &batchpool.ContainerConfiguration{Type: batchpool.ContainerTypeDockerCompatible},
		}},
		NetworkConfiguration: &batchpool.NetworkConfiguration{SubnetId: new(m.poolSubnet()), PublicIPAddressConfiguration: &batchpool.PublicIPAddressConfiguration{Provision: new(batchpool.IPAddressProvisioningTypeNoPublicIPAddresses)}},
	}
	model := batchpool.Pool{Properties: &p}
	if ids := m.identity(); len(ids) > 0 {
		model.Identity = &identity.UserAssignedMap{Type: identity.TypeUserAssigned, IdentityIds: userAssigned(ids).IdentityIds}
	}
	return m.C.Put(design.Target{Type: poolKind, Parent: account(m.C), Base: m.name, Model: model}, m.r)
}

func (m *machine) batchGaps(resources map[string]any, kind string) {
	m.Gap("batch.model", "Type="+kind)
	if strings.HasPrefix(kind, "FARGATE") {
		m.Gap("batch.fargate", "ComputeResources.Type="+kind)
	}
	if strings.Contains(kind, "SPOT") {
		m.Gap("ec2.spot", "ComputeResources.Type="+kind)
	}
	if n := len(design.List(resources["InstanceTypes"])); n > 1 {
		m.Do("the environment takes %d instance types, a pool one size: make further pools where jobs need them", n)
	}
	known := []string{"AllocationStrategy", "BidPercentage", "DesiredvCpus", "InstanceRole", "InstanceTypes", "LaunchTemplate", "MaxvCpus", "MinvCpus", "SecurityGroupIds", "SpotIamFleetRole", "Subnets", "Tags", "Type", "UpdateToLatestImageVersion"}
	for _, name := range leftover(resources, known...) {
		m.Do("ComputeResources.%s (%s) has no counterpart in a pool: see whether the jobs need it", name, common.Shown(resources[name]))
	}
}

// queue decides a job queue, which at Azure is a job of the data plane.
func (f *family) queue(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("ComputeEnvironmentOrder", "JobQueueArn", "JobQueueName", "JobQueueType", "JobStateTimeLimitActions", "Priority", "State", "ServiceEnvironmentOrder")
	var pools []string
	for _, e := range s.Maps("ComputeEnvironmentOrder") {
		if env, ok := c.Find(r, e["ComputeEnvironment"], "AWS::Batch::ComputeEnvironment"); ok {
			if id, ok := c.TargetOf(env, poolKind); ok {
				c.Attach(r, id)
				pools = append(pools, common.LastName(id))
			}
		}
	}
	if s.Has("SchedulingPolicyArn") {
		s.Meets("batch.fair-share", "SchedulingPolicyArn")
	}
	s.Gap("batch.queue", "Priority="+common.Shown(s.At("Priority")))
	if len(pools) == 0 {
		s.Decide(design.Manual, common.Redesign, "the queue's compute environments have no pool in this design")
		s.Do("make a Batch pool for the jobs of %s", r.Name)
		return s.Done()
	}
	s.Decide(design.Replace, common.Redesign, "tasks are added to a job on the pool %s instead of a queue", strings.Join(pools, ", "))
	s.Do("create a Batch job with priority %d on %s when the workload starts, and let the program add tasks to it instead of calling SubmitJob", s.Int("Priority", 1), strings.Join(pools, ", "))
	return s.Done()
}

// jobDefinition decides a job definition: what it says stands in each task.
func jobDefinition(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("ContainerProperties", "JobDefinitionArn", "JobDefinitionName", "Parameters", "PlatformCapabilities", "PropagateTags", "RetryStrategy", "Timeout", "Type", "Revision", "Status")
	image := s.Text("ContainerProperties.Image")
	s.Gap("batch.model", "Type="+s.Text("Type"))
	if s.Text("Type") == "multinode" {
		s.Meets("batch.multinode", "Type")
	}
	s.Decide(design.Manual, common.Redesign, "a job definition (%s) is a resource at AWS; at Azure the program gives command, container and limits with each task", common.Shown(image))
	s.Do("write the task of %s where jobs are submitted: image %s, command %s, %d retries, %d seconds at most", r.Name, common.Shown(image), common.Shown(s.At("ContainerProperties.Command")),
		s.Int("RetryStrategy.Attempts", 1), s.Int("Timeout.AttemptDurationSeconds", 0))
	if role := s.At("ContainerProperties.JobRoleArn"); role != nil {
		s.Do("give the pool a user-assigned identity with the rights of the job role %s, and read secrets from Key Vault with it", common.Shown(role))
	}
	s.EffortDays = 1
	return s.Done()
}

// leftover returns the names of a mapping beside those that are known, in
// order.
func leftover(tree map[string]any, known ...string) []string {
	var out []string
	for name, value := range tree {
		if value != nil && !slices.Contains(known, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// poolSubnet is a subnet for the machines of a pool alone: they have no network
// interfaces of the workload's own, so that its NSG carries their groups.
func (m *machine) poolSubnet() string {
	if m.C.Plan != nil {
		near := splitNames(design.List(design.At(m.r.Properties, "ComputeResources.Subnets")))
		if id, ok := m.C.Plan.Dedicated(design.Purpose{Name: "batch", Bits: 24, From: m.r, Near: near, Groups: m.cards[0].groups}); ok {
			return string(id)
		}
	}
	return m.subnetID(m.cards[0])
}
