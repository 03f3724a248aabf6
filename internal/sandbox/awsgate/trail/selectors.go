package trail

import (
	"slices"
	"strings"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// destination is a trail that is logging: where its files go and what it wants.
type destination struct {
	arn         string
	bucket      string
	prefix      string
	region      string
	multiRegion bool
	global      bool
	selectors   []selector
}

// selector is one event selector, in the terms of the advanced ones: an event
// is wanted when every field matches.
type selector struct{ fields []fieldMatch }

// fieldMatch holds the operators of one field. An event matches when each
// operator that is given does: the positive ones with any of their values, the
// negative ones with none.
type fieldMatch struct {
	field                                 string
	equals, startsWith, endsWith          []string
	notEquals, notStartsWith, notEndsWith []string
}

// wants reports whether the trail logs the record. dataType is that of a data
// event.
func (d *destination) wants(r *Record, dataType string) bool {
	if !d.multiRegion && r.AWSRegion != d.region && !(d.global && isGlobal(r.EventSource)) {
		return false
	}
	if isGlobal(r.EventSource) && !d.global {
		return false
	}
	if r.EventCategory == "Data" && dataType == "" {
		return false
	}
	return slices.ContainsFunc(d.selectors, func(s selector) bool { return s.matches(r, dataType) })
}

func isGlobal(source string) bool {
	return in(source, "iam.amazonaws.com", "sts.amazonaws.com", "cloudfront.amazonaws.com", "route53.amazonaws.com")
}

func (s selector) matches(r *Record, dataType string) bool {
	for _, f := range s.fields {
		if !slices.ContainsFunc(fieldValues(f.field, r, dataType), f.matches) {
			return false
		}
	}
	return true
}

func fieldValues(field string, r *Record, dataType string) []string {
	switch field {
	case "eventCategory":
		return []string{r.EventCategory}
	case "readOnly":
		return []string{readOnlyText(r.ReadOnly)}
	case "eventName":
		return []string{r.EventName}
	case "eventSource":
		return []string{r.EventSource}
	case "userIdentity.arn":
		return []string{r.UserIdentity.ARN}
	case "resources.type":
		return []string{dataType}
	case "resources.ARN":
		var arns []string
		for _, res := range r.Resources {
			// Selectors compare with the object's ARN, and with a bucket's
			// where the call was on the bucket as a whole.
			if res.Type == dataType || len(r.Resources) == 1 {
				arns = append(arns, res.ARN)
			}
		}
		return arns
	}
	return nil
}

func (f fieldMatch) matches(value string) bool {
	for _, positive := range []struct {
		list []string
		test func(string, string) bool
	}{
		{f.equals, func(v, want string) bool { return v == want }},
		{f.startsWith, strings.HasPrefix},
		{f.endsWith, strings.HasSuffix},
	} {
		if len(positive.list) > 0 && !slices.ContainsFunc(positive.list, func(want string) bool { return positive.test(value, want) }) {
			return false
		}
	}
	return !slices.Contains(f.notEquals, value) &&
		!slices.ContainsFunc(f.notStartsWith, func(p string) bool { return strings.HasPrefix(value, p) }) &&
		!slices.ContainsFunc(f.notEndsWith, func(p string) bool { return strings.HasSuffix(value, p) })
}

// readSelectors reads GetEventSelectors' answer, of either kind. A trail without
// any logs all management events.
func readSelectors(answer map[string]any) []selector {
	var out []selector
	for _, a := range awsapi.Maps(answer, "AdvancedEventSelectors") {
		var s selector
		for _, f := range awsapi.Maps(a, "FieldSelectors") {
			s.fields = append(s.fields, fieldMatch{field: awsapi.String(f, "Field"),
				equals: awsapi.Strings(f, "Equals"), startsWith: awsapi.Strings(f, "StartsWith"), endsWith: awsapi.Strings(f, "EndsWith"),
				notEquals: awsapi.Strings(f, "NotEquals"), notStartsWith: awsapi.Strings(f, "NotStartsWith"), notEndsWith: awsapi.Strings(f, "NotEndsWith")})
		}
		out = append(out, s)
	}
	for _, b := range awsapi.Maps(answer, "EventSelectors") {
		out = append(out, basicSelector(b)...)
	}
	if len(out) == 0 {
		out = append(out, selector{fields: []fieldMatch{category("Management")}})
	}
	return out
}

func category(name string) fieldMatch {
	return fieldMatch{field: "eventCategory", equals: []string{name}}
}

// basicSelector turns an event selector into advanced ones.
func basicSelector(b map[string]any) []selector {
	var common []fieldMatch
	switch awsapi.String(b, "ReadWriteType") {
	case "ReadOnly":
		common = []fieldMatch{{field: "readOnly", equals: []string{"true"}}}
	case "WriteOnly":
		common = []fieldMatch{{field: "readOnly", equals: []string{"false"}}}
	}
	var out []selector
	if management, ok := awsapi.Bool(b, "IncludeManagementEvents"); management || !ok {
		s := selector{fields: append([]fieldMatch{category("Management")}, common...)}
		if excluded := awsapi.Strings(b, "ExcludeManagementEventSources"); len(excluded) > 0 {
			s.fields = append(s.fields, fieldMatch{field: "eventSource", notEquals: excluded})
		}
		out = append(out, s)
	}
	for _, d := range awsapi.Maps(b, "DataResources") {
		s := selector{fields: append([]fieldMatch{category("Data"),
			{field: "resources.type", equals: []string{awsapi.String(d, "Type")}}}, common...)}
		// "arn:aws:s3" and "arn:aws:lambda" stand for all; so does a prefix.
		s.fields = append(s.fields, fieldMatch{field: "resources.ARN", startsWith: awsapi.Strings(d, "Values")})
		out = append(out, s)
	}
	return out
}
