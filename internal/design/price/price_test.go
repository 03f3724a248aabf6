package price_test

import (
	"math"
	"os"
	"strings"
	"testing"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/app"
	"example.com/landfall/internal/design/compute"
	"example.com/landfall/internal/design/data"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/edge"
	"example.com/landfall/internal/design/network"
	"example.com/landfall/internal/design/operations"
	"example.com/landfall/internal/design/price"
	"example.com/landfall/internal/design/security"
)

func families() []design.Family {
	return []design.Family{network.Family(), security.Family(), data.Family(), app.Family(), edge.Family(), compute.Family(), operations.Family(), price.Family()}
}

func make1(t *testing.T, template string) *design.Design {
	t.Helper()
	d := designtest.Shuffled(t, families(), designtest.FromTemplate(t, template)...)
	designtest.Check(t, d)
	return d
}

// dollars compares a side with what is wanted; below zero means not known.
func dollars(t *testing.T, name, side string, got *float64, want float64) {
	t.Helper()
	switch {
	case got == nil && want >= 0:
		t.Errorf("%s: %s is not known, want %.2f", name, side, want)
	case got != nil && want < 0:
		t.Errorf("%s: %s is %.2f, want it not known", name, side, *got)
	case got != nil && math.Abs(*got-want) > 0.011:
		t.Errorf("%s: %s is %.2f, want %.2f", name, side, *got, want)
	}
}

const net = `
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1a}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.0.2.0/24, AvailabilityZone: us-east-1b}}
`

// Each kind that has a unit price has it on both sides; what is billed by use
// says so and stays unknown.
func TestKindsArePriced(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		resources, of string
		before, after float64
		basis         string
	}{
		{`
  Ip: {Type: AWS::EC2::EIP, Properties: {Domain: vpc}}
  X: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref A, AllocationId: !GetAtt Ip.AllocationId}}`, "X", 0.045 * 730, 0.045 * 730, "without data processed"},
		{`
  X: {Type: AWS::EC2::EIP, Properties: {Domain: vpc}}
  N: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref A, AllocationId: !GetAtt X.AllocationId}}`, "X", 3.65, 3.65, "IP address"},
		{`
  X: {Type: AWS::SecretsManager::Secret, Properties: {Name: shop/x}}`, "shop/x", 0.4, 0, "nothing of its own is billed"},
		{`
  X: {Type: AWS::Route53::HostedZone, Properties: {Name: example.com}}`, "example.com", 0.5, 0.54, "Hosted zone"},
		{`
  X: {Type: AWS::KMS::Key, Properties: {Description: x, KeyPolicy: {Statement: []}}}`, "X", 1, 5, "HSM"},
		{`
  X: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}`, "jobs", -1, 0.013438 * 730, "their number is not known"},
		{`
  X: {Type: AWS::S3::Bucket, Properties: {BucketName: shop-x}}`, "shop-x", -1, -1, "billed by stored GB"},
		{`
  X: {Type: AWS::EKS::Cluster, Properties: {Name: shop, RoleArn: "arn:aws:iam::123456789012:role/x", ResourcesVpcConfig: {SubnetIds: [!Ref A, !Ref B]}}}`, "shop", 73, 73, "without the nodes"},
		{`
  X: {Type: AWS::EKS::Cluster, Properties: {Name: shop, Version: "1.33", RoleArn: "arn:aws:iam::123456789012:role/x", ResourcesVpcConfig: {SubnetIds: [!Ref A, !Ref B]}}}`, "shop", 438, 438, "EKS cluster (extended support)"},
		{`
  X: {Type: AWS::EKS::Cluster, Properties: {Name: shop, Version: "1.33", UpgradePolicy: {SupportType: STANDARD}, RoleArn: "arn:aws:iam::123456789012:role/x", ResourcesVpcConfig: {SubnetIds: [!Ref A, !Ref B]}}}`, "shop", 73, 73, "before: EKS cluster,"},
		{`
  X: {Type: AWS::EKS::Cluster, Properties: {Name: shop, Version: "1.34.2", RoleArn: "arn:aws:iam::123456789012:role/x", ResourcesVpcConfig: {SubnetIds: [!Ref A, !Ref B]}}}`, "shop", 73, 438, "Cluster management (Premium)"},
		{`
  X: {Type: AWS::EKS::Cluster, Properties: {Name: shop, Version: "1.21", RoleArn: "arn:aws:iam::123456789012:role/x", ResourcesVpcConfig: {SubnetIds: [!Ref A, !Ref B]}}}`, "shop", 438, 73, "EKS cluster (extended support)"},
		{`
  X: {Type: AWS::EKS::Cluster, Properties: {Name: shop, Version: "1.99", RoleArn: "arn:aws:iam::123456789012:role/x", ResourcesVpcConfig: {SubnetIds: [!Ref A, !Ref B]}}}`, "shop", 73, 73, "before: EKS cluster,"},
		{`
  X: {Type: AWS::FSx::FileSystem, Properties: {FileSystemType: WINDOWS, StorageCapacity: 100, StorageType: SSD, SubnetIds: [!Ref A], WindowsConfiguration: {ThroughputCapacity: 32}}}`, "X", 23 + 144, -1, "SSD storage and Throughput capacity"},
		{`
  T: {Type: AWS::ECS::TaskDefinition, Properties: {Family: web, Cpu: "512", Memory: "1024", RequiresCompatibilities: [FARGATE], NetworkMode: awsvpc, ContainerDefinitions: [{Name: web, Image: "nginx:1", PortMappings: [{ContainerPort: 80}]}]}}
  C: {Type: AWS::ECS::Cluster, Properties: {ClusterName: c}}
  X: {Type: AWS::ECS::Service, Properties: {ServiceName: web, Cluster: !Ref C, TaskDefinition: !Ref T, DesiredCount: 2, LaunchType: FARGATE, NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [!Ref A]}}}}`,
			"X", 2 * (0.5*29.55 + 3.245), 2 * 730 * (0.5*0.0864 + 0.0108), "Fargate"},
	} {
		d := make1(t, "Resources:"+net+c.resources+"\n")
		one := find(t, d, c.of)
		if one.Cost == nil {
			t.Errorf("%s has no cost", c.of)
			continue
		}
		dollars(t, c.of, "before", one.Cost.Before, c.before)
		dollars(t, c.of, "after", one.Cost.After, c.after)
		if c.basis != "Fargate" && !strings.Contains(one.Cost.Basis, c.basis) {
			t.Errorf("%s: the basis is %q, want %q in it", c.of, one.Cost.Basis, c.basis)
		}
	}
}

