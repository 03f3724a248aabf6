package kinds

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"example.com/landfall/internal/cloud"
)

func hostileSeeds() []string {
	return []string{
		`{"resourceType":"AWS::EC2::SecurityGroup","resourceId":"sg-1","accountId":"1","awsRegion":"us-east-1","configuration":"{\"groupId\":\"sg-1\",\"ipPermissions\":[{\"ipProtocol\":\"tcp\",\"ipRanges\":[{\"cidrIp\":\"0.0.0.0/0\"}]}]}","tags":{"a":"b"}}`,
		`{"resourceType":"AWS::S3::Bucket","resourceId":"b","configuration":{"name":"b"},"supplementaryConfiguration":{"BucketPolicy":"{\"policyText\":\"{}\"}","Tags":[]}}`,
		`{"resourceType":"AWS::RDS::DBInstance","configuration":{"dBInstanceIdentifier":"d","endpoint":{"address":"x","port":1},"vpcSecurityGroups":[{"vpcSecurityGroupId":"sg"}]},"tags":[{"key":"a"}]}`,
		`{"resourceType":"AWS::WAFv2::WebACL","configuration":{"name":"w","id":"1","rules":[{"statement":{"notStatement":{"statement":{"byteMatchStatement":{}}}}}]}}`,
		`{"type":"aws_security_group","id":"sg-1","ingress":[{"cidr_blocks":["0.0.0.0/0"],"self":true}],"egress":[null,1,"x"]}`,
		`{"type":"aws_lb_listener","arn":"arn:aws:elasticloadbalancing:us-east-1:1:listener/app/a/b/c","default_action":[{"forward":[{"target_group":[{"arn":"x"}]}]}]}`,
		`{"type":"aws_ecs_task_definition","arn":"arn:aws:ecs:us-east-1:1:task-definition/t:1","container_definitions":"[{\"name\":\"c\",\"environment\":[{\"name\":\"A\",\"value\":\"b\"}]}]"}`,
	}
}

// converts hands a tree to every conversion under several kinds. Whatever it
// is, they answer with resources or an error.
func converts(c *Converter, text []byte) {
	var tree map[string]any
	if json.Unmarshal(text, &tree) != nil {
		return
	}
	_, _ = c.FromConfig(tree)
	typ, _ := tree["type"].(string)
	_, _ = c.FromTerraform(typ, Place{}, tree)
	among := []cloud.Kind{"AWS::EC2::Instance", "AWS::S3::Bucket", "AWS::IAM::Role", "Custom::X"}
	kind := among[len(text)%len(among)]
	_, _ = c.AllFromAPI(kind, Place{}, tree)
	_, _ = c.FromTemplate(kind, tree)
}

func FuzzConvert(f *testing.F) {
	for _, seed := range hostileSeeds() {
		f.Add([]byte(seed))
	}
	c := New()
	f.Fuzz(func(_ *testing.T, text []byte) { converts(c, text) })
}

// 10,000 damaged variants: bytes cut, changed, values of other types swapped
// in.
func TestDamagedItemsDoNotPanic(t *testing.T) {
	t.Parallel()
	c := New()
	random := rand.New(rand.NewPCG(1, 2))
	swaps := []any{nil, true, 1.5, "x", "", "{", "[1]", []any{}, []any{nil, map[string]any{}}, map[string]any{}, map[string]any{"": nil}}
	seeds := hostileSeeds()
	for i := range 10_000 {
		seed := seeds[i%len(seeds)]
		if i%2 == 0 {
			text := []byte(seed)
			text[random.IntN(len(text))] = byte(random.IntN(256))
			converts(c, text)
			converts(c, text[:random.IntN(len(text))])
			continue
		}
		var tree map[string]any
		if err := json.Unmarshal([]byte(seed), &tree); err != nil {
			t.Fatal(err)
		}
		swap(random, tree, swaps)
		text, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		converts(c, text)
	}
}

// swap puts another value somewhere into the tree.
func swap(random *rand.Rand, v any, swaps []any) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range sortedKeys(v) {
			if random.IntN(4) == 0 {
				v[name] = swaps[random.IntN(len(swaps))]
			} else {
				swap(random, v[name], swaps)
			}
		}
	case []any:
		for i := range v {
			swap(random, v[i], swaps)
		}
	}
}

// A value that is nested without end is cut off, not followed.
func TestDeepItemsAreCut(t *testing.T) {
	t.Parallel()
	deep := any("end")
	for range 100_000 {
		deep = map[string]any{"a": deep}
	}
	c := New()
	if _, err := c.FromAPI("AWS::SQS::Queue", here(), map[string]any{"QueueName": "q", "QueueArn": "arn:aws:sqs:us-east-1:1:q", "X": deep}); err != nil {
		t.Error(err)
	}
	Redact(map[string]any{"x": deep})
}
