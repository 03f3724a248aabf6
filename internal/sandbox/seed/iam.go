package seed

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// roleRow is one role with the service that takes it and its policies.
type roleRow struct {
	name, service string
	owner         workload
	inline        map[string]string
	// attached are names of managed policies of this account.
	attached []string
}

// iam makes the roles, the shared managed policy and the CI user.
func (s *scope) iam() {
	s.managedPolicies()
	for _, row := range s.roles() {
		s.role(row)
	}
	for _, owner := range []workload{bookshop, payroll} {
		t := s.as(owner)
		name := string(owner) + "-instance"
		create(t, Resource{Kind: "AWS::IAM::InstanceProfile", Name: name}, t.clients.iam.CreateInstanceProfile, &iam.CreateInstanceProfileInput{
			InstanceProfileName: &name, Tags: t.iamTags(),
		}, func(o *iam.CreateInstanceProfileOutput) *string { return o.InstanceProfile.InstanceProfileName })
		do(t, t.clients.iam.AddRoleToInstanceProfile, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: &name, RoleName: &name})
	}
	s.ciUser()
}

// managedPolicies makes the policy that both workloads' roles carry.
func (s *scope) managedPolicies() {
	t := s.as(platform)
	arn := create(t, Resource{Kind: "AWS::IAM::ManagedPolicy", Name: "data-key-use", UsedBy: []string{"bookshop", "payroll"}}, t.clients.iam.CreatePolicy, &iam.CreatePolicyInput{
		PolicyName: aws.String("data-key-use"), Path: aws.String("/platform/"), Tags: t.iamTags(),
		Description: aws.String("use of the data key and of the exports bucket"),
		PolicyDocument: aws.String(document(
			statement{Sid: "key", Effect: "Allow", Action: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resource: s.id("key-arn")},
			statement{Sid: "exports", Effect: "Allow", Action: []string{"s3:GetObject", "s3:PutObject", "s3:ListBucket"},
				Resource: []string{"arn:aws:s3:::" + s.bucket("shared-exports"), "arn:aws:s3:::" + s.bucket("shared-exports") + "/*"}},
		)),
	}, func(o *iam.CreatePolicyOutput) *string { return o.Policy.Arn })
	s.set("policy/data-key-use", arn)
}

func (s *scope) roles() []roleRow {
	buckets := []string{"arn:aws:s3:::" + s.bucket("bookshop-covers") + "/*", "arn:aws:s3:::" + s.bucket("bookshop-invoices") + "/*"}
	queue := s.arn("sqs", "bookshop-orders")
	secret := s.arn("secretsmanager", "secret:bookshop/production/*")
	logs := statement{Effect: "Allow", Action: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resource: "*"}
	shared := []string{"data-key-use"}
	return []roleRow{
		{"bookshop-instance", "ec2.amazonaws.com", bookshop, map[string]string{
			"shop-data": document(
				statement{Effect: "Allow", Action: []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}, Resource: buckets},
				statement{Effect: "Allow", Action: "s3:ListBucket", Resource: "arn:aws:s3:::" + s.bucket("bookshop-covers")},
				statement{Effect: "Allow", Action: []string{"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"}, Resource: queue},
				statement{Effect: "Allow", Action: []string{"sqs:SendMessage", "sqs:GetQueueUrl"}, Resource: queue + "-dlq"},
				statement{Effect: "Allow", Action: "dynamodb:*Item", Resource: s.arn("dynamodb", "table/bookshop-sessions")}),
			"shop-secrets": document(statement{Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: secret},
				statement{Effect: "Allow", Action: "ssm:GetParametersByPath", Resource: s.arn("ssm", "parameter/bookshop/production/*")}),
		}, shared},
		{"bookshop-function", "lambda.amazonaws.com", bookshop, map[string]string{
			"function-data": document(statement{Effect: "Allow", Action: []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}, Resource: s.arn("sqs", "bookshop-mail")},
				statement{Effect: "Allow", Action: []string{"s3:GetObject", "s3:PutObject"}, Resource: buckets}, logs),
		}, shared},
		{"bookshop-backup", "backup.amazonaws.com", bookshop, map[string]string{
			"backup": document(statement{Effect: "Allow", Action: []string{"rds:CreateDBSnapshot", "rds:DescribeDBInstances", "rds:AddTagsToResource"}, Resource: "*"})}, nil},
		{"bookshop-monitor", "ec2.amazonaws.com", platform, map[string]string{
			"read": document(statement{Effect: "Allow", Action: []string{"ec2:Describe*", "rds:Describe*", "cloudwatch:GetMetricData", "elasticloadbalancing:Describe*"}, Resource: "*"})}, nil},
		{"payroll-instance", "ec2.amazonaws.com", payroll, map[string]string{
			"payroll-data": document(statement{Effect: "Allow", Action: "sqs:*", Resource: s.arn("sqs", "payroll-runs")},
				statement{Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: s.arn("secretsmanager", "secret:payroll/*")})}, shared},
		{"payroll-function", "lambda.amazonaws.com", payroll, map[string]string{"write-logs": document(logs)}, shared},
	}
}

func (s *scope) role(row roleRow) {
	t := s.as(row.owner)
	arn := create(t, Resource{Kind: "AWS::IAM::Role", Name: row.name}, t.clients.iam.CreateRole, &iam.CreateRoleInput{
		RoleName: &row.name, AssumeRolePolicyDocument: aws.String(trust(row.service)), Tags: t.iamTags(),
	}, func(o *iam.CreateRoleOutput) *string { return o.Role.RoleName })
	s.set("role/"+row.name, s.iamARN("role/"+arn))
	for _, name := range sortedKeys(row.inline) {
		do(t, t.clients.iam.PutRolePolicy, &iam.PutRolePolicyInput{RoleName: &row.name, PolicyName: &name, PolicyDocument: aws.String(row.inline[name])})
	}
	for _, name := range row.attached {
		do(t, t.clients.iam.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: &row.name, PolicyArn: aws.String(s.id("policy/" + name))})
	}
}

// ciUser makes the build system's user with a key of its own: the kind of
// long-lived credential that has to be found before anything moves.
func (s *scope) ciUser() {
	user := "bookshop-ci"
	create(s, Resource{Kind: "AWS::IAM::User", Name: user}, s.clients.iam.CreateUser, &iam.CreateUserInput{UserName: &user, Tags: s.iamTags()},
		func(o *iam.CreateUserOutput) *string { return o.User.UserName })
	do(s, s.clients.iam.PutUserPolicy, &iam.PutUserPolicyInput{UserName: &user, PolicyName: aws.String("deploy"), PolicyDocument: aws.String(document(
		statement{Effect: "Allow", Action: []string{"ecr:*", "lambda:UpdateFunctionCode", "autoscaling:StartInstanceRefresh", "ec2:CreateLaunchTemplateVersion"}, Resource: "*"}))})
	key := create(s, Resource{Kind: "AWS::IAM::AccessKey", Name: user, Untagged: true}, s.clients.iam.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: &user},
		func(o *iam.CreateAccessKeyOutput) *string { return o.AccessKey.AccessKeyId })
	s.set("ci-key", key)
}
