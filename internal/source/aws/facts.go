package aws

import (
	"context"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"example.com/landfall/internal/awserror"
	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source"
)

// Facts reads what EC2 offers in a region.
type Facts struct {
	api ec2.DescribeInstanceTypesAPIClient
}

var _ source.Facts = Facts{}

// NewFacts returns the reader for the region of the configuration.
func NewFacts(config sdk.Config) Facts { return Facts{ec2.NewFromConfig(config)} }

// InstanceTypes reads the types that the region offers, by name.
func (f Facts) InstanceTypes(ctx context.Context) ([]catalog.EC2Type, error) {
	var out []catalog.EC2Type
	pages := ec2.NewDescribeInstanceTypesPaginator(f.api, &ec2.DescribeInstanceTypesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fault.Of(awserror.Kind(err), "read instance types", "ec2:DescribeInstanceTypes", awserror.Brief(err))
		}
		for _, t := range page.InstanceTypes {
			out = append(out, instanceType(t))
		}
	}
	slices.SortFunc(out, func(a, b catalog.EC2Type) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func instanceType(t types.InstanceTypeInfo) catalog.EC2Type {
	out := catalog.EC2Type{
		Name: string(t.InstanceType), Arch: "amd64", Burstable: sdk.ToBool(t.BurstablePerformanceSupported), Metal: sdk.ToBool(t.BareMetal),
		Current: sdk.ToBool(t.CurrentGeneration), Nitro: t.Hypervisor == types.InstanceTypeHypervisorNitro,
	}
	if t.VCpuInfo != nil {
		out.VCPU = int(sdk.ToInt32(t.VCpuInfo.DefaultVCpus))
	}
	if t.MemoryInfo != nil {
		out.MiB = int(sdk.ToInt64(t.MemoryInfo.SizeInMiB))
	}
	if p := t.ProcessorInfo; p != nil {
		out.Maker = sdk.ToString(p.Manufacturer)
		for _, arch := range p.SupportedArchitectures {
			switch arch {
			case types.ArchitectureTypeArm64, types.ArchitectureTypeArm64Mac:
				out.Arch = "arm64"
			}
			out.Mac = out.Mac || strings.HasSuffix(string(arch), "_mac")
		}
	}
	if g := t.GpuInfo; g != nil {
		for _, gpu := range g.Gpus {
			out.GPUs += int(sdk.ToInt32(gpu.Count))
			out.GPU = strings.TrimSpace(sdk.ToString(gpu.Manufacturer) + " " + sdk.ToString(gpu.Name))
			if gpu.MemoryInfo != nil {
				out.GPUMiB = int(sdk.ToInt32(gpu.MemoryInfo.SizeInMiB))
			}
		}
	}
	if s := t.InstanceStorageInfo; s != nil {
		out.LocalGB = int(sdk.ToInt64(s.TotalSizeInGB))
		for _, d := range s.Disks {
			out.LocalDisks += int(sdk.ToInt32(d.Count))
			out.LocalKind = string(d.Type)
		}
	}
	bandwidth(&out, t)
	for _, mode := range t.SupportedBootModes {
		out.Boot = append(out.Boot, string(mode))
	}
	return out
}

// bandwidth fills in bandwidth of network and volumes.
func bandwidth(out *catalog.EC2Type, t types.InstanceTypeInfo) {
	if n := t.NetworkInfo; n != nil {
		out.NICs, out.AddressesPerNIC, out.EFA = int(sdk.ToInt32(n.MaximumNetworkInterfaces)), int(sdk.ToInt32(n.Ipv4AddressesPerInterface)), sdk.ToBool(n.EfaSupported)
		for _, card := range n.NetworkCards {
			out.BaseGbps += sdk.ToFloat64(card.BaselineBandwidthInGbps)
			out.PeakGbps += sdk.ToFloat64(card.PeakBandwidthInGbps)
		}
	}
	if t.EbsInfo != nil && t.EbsInfo.EbsOptimizedInfo != nil {
		e := t.EbsInfo.EbsOptimizedInfo
		out.BaseIOPS, out.IOPS = int(sdk.ToInt32(e.BaselineIops)), int(sdk.ToInt32(e.MaximumIops))
		out.BaseMBps, out.MBps = sdk.ToFloat64(e.BaselineThroughputInMBps), sdk.ToFloat64(e.MaximumThroughputInMBps)
	}
}
