package cfn_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
)

func TestEveryKindDecodes(t *testing.T) {
	t.Parallel()
	c := cfn.Load()
	kinds := c.Kinds()
	if len(kinds) < 1800 || !slices.IsSorted(kinds) {
		t.Fatalf("%d kinds, sorted: %v", len(kinds), slices.IsSorted(kinds))
	}
	for _, kind := range kinds {
		s, ok := c.Kind(kind)
		if !ok || s.Kind != kind || s.Root.Form != cfn.Object || len(s.Root.Fields) == 0 {
			t.Fatalf("%s: %v %+v", kind, ok, s)
		}
		for _, path := range slices.Concat(s.Identifier, s.Root.Required) {
			if _, ok := s.At(path); !ok && kind != "AWS::ApiGateway::RequestValidator" {
				t.Errorf("%s: the identifier or required property %q is no property", kind, path)
			}
		}
		if s.TagProperty != "" && !s.Has(s.TagProperty) {
			t.Errorf("%s: no property %q", kind, s.TagProperty)
		}
	}
}

func TestKindIsFoundWhateverItsCase(t *testing.T) {
	t.Parallel()
	c := cfn.Load()
	for _, name := range []cloud.Kind{"AWS::EC2::Instance", "aws::ec2::instance", "AWS::EC2::INSTANCE"} {
		s, ok := c.Kind(name)
		if !ok || s.Kind != "AWS::EC2::Instance" {
			t.Errorf("%s: %v", name, ok)
		}
	}
	for _, name := range []cloud.Kind{"", "AWS::EC2", "AWS::EC2::Nothing", "Custom::X"} {
		if _, ok := c.Kind(name); ok {
			t.Errorf("%q exists", name)
		}
	}
}

func TestSchemasSayWhatTheRegistrySays(t *testing.T) {
	t.Parallel()
	c := cfn.Load()
	db, _ := c.Kind("AWS::RDS::DBInstance")
	if !slices.Contains(db.ReadOnly, "Endpoint.Address") || !slices.Contains(db.WriteOnly, "MasterUserPassword") ||
		!slices.Equal(db.Identifier, []string{"DBInstanceIdentifier"}) || db.TagProperty != "Tags" {
		t.Errorf("%+v", db)
	}
	for _, x := range []struct {
		kind cloud.Kind
		path string
		form cfn.Form
	}{
		{"AWS::EC2::SecurityGroup", "SecurityGroupIngress", cfn.List},
		{"AWS::EC2::SecurityGroup", "SecurityGroupIngress[].FromPort", cfn.Integer},
		{"AWS::EC2::SecurityGroup", "securitygroupingress[].from_port", cfn.Integer},
		{"AWS::Lambda::Function", "Environment.Variables", cfn.Map},
		{"AWS::Lambda::Function", "Environment.Variables[]", cfn.Text},
		{"AWS::S3::Bucket", "VersioningConfiguration.Status", cfn.Text},
		{"AWS::IAM::Role", "AssumeRolePolicyDocument", cfn.Any},
		{"AWS::RDS::DBInstance", "MultiAZ", cfn.Boolean},
	} {
		s, _ := c.Kind(x.kind)
		if at, ok := s.At(x.path); !ok || at.Form != x.form {
			t.Errorf("%s %s: %v %+v", x.kind, x.path, ok, at)
		}
	}
	s, _ := c.Kind("AWS::EC2::Subnet")
	if vpc, _ := s.At("VpcId"); !slices.Contains(vpc.Refers, "AWS::EC2::VPC.Id") {
		t.Errorf("VpcId refers to %v", vpc.Refers)
	}
	for _, path := range []string{"", "Nothing", "VpcId.More", "VpcId[]", "Tags[].Nothing", "[]", ".."} {
		if _, ok := s.At(path); ok {
			t.Errorf("%q is a path", path)
		}
	}
}

func TestTypesMayContainThemselves(t *testing.T) {
	t.Parallel()
	s, _ := cfn.Load().Kind("AWS::WAFv2::WebACL")
	path := "Rules[].Statement" + strings.Repeat(".NotStatement.Statement", 20) + ".IPSetReferenceStatement.Arn"
	if at, ok := s.At(path); !ok || at.Form != cfn.Text {
		t.Errorf("%v %+v", ok, at)
	}
}

func TestCatalogIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	c := cfn.Load()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for _, kind := range c.Kinds()[:200] {
				if _, ok := c.Kind(kind); !ok {
					t.Errorf("%s is missing", kind)
				}
			}
		})
	}
	all.Wait()
}

func TestFold(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"": "", "DBName": "dbname", "db_name": "dbname", "a-B_c": "abc", "plain": "plain", "É_x": "Éx"} {
		if got := cfn.Fold(name); got != want || !cfn.Folds(name, want) || cfn.Folds(name, want+"x") {
			t.Errorf("%q: %q", name, got)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		cfn.Load().Kinds()
	}
}
