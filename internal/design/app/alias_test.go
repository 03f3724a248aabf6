package app_test

import (
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

// Aliases that name themselves or each other end nowhere; a rule that follows
// them must end all the same.
func TestAliasesInARing(t *testing.T) {
	t.Parallel()
	const ring = `
Resources:
  Self:
    Type: AWS::Lambda::Alias
    Properties: {Name: self, FunctionName: !Ref Self, FunctionVersion: "1"}
  One:
    Type: AWS::Lambda::Alias
    Properties: {Name: one, FunctionName: !Ref Two, FunctionVersion: "1"}
  Two:
    Type: AWS::Lambda::Alias
    Properties: {Name: two, FunctionName: !Ref One, FunctionVersion: "1"}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !Ref Self, EventSourceArn: !GetAtt Queue.Arn}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Two, Action: "lambda:InvokeFunction", Principal: events.amazonaws.com}
  Queue:
    Type: AWS::SQS::Queue
  Every:
    Type: AWS::Events::Rule
    Properties: {ScheduleExpression: rate(1 hour), Targets: [{Id: a, Arn: !Ref One}]}
`
	d := designtest.Make(t, families(), designtest.FromTemplate(t, ring)...)
	designtest.Check(t, d)
	for _, one := range d.Decisions {
		if one.Kind == "AWS::Lambda::Alias" && one.Action == design.Migrate {
			t.Errorf("%s migrates: %s", one.Name, one.Why)
		}
	}
}
