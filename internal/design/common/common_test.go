package common_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/managedidentity/2024-11-30/identities"
	"pgregory.net/rapid"
)

// asking is a family whose one rule asks for everything that is common, twice.
func asking() design.Family {
	return design.Family{Name: "asking", Rules: []design.Rule{{Name: "test/queue", Kinds: []cloud.Kind{"AWS::SQS::Queue"}, Stage: design.Operations, Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
		s := common.Open(c, r)
		who := c.Put(design.Target{Type: "Microsoft.ManagedIdentity/userAssignedIdentities", Base: r.Name, Model: identities.Identity{}}, r)
		for range 2 {
			for _, id := range []cloud.ResourceID{common.Vault(c), common.VaultFor(c, "team"), common.Certificates(c), common.Workspace(c), common.Insights(c), common.ActionGroup(c)} {
				c.Attach(r, id)
			}
			common.RoleAssignment(c, who, common.Vault(c), "4633458b-17de-408a-b874-0445c86b69e6", r)
			common.Diagnostics(c, common.Vault(c))
		}
		if common.Diagnostics(c, common.ActionGroup(c)) != "" || common.Diagnostics(c, "/nowhere") != "" {
			s.Do("a target without logs has a setting")
		}
		s.Int("DelaySeconds", 0)
		s.Decide(design.Migrate, common.LikeForLike, "%s asks for everything", r.Name)
		return s.Done()
	}}}}
}

func TestOnce(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, []design.Family{asking()},
		designtest.Live(t, "AWS::SQS::Queue", "one", `{"QueueName":"one","DelaySeconds":"${ref:cloudformation:shop/Delay}","FifoQueue":true,"KmsMasterKeyId":""}`),
		designtest.Live(t, "AWS::SQS::Queue", "two", `{"QueueName":"two"}`))
	designtest.Check(t, d)
	for kind, n := range map[cloud.Kind]int{
		"Microsoft.KeyVault/vaults": 3, "Microsoft.OperationalInsights/workspaces": 1, "Microsoft.Insights/components": 1, "Microsoft.Insights/actionGroups": 1,
		"Microsoft.Authorization/roleAssignments": 2, "Microsoft.Insights/diagnosticSettings": 1,
	} {
		if got := len(designtest.Resources(d, kind)); got != n {
			t.Errorf("%d of %s, want %d", got, kind, n)
		}
	}
	one := designtest.Decision(t, d, "one")
	want := []string{"DelaySeconds is known only when the source is deployed; 0 is taken: check it", "look at what no rule reads: FifoQueue=true, QueueName=one"}
	if !slices.Equal(one.ToDo, want) {
		t.Errorf("to do: %q, want %q", one.ToDo, want)
	}
}

