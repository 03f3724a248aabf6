package recorder

import (
	"encoding/json"
	"encoding/xml"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

func TestShapes(t *testing.T) {
	t.Parallel()
	instance := types.DBInstance{
		DBInstanceClass: aws.String("db.t3.micro"), IAMDatabaseAuthenticationEnabled: aws.Bool(false), CACertificateIdentifier: aws.String("rds-ca"),
		DbiResourceId: aws.String("db-1"), AllocatedStorage: aws.Int32(20), InstanceCreateTime: aws.Time(time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.FixedZone("", 3600))),
		DBSubnetGroup:     &types.DBSubnetGroup{Subnets: []types.Subnet{{SubnetIdentifier: aws.String("subnet-1")}}},
		AssociatedRoles:   nil,
		VpcSecurityGroups: []types.VpcSecurityGroupMembership{},
	}
	got := camel(instance)
	for path, want := range map[string]any{
		"dBInstanceClass": "db.t3.micro", "iAMDatabaseAuthenticationEnabled": false, "cACertificateIdentifier": "rds-ca", "dbiResourceId": "db-1",
		"allocatedStorage": int64(20), "instanceCreateTime": "2026-01-02T02:04:05.006Z",
	} {
		if got[path] != want {
			t.Errorf("%s is %v, want %v", path, got[path], want)
		}
	}
	raw, err := json.Marshal(got["dBSubnetGroup"])
	if err != nil || string(raw) != `{"subnets":[{"subnetIdentifier":"subnet-1"}],"supportedNetworkTypes":[]}` {
		t.Errorf("the subnet group is %s, %v", raw, err)
	}
	if _, there := got["engine"]; there {
		t.Error("a member without a value is there")
	}
	if got := pascal(rds.DescribeDBInstancesOutput{Marker: aws.String("m")}); len(got) != 2 || got["Marker"] != "m" {
		t.Errorf("pascal gives %v", got)
	}
}

func TestQueryAnswersAsValues(t *testing.T) {
	t.Parallel()
	var e element
	if err := xml.Unmarshal([]byte(`<member><AlarmName>a</AlarmName><Threshold>1.5</Threshold><ActionsEnabled>true</ActionsEnabled>
		<Dimensions><member><Name>n</Name><Value>7</Value></member></Dimensions><OKActions>
		</OKActions></member>`), &e); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(e.value(alarmTypes()))
	if err != nil || string(raw) != `{"actionsEnabled":true,"alarmName":"a","dimensions":[{"name":"n","value":"7"}],"threshold":1.5}` {
		t.Errorf("the value is %s, %v", raw, err)
	}
}

func TestSmallParts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{propertyName("domain-name-servers"), "DomainNameServers"},
		{keyID(aws.String("arn:aws:kms:us-east-1:1:key/k-1")), "k-1"},
		{keyID(aws.String("alias/aws/rds")), ""},
		{keyID(nil), ""},
		{lambdaName("arn:aws:lambda:us-east-1:1:function:f"), "f"},
		{relation{verb: containedIn, kind: typeVPC}.name(), "Is contained in Vpc"},
		{relation{verb: attachedTo, kind: typeVolume}.name(), "Is attached to Volume"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	for text, want := range map[string]any{"45": int64(45), "true": true, "t": "t", "1.5": "1.5", "x": "x", "{bad": "{bad"} {
		if got := attributeValue(text); got != want {
			t.Errorf("attribute %q is %v, want %v", text, got, want)
		}
	}
}
