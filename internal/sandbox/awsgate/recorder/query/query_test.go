package query

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// documents are three resources as the recorder has them.
func documents(t testing.TB) []map[string]any {
	t.Helper()
	var out []map[string]any
	for _, text := range []string{
		`{"resourceId":"i-1","resourceType":"AWS::EC2::Instance","awsRegion":"us-east-1","accountId":"1","resourceCreationTime":"2026-01-02T00:00:00.000Z",
		  "configuration":{"instanceType":"t3.micro","ebsOptimized":false,"cpu":2,"privateIpAddress":"10.0.1.5","securityGroups":[{"groupId":"sg-1","groupName":"web"},{"groupId":"sg-2"}],"list":["a","b"]},
		  "tags":[{"key":"app","value":"shop","tag":"app=shop"},{"key":"env","value":"prod","tag":"env=prod"}],
		  "relationships":[{"resourceId":"vpc-1","resourceType":"AWS::EC2::VPC"}]}`,
		`{"resourceId":"i-2","resourceType":"AWS::EC2::Instance","awsRegion":"us-east-1","accountId":"1","resourceCreationTime":"2026-02-02T00:00:00.000Z",
		  "configuration":{"instanceType":"m5.large","ebsOptimized":true,"cpu":10,"privateIpAddress":"10.0.2.9","securityGroups":[{"groupId":"sg-2"}],"list":[]},
		  "tags":[{"key":"app","value":"pay","tag":"app=pay"}],"relationships":[]}`,
		`{"resourceId":"b's","resourceName":"b's","resourceType":"AWS::S3::Bucket","awsRegion":"us-east-1","accountId":"1",
		  "configuration":{"name":"b's"},"supplementaryConfiguration":{"BucketVersioningConfiguration":{"status":"Enabled"},"a.b":{"c":"dotted"}},"tags":[],"relationships":[]}`,
	} {
		var d map[string]any
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

func run(t testing.TB, text string) (string, error) {
	q, err := Parse(text)
	if err != nil {
		return "", err
	}
	var rows []string
	for _, row := range q.Run(documents(t)) {
		raw, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, string(raw))
	}
	return strings.Join(rows, " "), nil
}

func TestConditions(t *testing.T) {
	t.Parallel()
	for condition, want := range map[string]string{
		`resourceType = 'AWS::EC2::Instance'`:                                         "i-1 i-2",
		`resourceType='AWS::S3::Bucket'`:                                              "b's",
		`resourceId = 'b''s'`:                                                         "b's",
		`resourceId = "i-1"`:                                                          "i-1",
		`configuration.instanceType = 't3.micro'`:                                     "i-1",
		`configuration.instanceType LIKE 't3%'`:                                       "i-1",
		`configuration.instanceType LIKE '%lar%'`:                                     "i-2",
		`configuration.instanceType LIKE '%.%'`:                                       "i-1 i-2",
		`configuration.instanceType LIKE 't%c%o'`:                                     "i-1",
		`configuration.instanceType LIKE 't3.micro'`:                                  "i-1",
		`configuration.instanceType NOT LIKE 't3%' AND configuration.cpu > 0`:         "i-2",
		`configuration.cpu = 2`:                                                       "i-1",
		`configuration.cpu = '2'`:                                                     "i-1",
		`configuration.cpu > 2`:                                                       "i-2",
		`configuration.cpu >= 2 AND configuration.cpu <= 9`:                           "i-1",
		`configuration.cpu < 10`:                                                      "i-1",
		`configuration.cpu BETWEEN 3 AND 10`:                                          "i-2",
		`configuration.cpu NOT BETWEEN 3 AND 10 AND resourceId LIKE 'i-%'`:            "i-1",
		`configuration.cpu = -2`:                                                      "",
		`configuration.ebsOptimized = true`:                                           "i-2",
		`configuration.ebsOptimized = 'false'`:                                        "i-1",
		`resourceCreationTime BETWEEN '2026-01-15T00:00:00Z' AND '2026-03-01'`:        "i-2",
		`configuration.privateIpAddress = '10.0.1.0/24'`:                              "i-1",
		`configuration.privateIpAddress BETWEEN '10.0.1.100' AND '10.0.10.0'`:         "i-2",
		`configuration.securityGroups.groupId = 'sg-2'`:                               "i-1 i-2",
		`configuration.securityGroups.groupId IN ('sg-1', 'sg-9')`:                    "i-1",
		`configuration.list = 'b'`:                                                    "i-1",
		`resourceId NOT IN ('i-1')`:                                                   "i-2 b's",
		`tags.key = 'app' AND tags.value = 'prod'`:                                    "i-1",
		`tags.tag = 'app=pay'`:                                                        "i-2",
		`relationships.resourceId = 'vpc-1'`:                                          "i-1",
		`NOT tags.key = 'app'`:                                                        "b's",
		`NOT (tags.key = 'env' OR resourceType = 'AWS::S3::Bucket')`:                  "i-2",
		`not not resourceId = 'i-1'`:                                                  "i-1",
		`resourceId='i-1' OR resourceId='i-2' AND configuration.cpu = 2`:              "i-1",
		`(resourceId='i-1' OR resourceId='i-2') AND configuration.cpu = 10`:           "i-2",
		`supplementaryConfiguration.BucketVersioningConfiguration.status = 'Enabled'`: "b's",
		`supplementaryConfiguration.a.b.c = 'dotted'`:                                 "b's",
		`configuration.nope = 'x'`:                                                    "",
		`configuration = 'x'`:                                                         "",
		`configuration.instanceType.deeper = 'x'`:                                     "",
	} {
		q, err := Parse("SELECT resourceId WHERE " + condition)
		if err != nil {
			t.Errorf("%s: %v", condition, err)
			continue
		}
		var ids []string
		for _, row := range q.Run(documents(t)) {
			ids = append(ids, row["resourceId"].(string))
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s finds %q, want %q", condition, got, want)
		}
	}
}

func TestRows(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`SELECT * WHERE resourceType = 'AWS::S3::Bucket'`:                                                              `{"accountId":"1","awsRegion":"us-east-1","resourceId":"b's","resourceName":"b's","resourceType":"AWS::S3::Bucket"}`,
		`select resourceId, configuration.cpu where configuration.cpu = 2`:                                             `{"configuration":{"cpu":2},"resourceId":"i-1"}`,
		`SELECT configuration.cpu, configuration.instanceType WHERE configuration.cpu = 2`:                             `{"configuration":{"cpu":2,"instanceType":"t3.micro"}}`,
		`SELECT configuration.securityGroups.groupId WHERE resourceId = 'i-1'`:                                         `{"configuration":{"securityGroups":[{"groupId":"sg-1"},{"groupId":"sg-2"}]}}`,
		`SELECT configuration.securityGroups.groupName, configuration.securityGroups.groupId WHERE resourceId = 'i-1'`: `{"configuration":{"securityGroups":[{"groupId":"sg-1","groupName":"web"},{"groupId":"sg-2"}]}}`,
		`SELECT tags, configuration.nope WHERE resourceId = 'i-2'`:                                                     `{"tags":[{"key":"app","tag":"app=pay","value":"pay"}]}`,
		`SELECT COUNT(*)`: `{"COUNT(*)":3}`,
		`SELECT COUNT(*) WHERE resourceId = 'none'`:                                                                                       `{"COUNT(*)":0}`,
		`SELECT resourceType, COUNT(*) GROUP BY resourceType`:                                                                             `{"COUNT(*)":2,"resourceType":"AWS::EC2::Instance"} {"COUNT(*)":1,"resourceType":"AWS::S3::Bucket"}`,
		`SELECT resourceType, COUNT(*) GROUP BY resourceType ORDER BY COUNT(*)`:                                                           `{"COUNT(*)":1,"resourceType":"AWS::S3::Bucket"} {"COUNT(*)":2,"resourceType":"AWS::EC2::Instance"}`,
		`SELECT resourceType GROUP BY resourceType ORDER BY resourceType DESC`:                                                            `{"resourceType":"AWS::S3::Bucket"} {"resourceType":"AWS::EC2::Instance"}`,
		`SELECT configuration.instanceType, COUNT(*) WHERE configuration.cpu > 0 GROUP BY configuration.instanceType`:                     `{"COUNT(*)":1,"configuration":{"instanceType":"m5.large"}} {"COUNT(*)":1,"configuration":{"instanceType":"t3.micro"}}`,
		`SELECT SUM(configuration.cpu), AVG(configuration.cpu), MIN(configuration.cpu), MAX(configuration.cpu), COUNT(configuration.cpu)`: `{"AVG(configuration.cpu)":6,"COUNT(configuration.cpu)":2,"MAX(configuration.cpu)":10,"MIN(configuration.cpu)":2,"SUM(configuration.cpu)":12}`,
		`SELECT MAX(configuration.instanceType), SUM(configuration.instanceType)`:                                                         `{"MAX(configuration.instanceType)":"t3.micro","SUM(configuration.instanceType)":null}`,
		`SELECT resourceId ORDER BY resourceId`:                                                                                           `{"resourceId":"b's"} {"resourceId":"i-1"} {"resourceId":"i-2"}`,
		`SELECT resourceId ORDER BY configuration.cpu DESC, resourceId ASC`:                                                               `{"resourceId":"i-2"} {"resourceId":"i-1"} {"resourceId":"b's"}`,
	} {
		got, err := run(t, text)
		if err != nil || got != want {
			t.Errorf("%s\n got %s (%v)\nwant %s", text, got, err, want)
		}
	}
}

