package advice

import (
	"fmt"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

const gib = 1 << 30

// egress estimates what sending the workload's data out of AWS once costs.
// Allocated sizes stand for what is used of them, so this is an upper bound;
// buckets without a measured size are named in the notes.
func egress(c *design.Context) (usd float64, notes []string) {
	total, unknown := 0.0, 0
	for _, r := range c.Everything() {
		if c.Shared(r) {
			continue
		}
		size, known := sizeOf(c, r)
		total += size
		if !known {
			unknown++
		}
	}
	left := fmt.Sprintf("%d data stores of unknown size", unknown)
	price, ok := c.Catalog.UnitEstimate("aws_data_transfer", "Outbound data transfer to Internet (first 10TB)")
	switch {
	case !ok:
		return 0, []string{design.EgressNotKnown + "the catalogue has no price for it"}
	case total == 0 && unknown > 0:
		return 0, []string{design.EgressNotKnown + left}
	case unknown > 0:
		notes = append(notes, "egress leaves out "+left)
	}
	if total > 0 {
		notes = append(notes, fmt.Sprintf("egress of at most %.0f GiB; %s", total/gib, price.Basis))
	}
	return total / gib * price.USD, notes
}

// sizeOf returns how many bytes a data store holds at most; known is true for
// what holds none.
func sizeOf(c *design.Context, r *inventory.Resource) (bytes float64, known bool) {
	size := func(property string) (float64, bool) {
		n, ok := design.Number(r.Properties, property)
		return n * gib, ok
	}
	switch r.Kind {
	case "AWS::RDS::DBInstance":
		if design.Text(r.Properties, "DBClusterIdentifier") != "" || design.Text(r.Properties, "SourceDBInstanceIdentifier") != "" {
			return 0, true // the cluster's volume, or a copy
		}
		return size("AllocatedStorage")
	case "AWS::EC2::Volume":
		return size("Size")
	case "AWS::S3::Bucket", "AWS::RDS::DBCluster":
		return stored(c, r)
	case "AWS::DynamoDB::Table":
		n, ok := design.Number(r.Attributes, "TableSizeBytes")
		return n, ok
	case "AWS::EFS::FileSystem":
		n, ok := design.Number(r.Attributes, "SizeInBytes.Value")
		return n, ok
	}
	return 0, true
}

// stored adds up what the baseline says of the stored bytes of a resource.
// known is false when it was not measured.
func stored(c *design.Context, r *inventory.Resource) (bytes float64, known bool) {
	if c.Baseline == nil {
		return 0, false
	}
	for _, k := range c.Baseline.KPIs {
		if k.Subject.ID != r.ID || k.Metric != kpi.StorageUsed {
			continue
		}
		for _, v := range k.Values {
			if v.Statistic == kpi.Max {
				bytes, known = bytes+v.Value, true
			}
		}
	}
	return bytes, known
}
