package nodes

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

func noon() time.Time { return time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC) }

// id returns the id of the n-th node.
func id(n int) string { return fmt.Sprintf("i-%017d", n) }

// fleet is twelve nodes: the third is Windows, the fourth is stopped, the
// fifth is on premises, the others are Linux with nginx of growing version.
func fleet(t *testing.T) *Service {
	t.Helper()
	s := New(Options{Now: noon})
	var lines []string
	for n := range 12 {
		line := fmt.Sprintf(`{"instanceId":%q,"ipAddress":"10.0.0.%d","tags":{"app":"shop","n":"%d"},"captured":"2026-03-10T06:00:00Z",
			"inventory":{"AWS:Application":[{"Name":"nginx","Version":"1.%d.0"},{"Name":"openssl","Version":"3.0"}],"Custom:Rack":[{"Row":"%d"}]}}`, id(n), n, n, n, n%2)
		switch n {
		case 3:
			line = fmt.Sprintf(`{"instanceId":%q,"platformType":"Windows","platformName":"Windows Server 2022","pingStatus":"ConnectionLost",
				"patch":{"PatchGroup":"g","BaselineId":"pb-01234567890123456","Operation":"Scan","OperationStartTime":"2026-03-09T00:00:00Z","OperationEndTime":"2026-03-09T00:05:00Z","MissingCount":4}}`, id(n))
		case 4:
			line = fmt.Sprintf(`{"instanceId":%q,"instanceStatus":"Stopped"}`, id(n))
		case 5:
			line = `{"instanceId":"mi-00000000000000005","name":"old-server"}`
		}
		lines = append(lines, line)
	}
	if loaded, err := s.Load(strings.NewReader(strings.Join(lines, "\n"))); err != nil || loaded != 12 {
		t.Fatalf("loaded %d, %v", loaded, err)
	}
	return s
}

func ask(t *testing.T, s *Service, operation string, params map[string]any) map[string]any {
	t.Helper()
	out, err := s.Answer(t.Context(), &awsapi.Call{Service: "ssm", Operation: operation, Params: params})
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	return out
}

func refusal(t *testing.T, s *Service, operation string, params map[string]any) string {
	t.Helper()
	_, err := s.Answer(t.Context(), &awsapi.Call{Service: "ssm", Operation: operation, Params: params})
	if api, ok := errors.AsType[*awsapi.Error](err); ok {
		return api.Error()
	}
	return fmt.Sprintf("no refusal: %v", err)
}

// collect goes through all pages and returns the named member of each element.
func collect(t *testing.T, s *Service, operation, list, member string, params map[string]any) []string {
	t.Helper()
	var out []string
	for range 100 {
		answer := ask(t, s, operation, params)
		for _, one := range answer[list].([]any) {
			switch one := one.(type) {
			case map[string]any:
				out = append(out, fmt.Sprint(one[member]))
			case awsapi.Entries:
				out = append(out, fmt.Sprint(one[member]))
			}
		}
		if answer["NextToken"] == nil {
			return out
		}
		params["NextToken"] = answer["NextToken"]
	}
	t.Fatal("the pages do not end")
	return nil
}

func filters(triples ...string) []any {
	var out []any
	for i := 0; i < len(triples); i += 3 {
		one := map[string]any{"Key": triples[i], "Values": anys(strings.Split(triples[i+2], ","))}
		if triples[i+1] != "" {
			one["Type"] = triples[i+1]
		}
		out = append(out, one)
	}
	return out
}

func anys(texts []string) []any {
	out := make([]any, len(texts))
	for i, text := range texts {
		out[i] = text
	}
	return out
}

