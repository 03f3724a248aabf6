package recorder

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
	"example.com/landfall/internal/sandbox/awsgate/recorder/query"
)

// list is ListDiscoveredResources.
func (r *Recorder) list(params map[string]any) (map[string]any, error) {
	kind := awsapi.String(params, "resourceType")
	if err := checkType(kind); err != nil {
		return nil, err
	}
	ids, name := awsapi.Strings(params, "resourceIds"), awsapi.String(params, "resourceName")
	switch {
	case len(ids) > 0 && name != "":
		return nil, refuse("ValidationException", "parameters resourceIds and resourceName exclude each other")
	case len(ids) > 20:
		return nil, refuse("ValidationException", "parameter resourceIds has %d members, the limit is 20", len(ids))
	}
	p, err := readPage(params, "limit", "nextToken", mostPerPage)
	if err != nil {
		return nil, err
	}
	deleted, _ := awsapi.Bool(params, "includeDeletedResources")
	list := []any{}
	out := map[string]any{}
	last := ""
	for _, key := range slices.Sorted(maps.Keys(r.history.records)) {
		c := r.history.records[key].latest()
		if c.kind != kind || c.id <= p.after || c.status == statusDeleted && !deleted ||
			len(ids) > 0 && !slices.Contains(ids, c.id) || name != "" && c.name != name {
			continue
		}
		if len(list) == p.most {
			p.next(out, last)
			break
		}
		list = append(list, c.identifier())
		last = c.id
	}
	out["resourceIdentifiers"] = list
	return out, nil
}

func (c *captured) identifier() map[string]any {
	one := map[string]any{"resourceType": c.kind, "resourceId": c.id}
	if c.name != "" {
		one["resourceName"] = c.name
	}
	if c.status == statusDeleted {
		one["resourceDeletionTime"] = c.at
	}
	return one
}

// checkType refuses what is no type of AWS Config. Types the recorder does not
// read are known to AWS Config and simply have no resources.
func checkType(kind string) error {
	if kind == "" {
		return refuse("ValidationException", "parameter resourceType is required")
	}
	if !slices.Contains(types.ResourceType("").Values(), types.ResourceType(kind)) {
		return refuse("ValidationException", "resource type %q is not one that AWS Config knows", kind)
	}
	return nil
}

// counts is GetDiscoveredResourceCounts: the most frequent type first.
func (r *Recorder) counts(params map[string]any) (map[string]any, error) {
	wanted := awsapi.Strings(params, "resourceTypes")
	if len(wanted) > 20 {
		return nil, refuse("ValidationException", "parameter resourceTypes has %d members, the limit is 20", len(wanted))
	}
	p, err := readPage(params, "limit", "nextToken", mostPerPage)
	if err != nil {
		return nil, err
	}
	type counted struct {
		kind  string
		count int64
	}
	byType := map[string]int64{}
	total := int64(0)
	for _, c := range r.history.current() {
		if len(wanted) == 0 || slices.Contains(wanted, c.kind) {
			byType[c.kind]++
			total++
		}
	}
	var all []counted
	for kind, count := range byType {
		all = append(all, counted{kind, count})
	}
	slices.SortFunc(all, func(a, b counted) int {
		return cmp.Or(cmp.Compare(b.count, a.count), strings.Compare(a.kind, b.kind))
	})
	// The token is the type at which the page before ended.
	from := 0
	if p.after != "" {
		from = slices.IndexFunc(all, func(c counted) bool { return c.kind == p.after }) + 1
	}
	list := []any{}
	out := map[string]any{"totalDiscoveredResources": total}
	for i := from; i < len(all); i++ {
		if len(list) == p.most {
			p.next(out, all[i-1].kind)
			break
		}
		list = append(list, map[string]any{"resourceType": all[i].kind, "count": all[i].count})
	}
	out["resourceCounts"] = list
	return out, nil
}

// configHistory is GetResourceConfigHistory.
func (r *Recorder) configHistory(params map[string]any) (map[string]any, error) {
	kind, id := awsapi.String(params, "resourceType"), awsapi.String(params, "resourceId")
	if err := checkType(kind); err != nil {
		return nil, err
	}
	if id == "" {
		return nil, refuse("ValidationException", "parameter resourceId is required")
	}
	p, err := readPage(params, "limit", "nextToken", 10)
	if err != nil {
		return nil, err
	}
	later, earlier := r.opt.Now().Add(time.Second), time.Time{}
	if t, ok := awsapi.Time(params, "laterTime"); ok {
		later = t
	}
	if t, ok := awsapi.Time(params, "earlierTime"); ok {
		earlier = t
	}
	if !earlier.Before(later) {
		return nil, refuse("InvalidTimeRangeException", "parameter earlierTime must be before laterTime")
	}
	forward := false
	switch order := awsapi.String(params, "chronologicalOrder"); order {
	case "", "Reverse":
	case "Forward":
		forward = true
	default:
		return nil, refuse("ValidationException", "parameter chronologicalOrder %q must be Reverse or Forward", order)
	}
	rec := r.history.records[kind+"\x00"+id]
	if rec == nil {
		return nil, refuse("ResourceNotDiscoveredException", "resource %q of type %s has not been discovered", id, kind)
	}
	versions := slices.DeleteFunc(slices.Clone(rec.versions), func(c *captured) bool { return c.at.Before(earlier) || c.at.After(later) })
	if !forward {
		slices.Reverse(versions)
	}
	return p.versions(versions, forward)
}

