package kinds

import "testing"

// One AWS Config item of a group with a rule, from text to resource.
func BenchmarkFromConfig(b *testing.B) {
	c := New()
	item := map[string]any{
		"resourceType": "AWS::EC2::SecurityGroup", "resourceId": "sg-1", "accountId": "123456789012", "awsRegion": "us-east-1", "configurationItemStatus": "OK",
		"arn":           "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1",
		"configuration": `{"groupId":"sg-1","groupName":"web","description":"web servers","vpcId":"vpc-1","ipPermissions":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"ipRanges":[{"cidrIp":"0.0.0.0/0","description":"all"}]}]}`,
		"tags":          map[string]any{"Name": "web"},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.FromConfig(item); err != nil {
			b.Fatal(err)
		}
	}
}
