package aws

// defaultRate is assumed of a service that publishes no number. AWS's smaller
// control planes answer 10 a second and more.
func defaultRate() rate { return rate{perSecond: 10, burst: 20} }

// rateOf returns how many reads a service takes of one account in one region,
// as AWS publishes it; where operations differ, the smaller number that reads
// of a scan meet.
func rateOf(service string) rate {
	published := map[string]rate{
		// "Request throttling for the Amazon EC2 API": non-mutating actions have
		// a bucket of 100 that fills by 20 a second; unfiltered and unpaginated
		// ones half of that. A scan gives page sizes where it can.
		"ec2": {20, 100},
		// "Amazon Route 53 quotas": five requests per second per AWS account.
		"route53": {5, 5},
		// "Amazon API Gateway quotas": 10 requests per second, burst of 40, for
		// the total of an account's management operations.
		"apigateway": {10, 40},
		// "Lambda quotas": 15 requests per second for the sum of the control
		// plane's operations; GetFunction alone has 100.
		"lambda": {15, 15},
		// LookupEvents' reference: two requests per second, per account and region.
		"cloudtrail": {2, 2},
		// "Request throttling for the Amazon ECS API": cluster reads 20 a second,
		// bucket of 50.
		"ecs": {20, 50},
		// "AWS KMS request quotas": ListAliases and ListKeys 500 a second,
		// DescribeKey 2,000.
		"kms": {500, 500},
		// "AWS Secrets Manager quotas": the calls on resource policies 50 a second
		// together, ListSecrets 100.
		"secretsmanager": {50, 50},
		// "Amazon SNS endpoints and quotas": ListTopics 30 a second.
		"sns": {30, 30},
		// "CloudWatch service quotas": DescribeAlarms 9 a second, ListMetrics 25.
		"cloudwatch": {9, 9},
		// "CloudWatch Logs quotas": DescribeLogGroups 10 a second.
		"logs": {10, 10},
		// No number is published for what follows: these are cautious guesses, and
		// giving way on throttling does the rest.
		"s3":             {100, 100},
		"sqs":            {100, 100},
		"cloudformation": {5, 10},
		"tagging":        {5, 10},
		"cloudcontrol":   {5, 10},
	}
	if r, ok := published[service]; ok {
		return r
	}
	return defaultRate()
}
