package catalog_test

import (
	"testing"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
)

func TestServices(t *testing.T) {
	t.Parallel()
	m, err := catalog.LoadServices()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind       cloud.Kind
		properties map[string]any
		azure      string
		fit        catalog.Fit
	}{
		{"AWS::EC2::Instance", nil, "Azure Virtual Machines", catalog.FitDiffers},
		{"AWS::RDS::DBInstance", map[string]any{"Engine": "postgres"}, "Azure Database for PostgreSQL flexible server", catalog.FitDirect},
		{"AWS::RDS::DBInstance", map[string]any{"Engine": "sqlserver-se"}, "Azure SQL Managed Instance", catalog.FitDiffers},
		{"AWS::RDS::DBInstance", nil, "Azure Database flexible server", catalog.FitDiffers},
		{"AWS::SQS::Queue", map[string]any{"FifoQueue": true}, "Service Bus queues with sessions", catalog.FitDiffers},
		{"AWS::SQS::Queue", map[string]any{}, "Queue Storage or Service Bus", catalog.FitDiffers},
		{"AWS::IAM::ManagedPolicy", nil, "Azure role assignments", catalog.FitDiffers},
		{"AWS::EC2::SecurityGroupIngress", nil, "Network security groups and application security groups", catalog.FitDiffers},
		{"AWS::EMRServerless::Application", nil, "Azure Databricks", catalog.FitRedesign},
		{"AWS::SES::EmailIdentity", nil, "A mail provider", catalog.FitNone},
		{"AWS::Quantum::Leap", nil, "", catalog.FitUnknown},
		{"Custom::Thing", nil, "", catalog.FitUnknown},
	} {
		got, known := m.For(c.kind, c.properties)
		if got.Azure != c.azure || got.Fit != c.fit || known != (c.fit != catalog.FitUnknown) {
			t.Errorf("%s %v: got %q %s %v, want %q %s", c.kind, c.properties, got.Azure, got.Fit, known, c.azure, c.fit)
		}
		if known && catalog.CourseFor(got.Area).Title == "" {
			t.Errorf("%s: area %q has no course", c.kind, got.Area)
		}
	}
}
