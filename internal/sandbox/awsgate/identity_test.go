package awsgate

import (
	"fmt"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

func learned(service, operation, key string, params, result map[string]any) (*awsapi.Call, awsapi.Outcome) {
	return &awsapi.Call{Service: service, Operation: operation, AccessKey: key, Params: params, Time: time.Unix(1e9, 0)}, awsapi.Outcome{Status: 200, Result: result}
}

func TestWho(t *testing.T) {
	t.Parallel()
	ids := newIdentities("123456789012", "ADMIN")
	ids.learn(learned("iam", "CreateUser", "ADMIN", nil, map[string]any{"User": map[string]any{"UserName": "ann", "UserId": "AIDA1"}}))
	ids.learn(learned("iam", "CreateAccessKey", "ADMIN", nil, map[string]any{"AccessKey": map[string]any{"UserName": "ann", "AccessKeyId": "AKIA1"}}))
	ids.learn(learned("iam", "CreateRole", "ADMIN", nil, map[string]any{"Role": map[string]any{"RoleName": "shop", "RoleId": "AROA1"}}))
	session := map[string]any{"Credentials": map[string]any{"AccessKeyId": "ASIA1"}, "AssumedRoleUser": map[string]any{
		"Arn": "arn:aws:sts::123456789012:assumed-role/shop/i-1", "AssumedRoleId": "AROAOTHER:i-1"}}
	ids.learn(learned("sts", "AssumeRole", "ADMIN", map[string]any{"RoleArn": "arn:aws:iam::123456789012:role/path/shop"}, session))
	ids.learn(learned("sts", "GetCallerIdentity", "AKIA2", nil, map[string]any{"Arn": "arn:aws:iam::123456789012:user/team/bob", "UserId": "AIDA2"}))
	ids.learn(learned("sts", "GetCallerIdentity", "AKIA3", nil, map[string]any{"Arn": "arn:aws:sts::123456789012:user/moto", "UserId": "X"}))
	ids.learn(learned("sts", "GetCallerIdentity", "ASIA2", nil, map[string]any{"Arn": "arn:aws:sts::999999999999:assumed-role/other/s", "UserId": "AROA9:s"}))
	failed, _ := learned("iam", "CreateAccessKey", "ADMIN", nil, nil)
	ids.learn(failed, awsapi.Outcome{Status: 400, ErrorCode: "X", Result: map[string]any{"AccessKey": map[string]any{"UserName": "eve", "AccessKeyId": "AKIA4"}}})
	for key, want := range map[string]string{
		"ADMIN": "Root 123456789012 arn:aws:iam::123456789012:root  true ", "": "AWSAccount    false ", "AKIA4": "Unknown    false ", "AKIA3": "Unknown    false ",
		"AKIA1": "IAMUser AIDA1 arn:aws:iam::123456789012:user/ann ann false ", "AKIA2": "IAMUser AIDA2 arn:aws:iam::123456789012:user/team/bob bob false ",
		"ASIA1": "AssumedRole AROA1:i-1 arn:aws:sts::123456789012:assumed-role/shop/i-1  false arn:aws:iam::123456789012:role/path/shop",
		"ASIA2": "AssumedRole AROA9:s arn:aws:sts::999999999999:assumed-role/other/s  false arn:aws:iam::999999999999:role/other",
	} {
		id := ids.who(key)
		issuer := ""
		if id.Issuer != nil {
			issuer = id.Issuer.ARN
		}
		if got := fmt.Sprintf("%s %s %s %s %v %s", id.Type, id.PrincipalID, id.ARN, id.UserName, id.Admin, issuer); got != want {
			t.Errorf("%q is %q, want %q", key, got, want)
		}
	}
	if id := newIdentities("1", "").who("ANY"); id.Type != "Root" || id.Admin {
		t.Errorf("without an administrator's key: %+v", id)
	}
}

func TestIdentitiesAreBounded(t *testing.T) {
	t.Parallel()
	ids := newIdentities("1", "ADMIN")
	for i := range maxIdentities + 10 {
		ids.keep(fmt.Sprint(i), awsapi.Identity{Type: "IAMUser"})
	}
	if len(ids.byKey) > maxIdentities || ids.who("0").Type != "Unknown" || ids.who(fmt.Sprint(maxIdentities)).Type != "IAMUser" {
		t.Errorf("%d identities", len(ids.byKey))
	}
}

func TestSettling(t *testing.T) {
	t.Parallel()
	var s settling
	first, second := s.begin(), s.begin()
	waited := make(chan struct{})
	go func() { s.wait(t.Context()); close(waited) }()
	first()
	select {
	case <-waited:
		t.Error("did not wait for the second call")
	default:
	}
	second()
	second()
	<-waited
	if len(s.calls) != 0 {
		t.Errorf("%d calls stay", len(s.calls))
	}
}

func TestIDsFollowTheSeed(t *testing.T) {
	t.Parallel()
	a, b, c := newIDs(1, 1), newIDs(1, 1), newIDs(1, 2)
	for range 10 {
		x, y, z := a(), b(), c()
		if x != y || x == z || len(x) != 36 || x[14] != '4' {
			t.Fatalf("%s %s %s", x, y, z)
		}
	}
}
