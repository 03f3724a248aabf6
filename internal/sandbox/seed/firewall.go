package seed

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// groupRow is one security group.
type groupRow struct {
	name, about string
	owner       workload
}

// ruleRow is one rule of a security group: peer is another group, a block, or
// "prefix-list".
type ruleRow struct {
	group, peer string
	port        int32
	egress      bool
}

func groups() []groupRow {
	return []groupRow{
		{"alb", "public entrance", bookshop},
		{"app", "shop instances", bookshop},
		{"db", "shop database", bookshop},
		{"cache", "shop cache", bookshop},
		{"endpoints", "interface endpoints", bookshop},
		{"functions", "shop functions", bookshop},
		{"payroll-app", "payroll instances", payroll},
		{"payroll-db", "payroll database", payroll},
		{"legacy-ftp", "ftp from the old host", stray},
		{"report", "report box", stray},
	}
}

// firewall makes the security groups and lets them refer to each other: the
// entrance may reach only the shop, and the shop accepts only the entrance.
func (s *scope) firewall() {
	for _, row := range groups() {
		t := s.as(row.owner)
		name := row.name
		if row.owner == bookshop {
			name = "bookshop-" + row.name
		}
		id := create(t, Resource{Kind: "AWS::EC2::SecurityGroup", Name: name, Untagged: row.owner == stray}, t.ec2.CreateSecurityGroup, &ec2.CreateSecurityGroupInput{
			GroupName: &name, Description: &row.about, VpcId: aws.String(s.id("vpc")),
			TagSpecifications: t.ec2Tags(types.ResourceTypeSecurityGroup, name),
		}, func(o *ec2.CreateSecurityGroupOutput) *string { return o.GroupId })
		s.set("group/"+row.name, id)
	}
	database := int32(s.o.DatabasePort)
	// A new group may send anywhere; the entrance gives that up.
	do(s, s.ec2.RevokeSecurityGroupEgress, &ec2.RevokeSecurityGroupEgressInput{
		GroupId: aws.String(s.id("group/alb")), IpPermissions: []types.IpPermission{{
			IpProtocol: aws.String("-1"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}},
		}},
	})
	for _, row := range []ruleRow{
		{"alb", "0.0.0.0/0", 80, false},
		{"alb", "0.0.0.0/0", 443, false},
		{"alb", "app", 8080, true},
		{"app", "alb", 8080, false},
		{"app", "prefix-list", 22, false},
		{"db", "app", database, false},
		{"db", "functions", database, false},
		// The hole through which the report box reads the shop's database.
		{"db", "10.20.11.0/24", database, false},
		{"cache", "app", 6379, false},
		{"endpoints", "app", 443, false},
		{"endpoints", "functions", 443, false},
		{"payroll-app", "prefix-list", 22, false},
		{"payroll-db", "payroll-app", 3306, false},
		{"legacy-ftp", "192.0.2.0/24", 21, false},
		{"report", "prefix-list", 22, false},
	} {
		s.rule(row)
	}
}

func (s *scope) rule(row ruleRow) {
	permission := types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: &row.port, ToPort: &row.port}
	switch peer := s.id("group/" + row.peer); {
	case row.peer == "prefix-list":
		permission.PrefixListIds = []types.PrefixListId{{PrefixListId: aws.String(s.id("prefix-list")), Description: aws.String("offices")}}
	case peer != "":
		permission.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: &peer, UserId: aws.String(string(s.o.Account))}}
	default:
		permission.IpRanges = []types.IpRange{{CidrIp: &row.peer}}
	}
	group := s.id("group/" + row.group)
	if row.egress {
		do(s, s.ec2.AuthorizeSecurityGroupEgress, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: &group, IpPermissions: []types.IpPermission{permission}})
		return
	}
	do(s, s.ec2.AuthorizeSecurityGroupIngress, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &group, IpPermissions: []types.IpPermission{permission}})
}
