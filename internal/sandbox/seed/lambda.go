package seed

import (
	"archive/zip"
	"bytes"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// lambda makes the shop's two functions, what calls them and what they know.
func (s *scope) lambda() {
	s.function("bookshop-order-mailer", "bookshop-function", map[string]string{
		"DATABASE_SECRET": s.id("secret/database"), "SESSIONS_TABLE": sessionsTable, "INVOICES_BUCKET": s.bucket("bookshop-invoices"), "TOPIC_ARN": s.id("topic"),
		"SENDER": "orders@bookshop.example",
	}, &types.VpcConfig{SubnetIds: []string{s.id("subnet/app-a"), s.id("subnet/app-b")}, SecurityGroupIds: []string{s.id("group/functions")}})
	s.function("bookshop-cover-thumbs", "bookshop-function", map[string]string{
		"COVERS_BUCKET": s.bucket("bookshop-covers"), "SIZES": "120,240,480",
	}, nil)
	create(s, Resource{Kind: "AWS::Lambda::EventSourceMapping", Name: "mail", Untagged: true}, s.clients.lambda.CreateEventSourceMapping, &lambda.CreateEventSourceMappingInput{
		FunctionName: aws.String("bookshop-order-mailer"), EventSourceArn: aws.String(s.arn("sqs", "bookshop-mail")), BatchSize: aws.Int32(10), Enabled: aws.Bool(true),
	}, func(o *lambda.CreateEventSourceMappingOutput) *string { return o.UUID })
	for _, p := range []struct{ function, sid, service, source string }{
		{"bookshop-cover-thumbs", "covers", "s3.amazonaws.com", "arn:aws:s3:::" + s.bucket("bookshop-covers")},
		{"bookshop-cover-thumbs", "nightly", "events.amazonaws.com", s.arn("events", "rule/bookshop-nightly")},
		{"bookshop-order-mailer", "topic", "sns.amazonaws.com", s.arn("sns", "bookshop-order-events")},
	} {
		do(s, s.clients.lambda.AddPermission, &lambda.AddPermissionInput{FunctionName: &p.function, StatementId: &p.sid,
			Action: aws.String("lambda:InvokeFunction"), Principal: &p.service, SourceArn: &p.source})
	}
}

func (s *scope) function(name, role string, environment map[string]string, vpc *types.VpcConfig) {
	if s.err != nil {
		return
	}
	code, err := functionZip(name)
	if err != nil {
		s.err = err
		return
	}
	create(s, Resource{Kind: "AWS::Lambda::Function", Name: name}, s.clients.lambda.CreateFunction, &lambda.CreateFunctionInput{
		FunctionName: &name, Role: aws.String(s.id("role/" + role)), Runtime: types.RuntimePython312, Handler: aws.String("main.handler"), Code: &types.FunctionCode{ZipFile: code},
		Environment: &types.Environment{Variables: environment}, MemorySize: aws.Int32(256), Timeout: aws.Int32(30), Tags: tagsOf(s.owner), VpcConfig: vpc,
		Architectures: []types.Architecture{types.ArchitectureArm64}, KMSKeyArn: aws.String(s.id("key-arn")),
	}, func(o *lambda.CreateFunctionOutput) *string { return o.FunctionName })
}

// functionZip packs a small handler. The archive carries no clock time, so
// that its digest, which Lambda reports, is the same in each run.
func functionZip(name string) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "main.py", Method: zip.Deflate})
	if err != nil {
		return nil, err
	}
	if _, err := w.Write([]byte("import os\n\n\ndef handler(event, context):\n    return {\"function\": \"" + name + "\", \"records\": len(event.get(\"Records\", []))}\n")); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// events makes the schedule and the reaction to new covers.
func (s *scope) events() {
	tags := tagList(tagsOf(s.owner), func(k, v *string) ebtypes.Tag { return ebtypes.Tag{Key: k, Value: v} })
	for _, r := range []struct{ name, schedule, pattern, target, input string }{
		{"bookshop-nightly", "cron(15 2 * * ? *)", "", s.arn("lambda", "function:bookshop-cover-thumbs"), `{"task":"sweep"}`},
		{"bookshop-new-cover", "", mustJSON(map[string]any{"source": []string{"aws.s3"}, "detail-type": []string{"Object Created"},
			"detail": map[string]any{"bucket": map[string]any{"name": []string{s.bucket("bookshop-covers")}}}}), s.id("topic"), ""},
	} {
		in := &eventbridge.PutRuleInput{Name: &r.name, State: ebtypes.RuleStateEnabled, Tags: tags}
		target := ebtypes.Target{Id: aws.String("1"), Arn: &r.target}
		if r.schedule != "" {
			in.ScheduleExpression, target.Input = &r.schedule, &r.input
		} else {
			in.EventPattern = &r.pattern
		}
		named(s, Resource{Kind: "AWS::Events::Rule", Name: r.name}, s.clients.events.PutRule, in)
		do(s, s.clients.events.PutTargets, &eventbridge.PutTargetsInput{Rule: &r.name, Targets: []ebtypes.Target{target}})
	}
}
