package nodes

import (
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// filter is an InventoryFilter: an attribute of a type against values.
type filter struct {
	typeName, attribute string
	operator            string
	values              []string
}

// readFilters reads InventoryFilter elements. Keys are "AWS:Application.Name";
// within ListInventoryEntries the attribute alone will do (fallback).
func readFilters(params map[string]any, fallback string) ([]filter, error) {
	sent := awsapi.Maps(params, "Filters")
	if len(sent) > 5 {
		return nil, refuse("InvalidFilter", "parameter Filters has %d members, the limit is 5", len(sent))
	}
	var out []filter
	for _, one := range sent {
		f := filter{operator: awsapi.String(one, "Type"), values: awsapi.Strings(one, "Values")}
		key := awsapi.String(one, "Key")
		// Custom type names may hold dots, attributes do not.
		if dot := strings.LastIndexByte(key, '.'); dot > 0 {
			f.typeName, f.attribute = key[:dot], key[dot+1:]
		} else if fallback != "" && !strings.Contains(key, ":") {
			f.typeName, f.attribute = fallback, key
		} else {
			f.typeName = key
		}
		if f.operator == "" {
			f.operator = "Equal"
		}
		if err := f.check(key); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func (f filter) check(key string) error {
	if !typeForm.MatchString(f.typeName) {
		return refuse("InvalidFilter", "filter key %q must be an inventory type and an attribute, such as AWS:Application.Name", key)
	}
	switch f.operator {
	case "Exists":
		return nil
	case "Equal", "NotEqual", "BeginWith", "LessThan", "GreaterThan":
	default:
		return refuse("InvalidFilter", "filter type %q is not one of Equal, NotEqual, BeginWith, LessThan, GreaterThan, Exists", f.operator)
	}
	if f.attribute == "" {
		return refuse("InvalidFilter", "filter key %q names no attribute", key)
	}
	if len(f.values) == 0 || len(f.values) > 40 {
		return refuse("InvalidFilter", "filter %q must have 1 to 40 values", key)
	}
	return nil
}

// fits reports whether one entry passes the filter.
func (f filter) fits(entry map[string]string) bool {
	value, ok := entry[f.attribute]
	if f.operator == "Exists" {
		return ok || f.attribute == ""
	}
	if f.operator == "NotEqual" {
		return !slices.Contains(f.values, value)
	}
	return ok && slices.ContainsFunc(f.values, func(wanted string) bool {
		switch f.operator {
		case "BeginWith":
			return strings.HasPrefix(value, wanted)
		case "LessThan":
			return compare(value, wanted) < 0
		case "GreaterThan":
			return compare(value, wanted) > 0
		}
		return value == wanted
	})
}

// compare compares versions and numbers part by part, other texts as texts.
func compare(a, b string) int {
	as, bs := strings.FieldsFunc(a, isSeparator), strings.FieldsFunc(b, isSeparator)
	for i := range min(len(as), len(bs)) {
		x, errX := strconv.ParseUint(as[i], 10, 64)
		y, errY := strconv.ParseUint(bs[i], 10, 64)
		switch {
		case errX == nil && errY == nil && x < y:
			return -1
		case errX == nil && errY == nil && x > y:
			return 1
		case errX == nil && errY == nil:
			continue
		}
		if c := strings.Compare(as[i], bs[i]); c != 0 {
			return c
		}
	}
	return len(as) - len(bs)
}

func isSeparator(r rune) bool { return strings.ContainsRune(".-_+~:", r) }

// matches reports whether the node has, for each filter, an entry that passes.
// NotEqual holds for a node none of whose entries has the value.
func (n *node) matches(filters []filter) bool {
	for _, f := range filters {
		it := n.items[f.typeName]
		if f.operator == "NotEqual" {
			if it != nil && slices.ContainsFunc(it.content, func(e map[string]string) bool { return !f.fits(e) }) {
				return false
			}
			continue
		}
		if it == nil || !slices.ContainsFunc(it.content, f.fits) {
			return false
		}
	}
	return true
}

// inventory is GetInventory. Without ResultAttributes it gives
// AWS:InstanceInformation.
func (s *Service) inventory(params map[string]any) (map[string]any, error) {
	filters, err := readFilters(params, "")
	if err != nil {
		return nil, err
	}
	aggregators := awsapi.Maps(params, "Aggregators")
	for _, f := range filters {
		if f.operator == "Exists" && len(aggregators) == 0 {
			return nil, refuse("InvalidFilter", "filter type Exists needs Aggregators")
		}
	}
	if len(aggregators) > 0 {
		return s.aggregate(aggregators, filters)
	}
	wanted := informationOf
	if attributes := awsapi.Maps(params, "ResultAttributes"); len(attributes) > 0 {
		wanted = awsapi.String(attributes[0], "TypeName")
		if len(attributes) > 1 {
			return nil, refuse("InvalidResultAttributeException", "parameter ResultAttributes has %d members, the limit is 1", len(attributes))
		}
		if err := s.checkType(wanted); err != nil {
			return nil, err
		}
	}
	p, err := readPaging("GetInventory", params, limits{1, 50, 50})
	if err != nil {
		return nil, err
	}
	entities := []any{}
	out := map[string]any{}
	last := ""
	for _, n := range s.sorted() {
		if n.InstanceID <= p.after || !n.matches(filters) {
			continue
		}
		if len(entities) == p.most {
			p.next(out, last)
			break
		}
		data := awsapi.Entries{}
		if it := n.items[wanted]; it != nil {
			data[wanted] = it.out(wanted)
		}
		entities = append(entities, map[string]any{"Id": n.InstanceID, "Data": data})
		last = n.InstanceID
	}
	out["Entities"] = entities
	return out, nil
}

// checkType refuses what is no inventory type: custom types must exist.
func (s *Service) checkType(name string) error {
	for _, sc := range s.allSchemas() {
		if sc.name == name {
			return nil
		}
	}
	return refuse("InvalidTypeNameException", "inventory type %q does not exist", name)
}

func (it *item) out(name string) map[string]any {
	out := map[string]any{
		"TypeName": name, "SchemaVersion": it.version, "CaptureTime": it.capture, "Content": entriesOut(it.content),
	}
	if it.hash != "" {
		out["ContentHash"] = it.hash
	}
	return out
}

func entriesOut(content []map[string]string) []any {
	out := make([]any, len(content))
	for i, entry := range content {
		one := awsapi.Entries{}
		for name, value := range entry {
			one[name] = value
		}
		out[i] = one
	}
	return out
}

// aggregate counts the nodes by the values of one attribute. The real service
// gives the values in lower case.
func (s *Service) aggregate(aggregators []map[string]any, filters []filter) (map[string]any, error) {
	if len(aggregators) > 1 {
		return nil, refuse("InvalidAggregatorException", "more than one aggregator is not supported by the sandbox")
	}
	if len(awsapi.List(aggregators[0], "Aggregators")) > 0 {
		return nil, refuse("InvalidAggregatorException", "nested aggregators are not supported by the sandbox")
	}
	if len(awsapi.List(aggregators[0], "Groups")) > 0 {
		return nil, refuse("InvalidInventoryGroupException", "aggregation groups are not supported by the sandbox")
	}
	expression := awsapi.String(aggregators[0], "Expression")
	typeName, attribute := expression, ""
	if dot := strings.LastIndexByte(expression, '.'); dot > 0 {
		typeName, attribute = expression[:dot], expression[dot+1:]
	}
	if sc, ok := schemaOf(typeName); !ok || attribute == "" || !slices.Contains(strings.Fields(sc.aggregates), attribute) {
		return nil, refuse("InvalidAggregatorException", "expression %q cannot be aggregated by", expression)
	}
	counts := map[string]int{}
	for _, n := range s.sorted() {
		if n.items[typeName] == nil || !n.matches(filters) {
			continue
		}
		seen := map[string]bool{}
		for _, entry := range n.items[typeName].content {
			if value, ok := entry[attribute]; ok {
				seen[strings.ToLower(value)] = true
			}
		}
		for value := range seen {
			counts[value]++
		}
	}
	content := []any{}
	values := make([]string, 0, len(counts))
	for value := range counts {
		values = append(values, value)
	}
	slices.Sort(values)
	for _, value := range values {
		content = append(content, awsapi.Entries{attribute: value, "Count": strconv.Itoa(counts[value])})
	}
	sc, _ := schemaOf(typeName)
	return map[string]any{"Entities": []any{map[string]any{"Data": awsapi.Entries{
		typeName: map[string]any{"TypeName": typeName, "SchemaVersion": sc.version, "Content": content},
	}}}}, nil
}

// entries is ListInventoryEntries.
func (s *Service) entries(params map[string]any) (map[string]any, error) {
	id, typeName := awsapi.String(params, "InstanceId"), awsapi.String(params, "TypeName")
	n := s.nodes[id]
	if n == nil {
		return nil, refuse("InvalidInstanceId", "instance %q is no managed node", id)
	}
	if err := s.checkType(typeName); err != nil {
		return nil, err
	}
	filters, err := readFilters(params, typeName)
	if err != nil {
		return nil, err
	}
	p, err := readPaging("ListInventoryEntries", params, limits{1, 50, 50})
	if err != nil {
		return nil, err
	}
	out := map[string]any{"TypeName": typeName, "InstanceId": id, "Entries": []any{}}
	it := n.items[typeName]
	if it == nil {
		return out, nil
	}
	out["SchemaVersion"], out["CaptureTime"] = it.version, it.capture
	from := 0
	if p.after != "" {
		if from, err = strconv.Atoi(p.after); err != nil || from < 0 || from > len(it.content) {
			return nil, refuse("InvalidNextToken", "parameter NextToken is not one that ListInventoryEntries returned")
		}
	}
	var page []map[string]string
	for i := from; i < len(it.content); i++ {
		if slices.ContainsFunc(filters, func(f filter) bool { return f.typeName == typeName && !f.fits(it.content[i]) }) {
			continue
		}
		if len(page) == p.most {
			p.next(out, strconv.Itoa(i))
			break
		}
		page = append(page, it.content[i])
	}
	out["Entries"] = entriesOut(page)
	return out, nil
}
