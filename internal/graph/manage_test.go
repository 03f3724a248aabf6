package graph_test

import (
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
)

// A policy that names a resource without letting its holder touch data is a
// potential edge; one that starts a task is a real one.
func TestPermissionsToManage(t *testing.T) {
	t.Parallel()
	s := &stock{}
	role, project, queue := arnOf("iam", "role/pipeline"), arnOf("codebuild", "project/site"), arnOf("sqs", "jobs")
	task, passed := arnOf("ecs", "task-definition/nightly:3"), arnOf("iam", "role/nightly")
	s.add("AWS::CodeBuild::Project", project, "site", "", nil)
	s.add("AWS::SQS::Queue", queue, "jobs", "", nil)
	s.add("AWS::ECS::TaskDefinition", task, "nightly:3", "", nil)
	s.add("AWS::IAM::Role", passed, "nightly", "", nil)
	allow := func(action, on string) any { return props{"Effect": "Allow", "Action": action, "Resource": on} }
	s.add("AWS::IAM::Role", role, "pipeline", "shop", props{"Policies": []any{props{"PolicyName": "p", "PolicyDocument": props{"Statement": []any{
		allow("codebuild:StartBuild", string(project)), allow("iam:PassRole", string(passed)), allow("ecs:RunTask", string(task)),
		allow("sqs:GetQueueAttributes", arnOfPattern), allow("codebuild:*", "*"),
	}}}}})
	g := s.build(graph.Observed{})
	wantEdge(t, &g, role, task, graph.Invokes)
	for _, e := range []*graph.Edge{wantEdge(t, &g, role, project, graph.MayUse), wantEdge(t, &g, role, passed, graph.MayUse)} {
		if !e.Potential {
			t.Errorf("the edge to %s is not potential", e.To)
		}
	}
	if e := edge(&g, role, queue, graph.MayUse); e != nil {
		t.Errorf("a pattern gave an edge: %+v", e)
	}
	wantBoundary(t, &g, graph.Out, project)
}

// arnOfPattern fits every queue and names none.
const arnOfPattern = "arn:aws:sqs:*:" + account + ":job*"

// In a template the ARNs of policies are put together around references.
func TestPermissionsInTemplates(t *testing.T) {
	t.Parallel()
	s := &stock{}
	add := func(kind, logical string, p props) *inventory.Resource {
		r := s.add(kind, cloud.ResourceID("cloudformation:shop/"+logical), logical, "", p)
		r.LogicalID, r.Stack = logical, "shop"
		return r
	}
	ref := func(logical string) string { return "${ref:cloudformation:shop/" + logical + "}" }
	bucket, table := add("AWS::S3::Bucket", "Files", nil).ID, add("AWS::DynamoDB::Table", "Orders", nil).ID
	function := add("AWS::Lambda::Function", "Resize", nil).ID
	allow := func(action, on string) any { return props{"Effect": "Allow", "Action": action, "Resource": on} }
	role := add("AWS::IAM::Role", "Role", props{"Policies": []any{props{"PolicyName": "p", "PolicyDocument": props{"Statement": []any{
		allow("s3:PutObject", "arn:aws:s3:::"+ref("Files")+"/*"), allow("dynamodb:Query", "arn:aws:dynamodb:us-east-1:123456789012:table/"+ref("Orders")+"/index/*"),
		allow("logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/"+ref("Resize")+":*"),
	}}}}}).ID
	g := s.build(graph.Observed{})
	wantEdge(t, &g, role, bucket, graph.Writes)
	wantEdge(t, &g, role, table, graph.Reads)
	if e := edge(&g, role, function, graph.Writes); e != nil {
		t.Errorf("the log group's ARN gave an edge to the function: %+v", e)
	}
}
