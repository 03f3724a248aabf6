package security

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMatches(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "pattern")
		text := rapid.StringMatching(`[ab]{0,10}`).Draw(t, "text")
		slow := regexp.MustCompile("^" + strings.NewReplacer("*", ".*", "?", ".").Replace(pattern) + "$")
		if matches(pattern, text) != slow.MatchString(text) {
			t.Fatalf("matches(%q, %q) is %v", pattern, text, matches(pattern, text))
		}
	})
}

func TestExpand(t *testing.T) {
	t.Parallel()
	table, err := loadRights()
	if err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string][]string{
		"dynamodb:*Item":  {"dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
		"sqs:sendmessage": {"sqs:SendMessage"},
		"nimble:Launch":   {"nimble:Launch"},
		"nimble:*":        nil,
		"odd":             {"odd"},
	} {
		if got := table.expand(pattern); !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", pattern, got, want)
		}
	}
	if all := table.expand("*"); len(all) < 300 {
		t.Errorf("* means %d actions only", len(all))
	}
}

func TestPolicyForms(t *testing.T) {
	t.Parallel()
	for _, document := range []any{
		map[string]any{"Statement": map[string]any{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}},
		map[string]any{"Statement": []any{map[string]any{"Effect": "Allow", "Action": []any{"s3:GetObject"}, "Resource": []any{"*"}}}},
		`{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`,
		`%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3AGetObject%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D`,
	} {
		got := policyOf(document)
		if len(got) != 1 || !got[0].allow || !slices.Equal(got[0].actions, []string{"s3:GetObject"}) || !slices.Equal(got[0].resources, []string{"*"}) {
			t.Errorf("%v reads as %+v", document, got)
		}
	}
	for _, document := range []any{nil, 7.0, "no json", []any{}, map[string]any{"Statement": "text"}} {
		if got := policyOf(document); len(got) != 0 {
			t.Errorf("%v reads as %+v", document, got)
		}
	}
}

func TestCutObject(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string][2]string{
		"arn:aws:s3:::b/a/*":                     {"arn:aws:s3:::b", "a/*"},
		"arn:aws:s3:::b":                         {"arn:aws:s3:::b", "*"},
		"${ref:cloudformation:s/Bucket#Arn}/a/*": {"${ref:cloudformation:s/Bucket#Arn}", "a/*"},
		"arn:aws:s3:::${ref:cloudformation:s/B}": {"arn:aws:s3:::${ref:cloudformation:s/B}", "*"},
	} {
		if bucket, tail := cutObject(arn); bucket != want[0] || tail != want[1] {
			t.Errorf("%s parts into %q and %q", arn, bucket, tail)
		}
	}
}

func TestElsewhere(t *testing.T) {
	t.Parallel()
	const queues = "Microsoft.ServiceBus/namespaces/queues"
	for pattern, want := range map[string]bool{
		"Microsoft.ServiceBus/*/topics/read": true, "Microsoft.ServiceBus/*/queues/read": false, "Microsoft.ServiceBus/*": false, "Microsoft.Support/*": true, "Microsoft.ServiceBus/namespaces/queues/authorizationRules/read": false,
	} {
		if got := elsewhere(pattern, queues); got != want {
			t.Errorf("%s is elsewhere: %v", pattern, got)
		}
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	const read = "d:Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
	for _, c := range []struct {
		operations, tails []string
		want              string
	}{
		{[]string{read + "#get", read + "#list"}, []string{"*"}, ""},
		{[]string{read + "#get"}, []string{"*"}, "AND SubOperationMatches{'Blob.List'}"},
		{[]string{read + "#list"}, []string{"*"}, "AND NOT SubOperationMatches{'Blob.List'}"},
		{[]string{read + "#get"}, []string{"a'b/*"}, "StringLike 'a''b/*'"},
	} {
		n := &need{operations: map[string]bool{}, tails: c.tails}
		for _, op := range c.operations {
			n.operations[op] = true
		}
		plain, condition := conditionOf(n)
		if !slices.Equal(plain, []string{read}) || !strings.Contains(condition, c.want) || (c.want == "") != (condition == "") {
			t.Errorf("%v of %v gives %v under %q", c.operations, c.tails, plain, condition)
		}
	}
}

func TestEncoded(t *testing.T) {
	t.Parallel()
	if got := encoded("/shop/log-level"); got != "~2Fshop~2Flog-level" {
		t.Error(got)
	}
}
