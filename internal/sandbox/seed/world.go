package seed

import (
	"slices"
	"strings"

	"example.com/landfall/internal/sandbox/seed/history"
)

// world is the account as the history mentions it.
func (s *seeder) world() history.World {
	return history.World{
		Account: string(s.o.Account), Region: string(s.o.Region), VPC: s.id("vpc"), FlowLog: s.id("flow-log"), Interfaces: s.faces,
		Balancer: s.id("alb"), BalancerName: balancerTail(s.id("alb")), WebGroup: s.id("target-group/bookshop-web"), APIGroup: s.id("target-group/bookshop-api"),
		Certificate: s.id("certificate"), ShopName: shopName, ScalingGroup: autoScalingGroup,
		Database: database, DatabasePort: s.o.DatabasePort, CacheGroup: cacheGroup, PayrollDatabase: payrollDatabase,
		Queue: "bookshop-orders", PayrollQueue: s.id("queue/payroll-runs"), Table: sessionsTable,
		Mailer: "bookshop-order-mailer", Thumbs: "bookshop-cover-thumbs", Export: "payroll-export",
		Key: s.id("key-arn"), Secret: s.id("secret/database"), S3Endpoint: s.id("endpoint/s3"), SQSEndpoint: s.id("endpoint/sqs"),
		Distribution: s.id("distribution"), DistributionDomain: s.id("distribution-domain"), CIKey: s.id("ci-key"),
		Covers: s.bucket("bookshop-covers"), Invoices: s.bucket("bookshop-invoices"), Exports: s.bucket("shared-exports"),
		Logs: s.bucket("bookshop-logs"), TrailBucket: s.bucket("bookshop-trail"),
	}
}

// summary is what is known once all resources are there.
func (s *seeder) summary() Summary {
	sum := Summary{Account: s.o.Account, Region: s.o.Region, Seeded: s.o.Now, Services: map[string]int{}}
	sortResources(s.resources)
	sum.Truth.Resources = s.resources
	for _, r := range s.resources {
		sum.Services[r.Kind.Service()]++
		if slices.Contains(r.UsedBy, string(payroll)) {
			sum.Payroll.Shared = append(sum.Payroll.Shared, r.ID)
		}
	}
	sum.Bookshop = s.bookshopSummary()
	sum.Payroll.Instance, sum.Payroll.Database, sum.Payroll.Function = s.id("instance/payroll-app"), payrollDatabase, "payroll-export"
	sum.Payroll.QueueURL, sum.Payroll.Secret = s.id("queue/payroll-runs"), s.id("secret/payroll")
	sum.Strays = Strays{Instance: s.id("instance/report"), Volume: s.id("stray/volume"), Address: s.id("stray/address"), Snapshot: s.id("stray/snapshot"),
		Image: s.id("stray/image"), SecurityGroup: s.id("group/legacy-ftp"), LogGroup: strayLogGroup, Record: staleName}
	return sum
}

func (s *seeder) bookshopSummary() Bookshop {
	return Bookshop{
		VPC: s.id("vpc"), Subnets: s.mapUnder("subnet/"), SecurityGroups: s.mapUnder("group/"), NATGateways: s.idsUnder("nat/"),
		Balancer: "bookshop", BalancerARN: s.id("alb"), BalancerDNS: s.id("alb-dns"), TargetGroups: s.mapUnder("target-group/"),
		LaunchTemplate: s.id("launch-template"), AutoScalingGroup: autoScalingGroup, Instances: s.idsUnder("instance/app-"),
		Database: database, DatabaseEndpoint: s.id("db-endpoint"), DatabasePort: s.o.DatabasePort, DatabaseName: databaseName, DatabaseUser: databaseUser,
		DatabaseSecret: s.id("secret/database"), CacheEndpoint: s.id("cache-endpoint"), Buckets: s.mapUnder("bucket/"),
		QueueURL: s.id("queue/bookshop-orders"), DeadLetterURL: s.id("queue/bookshop-orders-dlq"), Topic: s.id("topic"), Table: sessionsTable,
		Functions: []string{"bookshop-cover-thumbs", "bookshop-order-mailer"}, Key: s.id("key"), Zone: s.id("zone"), PrivateZone: s.id("private-zone"),
		ShopName: shopName, Distribution: s.id("distribution"), DistributionDomain: s.id("distribution-domain"), WebACL: s.id("web-acl"),
		Trail: trailName, FlowLog: s.id("flow-log"), Repository: strings.TrimSpace(s.id("repository")),
	}
}
