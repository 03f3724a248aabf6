package aws

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/testgate"
)

func TestTagged(t *testing.T) {
	t.Parallel()
	c := kinds.New()
	at := kinds.Place{Partition: "aws", Account: "123456789012", Region: "us-east-1"}
	for _, e := range []struct{ arn, id, kind, region, name string }{
		{"arn:aws:ec2:us-east-1:123456789012:instance/i-1", "arn:aws:ec2:us-east-1:123456789012:instance/i-1", "AWS::EC2::Instance", "us-east-1", "shop"},
		{"arn:aws:ec2:us-east-1:123456789012:snapshot/snap-1", "arn:aws:ec2:us-east-1::snapshot/snap-1", "AWS::EC2::Snapshot", "us-east-1", "shop"},
		{"arn:aws:iam::123456789012:role/app", "arn:aws:iam::123456789012:role/app", "AWS::IAM::Role", "global", "shop"},
		{"arn:aws:thing:us-east-1:123456789012:widget/w-1", "arn:aws:thing:us-east-1:123456789012:widget/w-1", "AWS::thing::widget", "us-east-1", "shop"},
		{"arn:aws:thing:us-east-1:123456789012:w-1", "arn:aws:thing:us-east-1:123456789012:w-1", "AWS::thing::resource", "us-east-1", "shop"},
		{"arn:aws:thing:us-east-1:123456789012:widget:w-1", "arn:aws:thing:us-east-1:123456789012:widget:w-1", "AWS::thing::widget", "us-east-1", "shop"},
	} {
		found, err := tagged(c, at, item{"ResourceARN": e.arn, "Tags": []any{map[string]any{"Key": "Name", "Value": "shop"}}})
		if err != nil || len(found) != 1 {
			t.Errorf("%s: %v", e.arn, err)
			continue
		}
		if r := found[0]; string(r.ID) != e.id || string(r.Kind) != e.kind || string(r.Region) != e.region || r.Name != e.name || r.Account != "123456789012" {
			t.Errorf("%s: %+v", e.arn, r)
		}
	}
	if _, err := tagged(c, at, item{"ResourceARN": "no ARN"}); err == nil {
		t.Error("what is no ARN is a resource")
	}
	if found, err := tagged(c, at, item{"ResourceARN": "arn:aws:sqs:us-east-1:123456789012:orders"}); err != nil || found[0].Name != "orders" {
		t.Errorf("without a name: %+v, %v", found, err)
	}
}

func TestGenericResources(t *testing.T) {
	t.Parallel()
	c := kinds.New()
	at := kinds.Place{Partition: "aws", Account: "123456789012", Region: "us-east-1"}
	found, err := generic(c, at, item{"TypeName": "AWS::AmazonMQ::Broker", "Identifier": "b-1", "Properties": `{"BrokerName":"jobs","EngineType":"RABBITMQ"}`})
	if err != nil || len(found) != 1 || found[0].Properties["BrokerName"] != "jobs" || found[0].Properties["Id"] != "b-1" {
		t.Errorf("%+v, %v", found, err)
	}
	only, err := generic(c, at, item{"TypeName": "AWS::VpcLattice::ServiceNetwork", "Identifier": "arn:aws:vpc-lattice:us-east-1:123456789012:servicenetwork/sn-1"})
	if err != nil || only[0].ID != "arn:aws:vpc-lattice:us-east-1:123456789012:servicenetwork/sn-1" {
		t.Errorf("of an identifier alone: %+v, %v", only, err)
	}
	if !bare(item{"Identifier": "a", "Properties": `{"Id":"a"}`}) || bare(item{"Identifier": "a", "Properties": `{"Id":"a","Name":"b","Size":1}`}) || !bare(item{"Properties": "not JSON"}) {
		t.Error("how much a description says")
	}
}

// cloudControl answers for two kinds; one it does not know, the others it
// refuses.
type cloudControl struct {
	mu    sync.Mutex
	calls map[string]int
	deny  bool
}