func TestDescribeInstanceInformation(t *testing.T) {
	t.Parallel()
	s := fleet(t)
	all := collect(t, s, "DescribeInstanceInformation", "InstanceInformationList", "InstanceId", map[string]any{"MaxResults": json.Number("5")})
	if len(all) != 11 || !slices.IsSorted(all) || slices.Contains(all, id(4)) {
		t.Fatalf("nodes are %q", all)
	}
	first := ask(t, s, "DescribeInstanceInformation", map[string]any{"Filters": filters("InstanceIds", "", id(1))})["InstanceInformationList"].([]any)[0].(map[string]any)
	if first["PlatformType"] != "Linux" || first["IPAddress"] != "10.0.0.1" || first["LastPingDateTime"] != noon() || first["PingStatus"] != "Online" || first["ResourceType"] != "EC2Instance" {
		t.Errorf("the node is %v", first)
	}
	for _, c := range []struct {
		params map[string]any
		want   int
	}{
		{map[string]any{"Filters": filters("PlatformTypes", "", "Windows")}, 1},
		{map[string]any{"Filters": filters("PingStatus", "", "Online,ConnectionLost")}, 11},
		{map[string]any{"Filters": filters("ResourceType", "", "ManagedInstance")}, 1},
		{map[string]any{"Filters": filters("SourceTypes", "", "AWS::EC2::Instance", "PlatformTypes", "", "Linux")}, 9},
		{map[string]any{"Filters": filters("tag:app", "", "shop")}, 9},
		{map[string]any{"Filters": filters("tag-key", "", "n", "tag:n", "", "1,2")}, 2},
		{map[string]any{"InstanceInformationFilterList": []any{map[string]any{"key": "PlatformTypes", "valueSet": anys([]string{"Windows"})}}}, 1},
		{map[string]any{"Filters": filters("IamRole", "", "none")}, 0},
	} {
		if got := collect(t, s, "DescribeInstanceInformation", "InstanceInformationList", "InstanceId", c.params); len(got) != c.want {
			t.Errorf("%v finds %d nodes, want %d", c.params, len(got), c.want)
		}
	}
}

func TestGetInventory(t *testing.T) {
	t.Parallel()
	s := fleet(t)
	for _, c := range []struct {
		filters []any
		want    []string
	}{
		{filters("AWS:InstanceInformation.PlatformType", "", "Windows"), []string{id(3)}},
		{filters("AWS:InstanceInformation.InstanceStatus", "", "Stopped"), []string{id(4)}},
		{filters("AWS:InstanceInformation.InstanceId", "", id(1)+","+id(2)), []string{id(1), id(2)}},
		{filters("AWS:Application.Version", "GreaterThan", "1.9.0", "AWS:Application.Name", "", "nginx", "Custom:Rack.Row", "", "1"), nil},
		{filters("AWS:Application.Version", "", "1.11.0"), []string{id(11)}},
		{filters("AWS:Application.Version", "BeginWith", "1.1"), []string{id(1), id(10), id(11)}},
		{filters("AWS:Application.Version", "LessThan", "1.1.0"), []string{id(0)}},
		{filters("Custom:Rack.Row", "NotEqual", "0", "AWS:InstanceInformation.PlatformType", "", "Linux", "AWS:Application.Name", "", "openssl"), []string{id(1), id(7), id(9), id(11)}},
	} {
		got := collect(t, s, "GetInventory", "Entities", "Id", map[string]any{"Filters": c.filters, "MaxResults": int64(2)})
		if c.want != nil && !slices.Equal(got, c.want) {
			t.Errorf("%v finds %q, want %q", c.filters, got, c.want)
		}
	}
	entity := ask(t, s, "GetInventory", map[string]any{
		"Filters": filters("AWS:InstanceInformation.InstanceId", "", id(2)), "ResultAttributes": []any{map[string]any{"TypeName": "AWS:Application"}},
	})["Entities"].([]any)[0].(map[string]any)
	data := entity["Data"].(awsapi.Entries)["AWS:Application"].(map[string]any)
	if data["SchemaVersion"] != "1.1" || data["CaptureTime"] != "2026-03-10T06:00:00Z" || fmt.Sprint(data["Content"]) != "[map[Name:nginx Version:1.2.0] map[Name:openssl Version:3.0]]" {
		t.Errorf("applications are %v", data)
	}
	count := ask(t, s, "GetInventory", map[string]any{"Aggregators": []any{map[string]any{"Expression": "AWS:InstanceInformation.PlatformType"}}})
	if got := fmt.Sprint(count["Entities"]); !strings.Contains(got, "Content:[map[Count:11 PlatformType:linux] map[Count:1 PlatformType:windows]]") {
		t.Errorf("the aggregate is %s", got)
	}
	has := ask(t, s, "GetInventory", map[string]any{"Aggregators": []any{map[string]any{"Expression": "AWS:InstanceInformation.PlatformType"}}, "Filters": []any{map[string]any{"Key": "Custom:Rack", "Type": "Exists", "Values": anys([]string{"true"})}}})
	if got := fmt.Sprint(has["Entities"]); !strings.Contains(got, "Content:[map[Count:9 PlatformType:linux]]") {
		t.Errorf("the aggregate of nodes in racks is %s", got)
	}
}