// What a template leaves open is shown by its name, and what only looks like
// it is left as it stands.
func TestReadable(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"calls ${ref:cloudformation:shop/Index#Arn}":          "calls Index.Arn",
		"${ref:arn:aws:sqs:us-east-1:123456789012:orders}":    "orders",
		"[${import:${param:App}-${param:Env}-Groups}]":        "[App-Env-Groups]",
		"${param:Name}.${ssm:/shop/zone}, ${undefined:Who}":   "Name./shop/zone, Who",
		"zone ${az:us-east-1#0}":                              "zone 1 of us-east-1",
		`${Fn::Select:[0,"${param:AZs}"]}`:                    "Select of 0, AZs",
		`${Fn::Join:["-",["a","${ref:cloudformation:s/B}"]]}`: "Join of -, a, B",
		"echo ${HOME} ${AWS::Region} ${":                      "echo ${HOME} ${AWS::Region} ${",
		"":                                                    "",
	} {
		if got := common.Readable(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
	r := designtest.Live(t, "AWS::SQS::Queue", "one", `{"QueueName":"one","RedrivePolicy":{"deadLetterTargetArn":"${ref:cloudformation:shop/Dead#Arn}"}}`)
	d := designtest.Make(t, []design.Family{asking()}, r)
	if todo := designtest.Decision(t, d, "one").ToDo; len(todo) != 1 || strings.Contains(todo[0], "${") || !strings.Contains(todo[0], "Dead.Arn") {
		t.Errorf("to do: %q", todo)
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	const table = "# comment\na/b\tAWS::A::B AWS::A::C\tmanual\twhy {name}\tdo {name}; and that\tpage\n"
	rules, err := common.Plain(table, design.Names)
	if err != nil || len(rules) != 1 || len(rules[0].Kinds) != 2 || rules[0].Stage != design.Names {
		t.Fatalf("rules are %+v, %v", rules, err)
	}
	for _, bad := range []string{"a\tb\tmanual\tc\td", "a\tAWS::A::B\tburn\tc\td\te", "a\t\tmanual\tc\td\te"} {
		if _, err := common.Plain(bad, design.Names); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	d := designtest.Make(t, []design.Family{{Name: "plain", Rules: rules}}, inventory.Resource{ID: "arn:aws:a:us-east-1:1:b/x", Kind: "AWS::A::B", Name: "x", Properties: inventory.Properties{"Size": 3.0}},
		inventory.Resource{ID: "arn:aws:a:us-east-1:1:b/y", Kind: "AWS::A::C", Name: "y", Marks: []inventory.Mark{inventory.ServiceLinked}})
	if got := designtest.Decision(t, d, "x"); got.Why != "why x" || !slices.Equal(got.ToDo, []string{"do x", "and that", "look at what no rule reads: Size=3"}) {
		t.Errorf("x is %+v", got)
	}
	if got := designtest.Decision(t, d, "y"); got.Action != design.Retire {
		t.Errorf("what AWS made itself is %s", got.Action)
	}
}

func TestSecretName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"shop/production/database": "shop-production-database", "/a//b_c": "a-b-c", "äöü": "secret", "": "secret", "-x-": "x"} {
		if got := common.SecretName(name); got != want {
			t.Errorf("%q gives %q, want %q", name, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := common.SecretName(rapid.String().Draw(t, "name"))
		if len(name) == 0 || len(name) > 127 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			t.Fatalf("no vault takes %q", name)
		}
	})
}

func TestParameterName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		words []string
		want  string
	}{{[]string{"setting", "/shop/log-level"}, "settingShopLogLevel"}, {[]string{"a"}, "a"}, {[]string{"record", "@", "x.y"}, "recordXY"}} {
		if got := common.ParameterName(c.words...); got != c.want {
			t.Errorf("%q gives %q, want %q", c.words, got, c.want)
		}
	}
}

func TestGUID(t *testing.T) {
	t.Parallel()
	if a, b := common.GUID("A", "b"), common.GUID("a", "B"); a != b || len(a) != 36 || a == common.GUID("ab") {
		t.Errorf("%s and %s", a, b)
	}
}

func TestShown(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]any{"text": "text", "7": 7, `["a"]`: []any{"a"}, "none": nil} {
		if got := common.Shown(v); got != want {
			t.Errorf("%v shows as %q", v, got)
		}
	}
	if got := common.Shown(map[string]any(nil)); got != "none" {
		t.Errorf("a mapping that is not there shows as %q", got)
	}
	if got := common.Shown(strings.Repeat("é", 100)); len(got) > 60 || !strings.HasSuffix(got, "...") {
		t.Errorf("a long text shows as %q", got)
	}
}

func TestWordsAndNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n          int
		noun, want string
	}{{0, "rule", "0 rules"}, {1, "rule", "1 rule"}, {2, "inline policy", "2 inline policies"}, {1, "policy", "1 policy"}, {3, "access key", "3 access keys"}, {2, "address", "2 addresses"}, {2, "branch", "2 branches"}, {2, "y", "2 ys"}} {
		if got := common.Count(c.n, c.noun); got != c.want {
			t.Errorf("%d of %q is %q, want %q", c.n, c.noun, got, c.want)
		}
	}
	if got := common.Words("", "GreaterThanThreshold", "", " 5 "); got != "GreaterThanThreshold 5" {
		t.Errorf("words join as %q", got)
	}
}

func TestSaid(t *testing.T) {
	t.Parallel()
	for _, v := range []any{nil, false, "", "false", "False", []any{}, map[string]any{}} {
		if common.Said(v) {
			t.Errorf("%v says something", v)
		}
	}
	for _, v := range []any{true, "no", 0.0, []any{nil}, map[string]any{"a": nil}} {
		if !common.Said(v) {
			t.Errorf("%v says nothing", v)
		}
	}
}

// What an assignment gives is said in names; a scope that is put has its own.
func TestMayDo(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, []design.Family{asking()}, designtest.Live(t, "AWS::SQS::Queue", "one", `{"QueueName":"one"}`))
	one := designtest.One(t, d, "Microsoft.Authorization/roleAssignments")
	if got, want := design.Text(one.Body, "properties.description"), "id-one may Key Vault Secrets User on "; !strings.HasPrefix(got, want) || !strings.Contains(string(one.Scope), strings.TrimPrefix(got, want)) {
		t.Errorf("the assignment is described as %q", got)
	}
}