func (c *cloudControl) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in struct{ TypeName, Identifier, NextToken string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	c.calls[operation]++
	c.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	fail := func(code string) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"__type":%q,"message":"no"}`, code)
	}
	switch {
	case c.deny:
		fail("AccessDeniedException")
	case operation == "GetResource":
		_, _ = fmt.Fprintf(w, `{"TypeName":%q,"ResourceDescription":{"Identifier":%q,"Properties":"{\"Id\":\"b-2\",\"BrokerName\":\"second\",\"EngineType\":\"ACTIVEMQ\"}"}}`, in.TypeName, in.Identifier)
	case in.TypeName == "AWS::AmazonMQ::Broker" && in.NextToken == "":
		_, _ = io.WriteString(w, `{"TypeName":"AWS::AmazonMQ::Broker","NextToken":"n","ResourceDescriptions":[{"Identifier":"b-1","Properties":"{\"Id\":\"b-1\",\"BrokerName\":\"first\",\"EngineType\":\"RABBITMQ\"}"}]}`)
	case in.TypeName == "AWS::AmazonMQ::Broker":
		_, _ = io.WriteString(w, `{"TypeName":"AWS::AmazonMQ::Broker","ResourceDescriptions":[{"Identifier":"b-2","Properties":"{\"Id\":\"b-2\"}"}]}`)
	case in.TypeName == "AWS::APS::Workspace":
		fail("TypeNotFoundException")
	default:
		_, _ = io.WriteString(w, `{"ResourceDescriptions":[]}`)
	}
}

func TestCloudControl(t *testing.T) {
	t.Parallel()
	for _, deny := range []bool{false, true} {
		api := &cloudControl{calls: map[string]int{}, deny: deny}
		server := httptest.NewServer(api)
		t.Cleanup(server.Close)
		l, sink := testLane(t, nil)
		l.service = genericService(map[cloud.Kind]bool{"AWS::XRay::Group": true})
		for _, s := range l.service.steps(testkit.AWSConfig(t, server.URL)) {
			if err := l.run(t.Context(), s, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		unread := l.scan.misses.list()
		if deny {
			if len(unread) != 1 || unread[0].Operation != "cloudformation:ListResources" || !strings.HasPrefix(unread[0].Hides, "generic resources of AWS::ACMPCA::CertificateAuthority, AWS::APS::Workspace") ||
				api.calls["ListResources"] > givenUp+elementsAtOnce {
				t.Errorf("denied: %d calls, unread %+v", api.calls["ListResources"], unread)
			}
			continue
		}
		if got := strings.Join(names(sink.found), " "); got != "first second" || len(unread) != 0 || api.calls["GetResource"] != 1 || sink.found[0].Source != inventory.Sweep {
			t.Errorf("found %s, unread %v, calls %v", got, unread, api.calls)
		}
		if want := len(strings.Fields(cloudControlKinds)); api.calls["ListResources"] != want { // one has two pages, one is read elsewhere
			t.Errorf("%d calls, want %d", api.calls["ListResources"], want)
		}
	}
}

// What AWS Config has recorded is found, with all its properties where no
// service file reads the kind; before a recorder has run nothing is asked.
func TestRecorded(t *testing.T) {
	t.Parallel()
	address, moto := testgate.Open(t)
	config := testkit.AWSConfig(t, address)
	config.Credentials = credentials.NewStaticCredentialsProvider(moto.Key, moto.Secret, "")
	furnish(t, config)
	read := func(detailed map[cloud.Kind]bool) (*tally, *calls, []inventory.Unread) {
		counting, count := counted(config)
		l, sink := testLane(t, nil)
		l.service = recordService(detailed)
		l.place.Region, l.home, l.place.Account = testkit.Region, testkit.Region, cloud.Account(moto.Account)
		for _, s := range l.service.steps(counting) {
			if err := l.run(t.Context(), s, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		return sink, count, l.scan.misses.list()
	}
	if sink, count, unread := read(nil); len(sink.found) > 0 || count.made["SelectResourceConfig"] > 0 || len(unread) > 0 {
		t.Errorf("without a recorder: found %v, calls %v, unread %v", names(sink.found), count.made, unread)
	}
	api := configservice.NewFromConfig(config)
	must(api.PutConfigurationRecorder(t.Context(), &configservice.PutConfigurationRecorderInput{ConfigurationRecorder: &configtypes.ConfigurationRecorder{
		Name: sdk.String("default"), RoleARN: sdk.String("arn:aws:iam::" + moto.Account + ":role/config"), RecordingGroup: &configtypes.RecordingGroup{AllSupported: true}}}))(t)
	must(api.PutDeliveryChannel(t.Context(), &configservice.PutDeliveryChannelInput{DeliveryChannel: &configtypes.DeliveryChannel{Name: sdk.String("default"), S3BucketName: sdk.String("records")}}))(t)
	must(api.StartConfigurationRecorder(t.Context(), &configservice.StartConfigurationRecorderInput{ConfigurationRecorderName: sdk.String("default")}))(t)
	sink, count, unread := read(map[cloud.Kind]bool{"AWS::EC2::Instance": true})
	if len(unread) > 0 || count.made["BatchGetResourceConfig"] == 0 {
		t.Fatalf("calls %v, unread %v", count.made, unread)
	}
	instances, vpcs, known := 0, 0, 0
	for _, o := range sink.found {
		switch {
		case o.Source != inventory.Sweep || o.Account != cloud.Account(moto.Account):
			t.Errorf("%+v", o)
		case o.Kind == "AWS::EC2::Instance":
			instances++
			known += len(o.Properties)
		case o.Kind == "AWS::EC2::VPC" && o.Properties["CidrBlock"] == "10.1.0.0/16":
			vpcs++
		}
	}
	if instances == 0 || known > 0 || vpcs != 1 {
		t.Errorf("%d instances with %d properties, %d VPCs with theirs", instances, known, vpcs)
	}
}