func TestListInventoryEntries(t *testing.T) {
	t.Parallel()
	s := fleet(t)
	names := collect(t, s, "ListInventoryEntries", "Entries", "Name", map[string]any{"InstanceId": id(0), "TypeName": "AWS:Application", "MaxResults": int64(1)})
	if !slices.Equal(names, []string{"nginx", "openssl"}) {
		t.Errorf("entries are %q", names)
	}
	for _, key := range []string{"Name", "AWS:Application.Name"} {
		got := collect(t, s, "ListInventoryEntries", "Entries", "Version", map[string]any{"InstanceId": id(0), "TypeName": "AWS:Application", "Filters": filters(key, "", "openssl")})
		if !slices.Equal(got, []string{"3.0"}) {
			t.Errorf("entries filtered by %s are %q", key, got)
		}
	}
	if got := ask(t, s, "ListInventoryEntries", map[string]any{"InstanceId": id(3), "TypeName": "AWS:Network"}); len(got["Entries"].([]any)) != 0 {
		t.Errorf("a type the node does not have gives %v", got)
	}
}

func TestGetInventorySchema(t *testing.T) {
	t.Parallel()
	s := fleet(t)
	all := collect(t, s, "GetInventorySchema", "Schemas", "TypeName", map[string]any{})
	if !slices.IsSorted(all) || !slices.Contains(all, "AWS:Application") || !slices.Contains(all, "AWS:File") || !slices.Contains(all, "Custom:Rack") {
		t.Errorf("types are %q", all)
	}
	rack := ask(t, s, "GetInventorySchema", map[string]any{"TypeName": "Custom:Rack"})["Schemas"].([]any)
	if fmt.Sprint(rack) != "[map[Attributes:[map[DataType:string Name:Row]] TypeName:Custom:Rack Version:1.0]]" {
		t.Errorf("the custom schema is %v", rack)
	}
	cpus := fmt.Sprint(ask(t, s, "GetInventorySchema", map[string]any{"TypeName": "AWS:InstanceDetailedInformation"})["Schemas"])
	if !strings.Contains(cpus, "map[DataType:number Name:CPUs]") {
		t.Errorf("the schema is %s", cpus)
	}
	counted := collect(t, s, "GetInventorySchema", "Schemas", "TypeName", map[string]any{"Aggregator": true})
	if slices.Contains(counted, "AWS:Network") || !slices.Contains(counted, "AWS:InstanceInformation") {
		t.Errorf("types to aggregate by are %q", counted)
	}
}

func TestPutInventory(t *testing.T) {
	t.Parallel()
	s := fleet(t)
	put := func(value, hash, capture string) {
		ask(t, s, "PutInventory", map[string]any{"InstanceId": id(0), "Items": []any{map[string]any{
			"TypeName": "Custom:Owner", "SchemaVersion": "1.0", "CaptureTime": capture, "ContentHash": hash, "Content": []any{map[string]any{"Team": value}},
		}}})
	}
	read := func() string {
		out := ask(t, s, "ListInventoryEntries", map[string]any{"InstanceId": id(0), "TypeName": "Custom:Owner"})
		return fmt.Sprint(out["CaptureTime"], out["Entries"])
	}
	put("shop", "h1", "2026-03-10T07:00:00Z")
	if got := read(); got != "2026-03-10T07:00:00Z[map[Team:shop]]" {
		t.Errorf("the inventory is %s", got)
	}
	put("ignored", "h1", "2026-03-10T08:00:00Z")
	if got := read(); got != "2026-03-10T08:00:00Z[map[Team:shop]]" {
		t.Errorf("the same hash changed the inventory to %s", got)
	}
	put("pay", "h2", "2026-03-10T09:00:00Z")
	if got := read(); got != "2026-03-10T09:00:00Z[map[Team:pay]]" {
		t.Errorf("another hash leaves the inventory at %s", got)
	}
}

