package data

import (
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/managedidentity/2024-11-30/identities"
)

func (b *book) firehoseRules() []design.Rule {
	return []design.Rule{
		making(b.rule("firehose/deliverystream", "Microsoft Learn, Capture events through Azure Event Hubs", deliveryStream, "AWS::KinesisFirehose::DeliveryStream"), hubNamespace, hub),
	}
}

// captureIdentity is the identity by which Event Hubs writes to containers.
func captureIdentity(c *book) cloud.ResourceID {
	return c.Once("data/capture-identity", func() cloud.ResourceID {
		return c.Put(design.Target{Type: "Microsoft.ManagedIdentity/userAssignedIdentities", Base: c.Options.Workload + "-capture", Model: identities.Identity{}})
	})
}

// sink is where a delivery stream writes.
type sink struct {
	name   string
	config map[string]any
}

// delivery finds the destination, S3 first: the others keep a bucket for what
// fails.
func delivery(r *inventory.Resource) sink {
	for _, name := range []string{"ExtendedS3DestinationConfiguration", "S3DestinationConfiguration"} {
		if m := mapping(r.Properties[name]); len(m) > 0 {
			return sink{name, m}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Properties)) {
		if strings.HasSuffix(name, "DestinationConfiguration") {
			return sink{name, mapping(r.Properties[name])}
		}
	}
	return sink{}
}

// directPut streams get their records from producers and not from a stream.
func directPut(r *inventory.Resource) bool {
	return r.Properties["KinesisStreamSourceConfiguration"] == nil && r.Properties["MSKSourceConfiguration"] == nil && r.Properties["DatabaseSourceConfiguration"] == nil
}

// deliverySource is the event hub that a delivery stream reads, "" when it has
// none.
func (s *sheet) deliverySource() cloud.ResourceID {
	if id, ok := s.c.TargetOf(s.r, hub); ok {
		return id
	}
	source, _ := s.c.Find(s.r, design.At(s.r.Properties, "KinesisStreamSourceConfiguration.KinesisStreamARN"), "AWS::Kinesis::Stream")
	id, _ := s.c.TargetOf(source, hub)
	return id
}

func deliveryStream(s *sheet) design.Decision {
	to := delivery(s.r)
	s.Knows("DeliveryStreamName", "DeliveryStreamType", "KinesisStreamSourceConfiguration", "DeliveryStreamStatus", "DeliveryStreamARN", "VersionId", to.name)
	s.gapIf("firehose.encryption", "DeliveryStreamEncryptionConfigurationInput")
	s.Decision.EffortDays = 3
	if directPut(s.r) && s.deliverySource() == "" {
		s.putHub(1, 24, s.r)
	}
	source := s.deliverySource()
	if source != "" {
		s.c.Attach(s.r, source)
	}
	for _, row := range [][2]string{{"firehose.transform", "ProcessingConfiguration"}, {"firehose.format", "DataFormatConversionConfiguration"}, {"firehose.partitioning", "DynamicPartitioningConfiguration"}, {"firehose.compression", "CompressionFormat"}} {
		if v := to.config[row[1]]; !void(v) && !strings.EqualFold(design.Text(to.config, "CompressionFormat"), "UNCOMPRESSED") {
			s.Gap(row[0], to.name+"."+row[1]+"="+common.Shown(v))
		}
	}
	switch {
	case strings.Contains(to.name, "S3Destination") && source != "":
		s.Gap("firehose.avro", to.name)
		s.Not("Azure Stream Analytics", "writes JSON or Parquet and can transform on the way, and is billed by streaming units")
		return s.done(design.Replace, 0.6, "Event Hubs Capture of %s writes to the container of the bucket every %d seconds or %d MiB", common.LastName(source), design.Int(to.config, "BufferingHints.IntervalInSeconds", 300), design.Int(to.config, "BufferingHints.SizeInMBs", 5))
	case source == "":
		s.Do("choose what reads the source of %s (%s) and writes to %s", s.r.Name, common.Shown(mapping(s.r.Properties["MSKSourceConfiguration"])), orUnknown(to.name))
		return s.done(design.Manual, 0.4, "no automatic mapping: its source has no event hub in this design")
	}
	s.Do("write a Stream Analytics job from event hub %s to the counterpart of %s, with a container for what fails", common.LastName(source), orUnknown(strings.TrimSuffix(to.name, "DestinationConfiguration")))
	return s.done(design.Manual, 0.4, "no automatic mapping for the destination %s; event hub %s takes the records", orUnknown(strings.TrimSuffix(to.name, "DestinationConfiguration")), common.LastName(source))
}
