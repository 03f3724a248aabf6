package iac

import (
	"encoding/json"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

func TestFlagsNameEveryDependency(t *testing.T) {
	t.Parallel()
	decision := func(source, kind, name string, action design.Action, targets ...string) design.Decision {
		d := design.Decision{Source: cloud.ResourceID(source), Kind: cloud.Kind(kind), Name: name, Action: action}
		for _, id := range targets {
			d.Targets = append(d.Targets, cloud.ResourceID(idOf(id)))
		}
		return d
	}
	d := &design.Design{Workload: "shop", Place: place(), Decisions: []design.Decision{
		decision("arn:3", "AWS::SQS::Queue", "orders.fifo", design.Migrate, "Microsoft.ServiceBus/namespaces/sb-shop/queues/orders"),
		decision("arn:1", "AWS::SQS::Queue", "orders-fifo", design.Migrate, "Microsoft.ServiceBus/namespaces/sb-shop/queues/orders-2"),
		decision("arn:2", "AWS::S3::Bucket", "covers", design.Migrate, "Microsoft.Network/privateEndpoints/pep-covers", "Microsoft.Storage/storageAccounts/stcovers"),
		decision("arn:4", "AWS::S3::Bucket", "shared", design.Retain, "Microsoft.Storage/storageAccounts/stshared"),
		decision("arn:5", "AWS::EC2::Instance", "web", design.Migrate, "Microsoft.Compute/virtualMachines/vm-web"),
		decision("arn:6", "AWS::DynamoDB::Table", "carts", design.Manual),
	}}
	got, err := Flags(d)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Flags map[string]struct {
			State, DefaultVariant string
			Variants, Metadata    map[string]string
		}
	}
	if err := json.Unmarshal(got.Content, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Flags) != 3 {
		t.Errorf("%d flags:\n%s", len(file.Flags), got.Content)
	}
	for name, source := range map[string]string{"sqs-orders-fifo-provider": "arn:1", "sqs-orders-fifo-provider-2": "arn:3", "s3-covers-provider": "arn:2"} {
		flag, ok := file.Flags[name]
		if !ok || flag.State != "ENABLED" || flag.Variants[flag.DefaultVariant] != "aws" || flag.Variants["azure"] != "azure" || flag.Metadata["source"] != source {
			t.Errorf("%s: %+v", name, flag)
		}
	}
	if target := file.Flags["s3-covers-provider"].Metadata["target"]; !strings.HasSuffix(target, "/stcovers") {
		t.Errorf("target %s", target)
	}
}

func TestPipelinesStandBelowTheirFolder(t *testing.T) {
	t.Parallel()
	files, _, err := Pipelines(map[string][]byte{"Jenkinsfile": []byte("sh 'sam deploy'")}, shop(t), PipelineOptions{Environments: []PipelineEnvironment{{Environment: design.Environment{Name: "test"}}}})
	if err != nil {
		t.Fatal(err)
	}
	if text := file(t, files, "pipelines/environments/test.env"); !strings.Contains(text, "GROUP='rg-shop-test'") {
		t.Errorf("got %s", text)
	}
}