func TestDescribeInstancePatchStates(t *testing.T) {
	t.Parallel()
	s := fleet(t)
	states := ask(t, s, "DescribeInstancePatchStates", map[string]any{"InstanceIds": anys([]string{id(3), id(1), "i-unknown"})})["InstancePatchStates"].([]any)
	if len(states) != 1 {
		t.Fatalf("states are %v", states)
	}
	state := states[0].(map[string]any)
	if state["InstanceId"] != id(3) || state["MissingCount"] != int64(4) || state["OperationEndTime"] != time.Date(2026, 3, 9, 0, 5, 0, 0, time.UTC) {
		t.Errorf("the state is %v", state)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := fleet(t)
	item := func(more ...any) map[string]any {
		one := map[string]any{"TypeName": "Custom:X", "SchemaVersion": "1.0", "CaptureTime": "2026-03-10T07:00:00Z", "Content": []any{}}
		for i := 0; i < len(more); i += 2 {
			one[more[i].(string)] = more[i+1]
		}
		return map[string]any{"InstanceId": id(0), "Items": []any{one}}
	}
	crowd := []any{}
	for i := range 21 {
		crowd = append(crowd, map[string]any{"TypeName": fmt.Sprintf("Custom:T%d", i), "SchemaVersion": "1.0", "CaptureTime": "2026-03-10T07:00:00Z"})
	}
	token := ask(t, s, "DescribeInstanceInformation", map[string]any{"MaxResults": int64(5)})["NextToken"]
	aggregator := func(one map[string]any) map[string]any { return map[string]any{"Aggregators": []any{one}} }
	for _, c := range []struct {
		operation string
		params    map[string]any
		want      string
	}{
		{"DescribeInstanceInformation", map[string]any{"MaxResults": int64(4)}, "ValidationException: parameter MaxResults must be 5 to 50"},
		{"DescribeInstanceInformation", map[string]any{"NextToken": "x"}, "InvalidNextToken: "},
		{"GetInventory", map[string]any{"NextToken": token}, "InvalidNextToken: "},
		{"DescribeInstanceInformation", map[string]any{"Filters": filters("Color", "", "red")}, `InvalidFilterKey: filter key "Color"`},
		{"DescribeInstanceInformation", map[string]any{"Filters": filters("tag:a", "", "b", "PingStatus", "", "Online")}, "InvalidFilterKey: tag filters"},
		{"DescribeInstanceInformation", map[string]any{"Filters": filters("InstanceIds", "", "i-12345678")}, `InvalidInstanceId: instance "i-12345678"`},
		{"DescribeInstanceInformation", map[string]any{"Filters": []any{map[string]any{"Key": "PingStatus"}}}, "InvalidInstanceInformationFilterValue: "},
		{"DescribeInstanceInformation", map[string]any{"Filters": filters("PingStatus", "", "Online"), "InstanceInformationFilterList": filters("x", "", "y")}, "ValidationException: parameters Filters and"},
		{"GetInventory", map[string]any{"ResultAttributes": []any{map[string]any{"TypeName": "AWS:Nope"}}}, `InvalidTypeNameException: inventory type "AWS:Nope"`},
		{"GetInventory", map[string]any{"ResultAttributes": []any{map[string]any{"TypeName": "AWS:File"}, map[string]any{}}}, "InvalidResultAttributeException: "},
		{"GetInventory", map[string]any{"Filters": filters("Name", "", "x")}, `InvalidFilter: filter key "Name"`},
		{"GetInventory", map[string]any{"Filters": filters("AWS:Application.Name", "Matches", "x")}, `InvalidFilter: filter type "Matches"`},
		{"GetInventory", map[string]any{"Filters": filters("AWS:Application.Name", "Exists", "true")}, "InvalidFilter: filter type Exists needs"},
		{"GetInventory", map[string]any{"Filters": filters("AWS:Application", "", "x")}, "InvalidFilter: filter key \"AWS:Application\" names no attribute"},
		{"GetInventory", aggregator(map[string]any{"Expression": "AWS:Application.Color"}), "InvalidAggregatorException: expression"},
		{"GetInventory", aggregator(map[string]any{"Expression": "AWS:InstanceInformation.PlatformType", "Aggregators": []any{map[string]any{}}}), "InvalidAggregatorException: nested"},
		{"GetInventory", aggregator(map[string]any{"Groups": []any{map[string]any{}}}), "InvalidInventoryGroupException: "},
		{"GetInventorySchema", map[string]any{"TypeName": "Nope"}, `InvalidTypeNameException: inventory type "Nope"`},
		{"GetInventorySchema", map[string]any{"SubType": true}, "InvalidTypeNameException: sub-type schemas"},
		{"ListInventoryEntries", map[string]any{"InstanceId": "i-12345678", "TypeName": "AWS:File"}, "InvalidInstanceId: "},
		{"ListInventoryEntries", map[string]any{"InstanceId": id(0), "TypeName": "AWS:Nope"}, "InvalidTypeNameException: "},
		{"PutInventory", map[string]any{"InstanceId": "i-12345678"}, "InvalidInstanceId: "},
		{"PutInventory", map[string]any{"InstanceId": id(0)}, "ValidationException: parameter Items"},
		{"PutInventory", item("TypeName", "Other:X"), "InvalidTypeNameException: "},
		{"PutInventory", item("TypeName", "AWS:Nope"), "InvalidTypeNameException: "},
		{"PutInventory", item("SchemaVersion", "one"), "ValidationException: schema version"},
		{"PutInventory", item("TypeName", "AWS:Application", "SchemaVersion", "9.9"), "UnsupportedInventorySchemaVersionException: "},
		{"PutInventory", item("CaptureTime", "now"), "ValidationException: capture time"},
		{"PutInventory", item("Context", map[string]any{"a": "b"}), "UnsupportedInventoryItemContextException: "},
		{"PutInventory", item("Content", []any{map[string]any{"a": 1.0}}), "InvalidItemContentException: "},
		{"PutInventory", item("Content", make([]any, maxEntries+1)), "ItemSizeLimitExceededException: "},
		{"PutInventory", item("Content", []any{map[string]any{"a": strings.Repeat("x", maxTotalBytes)}}), "TotalSizeLimitExceededException: "},
		{"PutInventory", map[string]any{"InstanceId": id(0), "Items": crowd}, "CustomSchemaCountLimitExceededException: "},
		{"DescribeInstancePatchStates", nil, "ValidationException: parameter InstanceIds"},
	} {
		if got := refusal(t, s, c.operation, c.params); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s %.120s: refusal is %q, want %q", c.operation, fmt.Sprint(c.params), got, c.want)
		}
	}
}