// versions cuts the page out of the items of one resource. State ids order
// them, so the token is a state id.
func (p page) versions(versions []*captured, forward bool) (map[string]any, error) {
	after := int64(0)
	if p.after != "" {
		n, err := strconv.ParseInt(p.after, 10, 64)
		if err != nil {
			return nil, refuse("InvalidNextTokenException", "parameter nextToken is not one that this request returned")
		}
		after = n
	}
	list := []any{}
	out := map[string]any{}
	last := int64(0)
	for _, c := range versions {
		if after != 0 && (forward && c.state <= after || !forward && c.state >= after) {
			continue
		}
		if len(list) == p.most {
			p.next(out, strconv.FormatInt(last, 10))
			break
		}
		list = append(list, c.full())
		last = c.state
	}
	out["configurationItems"] = list
	return out, nil
}

// batch is BatchGetResourceConfig. Resources that are deleted or unknown have
// no answer; they are not "unprocessed", which means try again.
func (r *Recorder) batch(params map[string]any) (map[string]any, error) {
	keys := awsapi.Maps(params, "resourceKeys")
	if len(keys) == 0 || len(keys) > mostPerPage {
		return nil, refuse("ValidationException", "parameter resourceKeys must have 1 to %d members", mostPerPage)
	}
	list := []any{}
	for _, key := range keys {
		kind, id := awsapi.String(key, "resourceType"), awsapi.String(key, "resourceId")
		if err := checkType(kind); err != nil {
			return nil, err
		}
		rec := r.history.records[kind+"\x00"+id]
		if rec != nil && rec.latest().status != statusDeleted {
			list = append(list, rec.latest().base())
		}
	}
	return map[string]any{"baseConfigurationItems": list, "unprocessedResourceKeys": []any{}}, nil
}

// selected is SelectResourceConfig, over the resources that exist.
func (r *Recorder) selected(params map[string]any) (map[string]any, error) {
	expression := awsapi.String(params, "Expression")
	if expression == "" {
		return nil, refuse("ValidationException", "parameter Expression is required")
	}
	q, err := query.Parse(expression)
	if bad, ok := errors.AsType[*query.Error](err); ok {
		return nil, refuse("InvalidExpressionException", "%s", bad.Error())
	}
	if err != nil {
		return nil, err
	}
	p, err := readPage(params, "Limit", "NextToken", mostPerPage)
	if err != nil {
		return nil, err
	}
	rows, next, err := r.rows(q, p)
	if err != nil {
		return nil, err
	}
	results := []any{}
	for _, row := range rows {
		raw, err := json.Marshal(row)
		if err != nil {
			return nil, err
		}
		results = append(results, string(raw))
	}
	out := map[string]any{"Results": results}
	if next != "" {
		p.next(out, next)
	}
	fields := []any{}
	for _, name := range q.Fields() {
		fields = append(fields, map[string]any{"Name": name})
	}
	out["QueryInfo"] = map[string]any{"SelectFields": fields}
	return out, nil
}

// rows returns the rows of one page and the key of the next, "" behind the
// last. A query whose rows follow the items is cut by item, so that its pages
// stay right while items come and go; a sorted or folded one is cut by number.
func (r *Recorder) rows(q *query.Query, p page) (rows []map[string]any, next string, err error) {
	var documents []map[string]any
	last := ""
	for _, c := range r.history.current() {
		if !q.Passes(c.document) || q.Follows() && c.key() <= p.after {
			continue
		}
		if q.Follows() && len(documents) == p.most {
			return q.Run(documents), last, nil
		}
		documents = append(documents, c.document)
		last = c.key()
	}
	rows = q.Run(documents)
	if q.Follows() {
		return rows, "", nil
	}
	from := 0
	if p.after != "" {
		if from, err = strconv.Atoi(p.after); err != nil || from < 0 {
			return nil, "", refuse("InvalidNextTokenException", "parameter NextToken is not one that this request returned")
		}
	}
	rows = rows[min(from, len(rows)):]
	if len(rows) > p.most {
		return rows[:p.most], strconv.Itoa(from + p.most), nil
	}
	return rows, "", nil
}