func TestRefusedQueries(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                                                              "SELECT is expected, not the end",
		`DELETE resourceId`:                                             `SELECT is expected, not "DELETE"`,
		`SELECT`:                                                        "a property is expected, not the end",
		`SELECT nope`:                                                   `property "nope" is not known at character 8`,
		`SELECT configuration..x`:                                       `property "configuration..x" is not known`,
		`SELECT resourceId FROM resources`:                              "FROM is not supported at character 19",
		`SELECT resourceId AS id`:                                       "AS is not supported",
		`SELECT DISTINCT resourceId`:                                    "DISTINCT is not supported",
		`SELECT resourceId LIMIT 5`:                                     "LIMIT is not supported",
		`SELECT resourceId WHERE`:                                       "a property is expected, not the end",
		`SELECT resourceId WHERE resourceId`:                            "the end is not expected",
		`SELECT resourceId WHERE resourceId != 'x'`:                     "operator != is not supported: use NOT",
		`SELECT resourceId WHERE resourceId <> 'x'`:                     "operator <> is not supported: use NOT",
		`SELECT resourceId WHERE resourceId IS NULL`:                    "IS is not supported",
		`SELECT resourceId WHERE resourceId NOT = 'x'`:                  `IN, BETWEEN or LIKE is expected after NOT, not "="`,
		`SELECT resourceId WHERE resourceId = x`:                        `a value is expected, not "x"`,
		`SELECT resourceId WHERE resourceId = 'x`:                       "text without closing",
		`SELECT resourceId WHERE resourceId IN 'x'`:                     `"(" is expected`,
		`SELECT resourceId WHERE resourceId IN ('x'`:                    `")" is expected`,
		`SELECT resourceId WHERE resourceId BETWEEN 1`:                  "AND is expected",
		`SELECT resourceId WHERE (resourceId = 'x'`:                     `")" is expected, not the end`,
		`SELECT resourceId WHERE resourceId = 'x' 'y'`:                  `"y" is not expected`,
		`SELECT resourceId; DROP`:                                       "character ';' is not known",
		`SELECT UPPER(resourceId)`:                                      "function UPPER is not supported",
		`SELECT MAX(MIN(resourceId))`:                                   "function MAX of a function is not supported",
		`SELECT MAX(*)`:                                                 "a property is expected",
		`SELECT resourceId, COUNT(*)`:                                   `property "resourceId" must stand in GROUP BY`,
		`SELECT COUNT(*) GROUP resourceType`:                            "BY is expected",
		`SELECT COUNT(*) GROUP BY 'x'`:                                  "",
		`SELECT resourceType GROUP BY resourceType HAVING COUNT(*) > 1`: "HAVING is not supported",
		`SELECT resourceType GROUP BY resourceType ORDER BY COUNT(*)`:   "ORDER BY COUNT(*) needs that field in SELECT",
		`SELECT resourceId ORDER BY COUNT(*)`:                           "ORDER BY COUNT(*) needs that field in SELECT",
		`SELECT resourceId WHERE ` + strings.Repeat("(", 60) + `resourceId = 'x'`:   "nested deeper than 50",
		`SELECT resourceId WHERE resourceId = '` + strings.Repeat("x", 4096) + `'`:  "the limit is 4096",
		`SELECT resourceId WHERE resourceId IN (` + strings.Repeat("1,", 60) + `1)`: "more than 50 values",
		`SELECT ` + strings.Repeat("resourceId,", 60) + `resourceId`:                "more than 50 fields",
	} {
		_, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.70s: error is %v, want %q in it", text, err, want)
		}
	}
}

