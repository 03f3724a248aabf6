package recorder

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

const (
	typeDatabase      = "AWS::RDS::DBInstance"
	typeCluster       = "AWS::RDS::DBCluster"
	typeDBSubnetGroup = "AWS::RDS::DBSubnetGroup"
	typeDBSecurity    = "AWS::RDS::DBSecurityGroup"
	typeDBSnapshot    = "AWS::RDS::DBSnapshot"
)

type rdsReader struct {
	*reader
	client *rds.Client
}

// rds has no kind for parameter groups: AWS Config does not know them.
func (r *reader) rds() family {
	d := rdsReader{r, rds.NewFromConfig(r.config)}
	return family{name: "rds", services: []string{"rds"}, kinds: []kind{
		{[]string{typeDatabase}, d.instances},
		{[]string{typeCluster}, d.clusters},
		{[]string{typeDBSubnetGroup}, d.subnetGroups},
		{[]string{typeDBSecurity}, d.securityGroups},
		{[]string{typeDBSnapshot}, d.snapshots},
	}}
}

func rdsTags(tags []types.Tag) map[string]string {
	return tagged(tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
}

func (d rdsReader) instances(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, rds.NewDescribeDBInstancesPaginator(d.client, &rds.DescribeDBInstancesInput{}), func(out *rds.DescribeDBInstancesOutput) {
		for _, one := range out.DBInstances {
			items = append(items, d.instance(one))
		}
	})
	return items, err
}

func (d rdsReader) instance(one types.DBInstance) item {
	// AWS Config knows a database by the id that survives renaming.
	it := d.item(typeDatabase, text(one.DbiResourceId), text(one.DBInstanceIdentifier), text(one.DBInstanceArn))
	it.zone, it.created, it.tags = text(one.AvailabilityZone), when(one.InstanceCreateTime), rdsTags(one.TagList)
	it.configuration = without(camel(one), "latestRestorableTime", "tagList")
	for _, group := range one.VpcSecurityGroups {
		it.relate(associated, typeSecurityGroup, text(group.VpcSecurityGroupId))
	}
	if group := one.DBSubnetGroup; group != nil {
		it.relate(associated, typeDBSubnetGroup, text(group.DBSubnetGroupName))
		it.relate(containedIn, typeVPC, text(group.VpcId))
		for _, subnet := range group.Subnets {
			it.relate(containedIn, typeSubnet, text(subnet.SubnetIdentifier))
		}
	}
	it.relate(associated, typeKey, keyID(one.KmsKeyId))
	it.supplementary = map[string]any{"Tags": tagList(it.tags)}
	return it
}

func (d rdsReader) clusters(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, rds.NewDescribeDBClustersPaginator(d.client, &rds.DescribeDBClustersInput{}), func(out *rds.DescribeDBClustersOutput) {
		for _, one := range out.DBClusters {
			it := d.item(typeCluster, text(one.DbClusterResourceId), text(one.DBClusterIdentifier), text(one.DBClusterArn))
			it.zone, it.created, it.tags = zoneMany, when(one.ClusterCreateTime), rdsTags(one.TagList)
			it.configuration = without(camel(one), "latestRestorableTime", "earliestRestorableTime", "tagList")
			for _, group := range one.VpcSecurityGroups {
				it.relate(associated, typeSecurityGroup, text(group.VpcSecurityGroupId))
			}
			it.relate(associated, typeDBSubnetGroup, text(one.DBSubnetGroup))
			items = append(items, it)
		}
	})
	return items, err
}

func (d rdsReader) subnetGroups(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, rds.NewDescribeDBSubnetGroupsPaginator(d.client, &rds.DescribeDBSubnetGroupsInput{}), func(out *rds.DescribeDBSubnetGroupsOutput) {
		for _, one := range out.DBSubnetGroups {
			name := text(one.DBSubnetGroupName)
			it := d.item(typeDBSubnetGroup, name, name, text(one.DBSubnetGroupArn))
			it.zone, it.configuration = zoneMany, camel(one)
			it.relate(associated, typeVPC, text(one.VpcId))
			for _, subnet := range one.Subnets {
				it.relate(associated, typeSubnet, text(subnet.SubnetIdentifier))
			}
			items = append(items, it)
		}
	})
	return d.withTags(ctx, items, err)
}

func (d rdsReader) securityGroups(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, rds.NewDescribeDBSecurityGroupsPaginator(d.client, &rds.DescribeDBSecurityGroupsInput{}), func(out *rds.DescribeDBSecurityGroupsOutput) {
		for _, one := range out.DBSecurityGroups {
			name := text(one.DBSecurityGroupName)
			it := d.item(typeDBSecurity, name, name, text(one.DBSecurityGroupArn))
			it.configuration = camel(one)
			items = append(items, it)
		}
	})
	return items, err
}

func (d rdsReader) snapshots(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, rds.NewDescribeDBSnapshotsPaginator(d.client, &rds.DescribeDBSnapshotsInput{}), func(out *rds.DescribeDBSnapshotsOutput) {
		for _, one := range out.DBSnapshots {
			name := text(one.DBSnapshotIdentifier)
			it := d.item(typeDBSnapshot, name, name, text(one.DBSnapshotArn))
			it.zone, it.created, it.tags = text(one.AvailabilityZone), when(one.SnapshotCreateTime), rdsTags(one.TagList)
			it.configuration = without(camel(one), "tagList")
			it.relate(associated, typeDatabase, text(one.DbiResourceId))
			items = append(items, it)
		}
	})
	return items, err
}

// withTags adds tags to kinds whose describe answer has none.
func (d rdsReader) withTags(ctx context.Context, items []item, err error) ([]item, error) {
	for i := range items {
		if err != nil || items[i].arn == "" {
			break
		}
		var out *rds.ListTagsForResourceOutput
		if out, err = d.client.ListTagsForResource(ctx, &rds.ListTagsForResourceInput{ResourceName: &items[i].arn}); err == nil {
			items[i].tags = rdsTags(out.TagList)
		}
	}
	return items, err
}