func TestLoadRefusesTheBadLineAndKeepsTheGoodOnes(t *testing.T) {
	t.Parallel()
	for want, bad := range map[string]string{
		`instanceId "x" is not`:       `{"instanceId":"x"}`,
		"unknown field":               `{"instance":"i-12345678"}`,
		`platformType "BeOS" is not`:  `{"instanceId":"i-12345678","platformType":"BeOS"}`,
		`type "Foo" must start`:       `{"instanceId":"i-12345678","inventory":{"Foo":[]}}`,
		`"AWS:Foo" is not one`:        `{"instanceId":"i-12345678","inventory":{"AWS:Foo":[]}}`,
		"patch needs the text":        `{"instanceId":"i-12345678","patch":{}}`,
		"patch OperationEndTime":      `{"instanceId":"i-12345678","patch":{"PatchGroup":"g","BaselineId":"b","Operation":"Scan","OperationStartTime":"2026-03-09T00:00:00Z","OperationEndTime":"soon"}}`,
		"patch MissingCount must not": `{"instanceId":"i-12345678","patch":{"PatchGroup":"g","BaselineId":"b","Operation":"Scan","OperationStartTime":"2026-03-09T00:00:00Z","OperationEndTime":"2026-03-09T00:00:00Z","MissingCount":1.5}}`,
	} {
		loaded, err := New(Options{Now: noon}).Load(strings.NewReader(`{"instanceId":"i-00000001"}` + "\n" + bad))
		if err == nil || loaded != 1 || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), want) {
			t.Errorf("loaded %d, error is %v, want %q in line 2", loaded, err, want)
		}
	}
}

func TestVersionsAreComparedPartByPart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		low, high string
	}{{"1.9.0", "1.10.0"}, {"1.1", "1.1.1"}, {"2", "10"}, {"1.0-1", "1.0-2"}, {"1.0a", "1.0b"}} {
		if compare(c.low, c.high) >= 0 || compare(c.high, c.low) <= 0 || compare(c.low, c.low) != 0 {
			t.Errorf("%s and %s are not in order", c.low, c.high)
		}
	}
}