func TestFieldsAreInTheOrderOfTheQuery(t *testing.T) {
	t.Parallel()
	q, err := Parse("SELECT resourceType, COUNT(*), MAX(configuration.cpu) GROUP BY resourceType")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(q.Fields(), " "); got != "resourceType COUNT(*) MAX(configuration.cpu)" {
		t.Errorf("fields are %q", got)
	}
}

// De Morgan holds for random conditions, and a query changes no document.
func TestLogicIsSound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		a, b := drawCondition(rt), drawCondition(rt)
		count := func(condition string) int {
			q, err := Parse("SELECT resourceId WHERE " + condition)
			if err != nil {
				rt.Fatalf("%s: %v", condition, err)
			}
			all := documents(t)
			before := fmt.Sprint(all)
			n := len(q.Run(all))
			if fmt.Sprint(all) != before {
				rt.Fatalf("%s changed the documents", condition)
			}
			return n
		}
		if x, y := count(fmt.Sprintf("NOT (%s AND %s)", a, b)), count(fmt.Sprintf("NOT %s OR NOT %s", a, b)); x != y {
			rt.Fatalf("%s, %s: %d and %d rows", a, b, x, y)
		}
		if x := count(a) + count("NOT "+a); x != 3 {
			rt.Fatalf("%s and its opposite find %d of 3", a, x)
		}
	})
}

func drawCondition(t *rapid.T) string {
	property := rapid.SampledFrom([]string{"resourceId", "configuration.cpu", "tags.value", "configuration.securityGroups.groupId", "resourceName"}).Draw(t, "property")
	value := rapid.SampledFrom([]string{"'i-1'", "2", "10", "'sg-2'", "'prod'", "'%i%'"}).Draw(t, "value")
	return "(" + property + " " + rapid.SampledFrom([]string{"=", "<", ">=", "LIKE"}).Draw(t, "operator") + " " + value + ")"
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"SELECT * WHERE resourceType = 'AWS::EC2::Instance'", "SELECT resourceType, COUNT(*) GROUP BY resourceType ORDER BY COUNT(*) DESC",
		"SELECT tags WHERE NOT (tags.key IN ('a','b') OR configuration.x BETWEEN 1 AND 2) AND arn LIKE '%x%'", "SELECT 'x", "SELECT a.b.c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(text)
		if err != nil {
			return
		}
		for _, row := range q.Run(documents(t)) {
			if _, err := json.Marshal(row); err != nil {
				t.Fatalf("%q gives a row that is no JSON: %v", text, err)
			}
		}
	})
}