// find returns the decision of a name or logical id that has the most to say.
func find(t *testing.T, d *design.Design, name string) design.Decision {
	t.Helper()
	for _, one := range d.Decisions {
		if one.Name == name && one.Cost != nil || strings.HasSuffix(string(one.Source), "/"+name) {
			return one
		}
	}
	return designtest.Decision(t, d, name)
}

// The base charge of what several share is charged once, whoever shares it.
func TestSharesAddUp(t *testing.T) {
	t.Parallel()
	text := "Resources:\n"
	for _, name := range []string{"a", "b", "c", "d"} {
		text += "  Q" + name + ": {Type: AWS::SQS::Queue, Properties: {QueueName: jobs-" + name + "}}\n"
	}
	d := make1(t, text+`
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: work, AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: lambda.amazonaws.com}}]}, Policies: [{PolicyName: p, PolicyDocument: {Statement: [{Effect: Allow, Action: [sqs:SendMessage], Resource: !GetAtt Qa.Arn}]}}]}}
`)
	sum := 0.0
	for _, one := range d.Decisions {
		if one.Cost != nil && one.Cost.After != nil {
			if one.Kind != "AWS::SQS::Queue" {
				t.Errorf("%s pays for the bus: %s", one.Name, one.Cost.Basis)
			}
			sum += *one.Cost.After
		}
	}
	if math.Abs(sum-0.013438*730) > 0.05 {
		t.Errorf("the shares add up to %.2f", sum)
	}
	if math.Abs(d.Cost.After-sum) > 0.001 || d.Cost.Before != 0 {
		t.Errorf("the summary is %+v", d.Cost)
	}
}

// What has no price on either side counts as unpriced, although its cost says
// why.
func TestUnknownIsNotZero(t *testing.T) {
	t.Parallel()
	d := make1(t, "Resources:\n  X: {Type: AWS::S3::Bucket, Properties: {BucketName: shop-x}}\n")
	one := designtest.Decision(t, d, "shop-x")
	if one.Cost == nil || one.Cost.Before != nil || one.Cost.After != nil || d.Cost.Unpriced != 1 {
		t.Errorf("cost %+v, unpriced %d", one.Cost, d.Cost.Unpriced)
	}
}

// Every row of the tables is read, names a unit price that exists, and stands
// in order.
func TestTables(t *testing.T) {
	t.Parallel()
	facts, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"target.tsv", "source.tsv"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before := ""
		for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			if strings.HasPrefix(line, "#") {
				continue
			}
			cells := strings.Split(line, "\t")
			if len(cells) != 5 || cells[0] <= before {
				t.Errorf("%s: %q has %d cells or stands in the wrong place", file, line, len(cells))
				continue
			}
			before = cells[0]
			if !strings.Contains(cells[1], "_") || strings.Contains(cells[2], "{") {
				continue
			}
			if _, ok := facts.Unit(cells[1], cells[2]); !ok {
				t.Errorf("%s: %s has no unit price %q of %s", file, cells[0], cells[2], cells[1])
			}
		}
	}
}
