package metrics

import (
	"strings"
	"time"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

const (
	maxName           = 255  // Namespace, MetricName, DimensionName
	maxDimensionValue = 1024 // DimensionValue
	maxDimensions     = 30
)

// isUnit reports whether the text is of the StandardUnit enumeration.
func isUnit(unit string) bool {
	switch unit {
	case "Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes",
		"Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count", "None",
		"Bytes/Second", "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second",
		"Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second", "Terabits/Second", "Count/Second":
		return true
	}
	return false
}

// readIdentity reads Namespace, MetricName and Dimensions of a structure. where
// names the structure in errors ("MetricData.member.3.").
func readIdentity(namespace string, params map[string]any, where string) (identity, error) {
	id := identity{namespace: namespace, name: awsapi.String(params, "MetricName")}
	if id.name == "" {
		return id, refuse(codeMissing, "parameter %sMetricName is required", where)
	}
	if len(id.name) > maxName || !plain(id.name) {
		return id, refuse(codeInvalidValue, "parameter %sMetricName is not valid: 1 to %d ASCII characters", where, maxName)
	}
	sent := awsapi.Maps(params, "Dimensions")
	if len(sent) > maxDimensions {
		return id, refuse(codeInvalidValue, "parameter %sDimensions has %d members, the limit is %d", where, len(sent), maxDimensions)
	}
	for i, d := range sent {
		name, value := awsapi.String(d, "Name"), awsapi.String(d, "Value")
		switch {
		case strings.TrimSpace(name) == "" || len(name) > maxName || name[0] == ':' || !plain(name):
			return id, refuse(codeInvalidValue, "parameter %sDimensions.member.%d.Name is not valid", where, i+1)
		case strings.TrimSpace(value) == "" || len(value) > maxDimensionValue || !plain(value):
			return id, refuse(codeInvalidValue, "parameter %sDimensions.member.%d.Value is not valid", where, i+1)
		}
		if _, again := id.value(name); again {
			return id, refuse(codeInvalidValue, "parameter %sDimensions names %q twice", where, name)
		}
		id.dims = append(id.dims, dimension{name, value})
	}
	sortDimensions(id.dims)
	return id, nil
}

// readNamespace reads the required Namespace.
func readNamespace(params map[string]any, where string) (string, error) {
	namespace := awsapi.String(params, "Namespace")
	if namespace == "" {
		return "", refuse(codeMissing, "parameter %sNamespace is required", where)
	}
	if len(namespace) > maxName || namespace[0] == ':' || !plain(namespace) {
		return "", refuse(codeInvalidValue, "parameter %sNamespace is not valid: 1 to %d ASCII characters, no colon first", where, maxName)
	}
	return namespace, nil
}

// plain reports whether the text is ASCII without control characters, which
// names and values of CloudWatch must be.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// readUnit reads the optional Unit; "" when absent.
func readUnit(params map[string]any, where string) (string, error) {
	unit := awsapi.String(params, "Unit")
	if unit != "" && !isUnit(unit) {
		return "", refuse(codeInvalidValue, "parameter %sUnit %q is not a standard unit", where, unit)
	}
	return unit, nil
}

// readRange reads StartTime and EndTime.
func readRange(params map[string]any) (start, end time.Time, err error) {
	for _, one := range []struct {
		name string
		to   *time.Time
	}{{"StartTime", &start}, {"EndTime", &end}} {
		t, ok := awsapi.Time(params, one.name)
		if !ok {
			if awsapi.Has(params, one.name) {
				return start, end, refuse(codeInvalidValue, "parameter %s is no time", one.name)
			}
			return start, end, refuse(codeMissing, "parameter %s is required", one.name)
		}
		*one.to = t
	}
	if !start.Before(end) {
		return start, end, refuse(codeInvalidValue, "parameter StartTime must be before EndTime")
	}
	return start, end, nil
}

// isPeriod reports whether CloudWatch takes the period.
func isPeriod(seconds int64) bool {
	switch seconds {
	case 1, 5, 10, 20, 30:
		return true
	}
	return seconds > 0 && seconds%60 == 0
}

// The retention tiers of CloudWatch (GetMetricStatistics documentation).
const (
	keptSubMinute  = 3 * time.Hour
	keptMinute     = 15 * 24 * time.Hour
	keptFiveMinute = 63 * 24 * time.Hour
	keptHour       = 455 * 24 * time.Hour
)

// spanOf rounds the start as CloudWatch does and finds from when on data of
// the period is still there.
func spanOf(start, end, now time.Time, period int64) span {
	step := time.Hour
	switch age := now.Sub(start); {
	case period < 60:
		step = time.Duration(period) * time.Second
	case age < keptMinute:
		step = time.Minute
	case age < keptFiveMinute:
		step = 5 * time.Minute
	}
	kept := keptHour
	switch {
	case period < 60:
		kept = keptSubMinute
	case period%3600 == 0:
	case period%300 == 0:
		kept = keptFiveMinute
	default:
		kept = keptMinute
	}
	return span{
		// Truncate counts from year 1, whose first hour is a whole hour of the
		// Unix clock as well.
		start:  start.Truncate(step).Unix(),
		end:    ceilSeconds(end),
		period: period,
		// The start of a tier is rounded too, so that the minute it cuts through
		// is either there or not.
		visible: now.Add(-kept).Truncate(time.Minute).Unix(),
	}
}

// ceilSeconds: EndTime is exclusive, so a fraction of a second still includes
// the whole second before it.
func ceilSeconds(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

func dimensionsOut(dims []dimension) []any {
	out := make([]any, len(dims))
	for i, d := range dims {
		out[i] = map[string]any{"Name": d.name, "Value": d.value}
	}
	return out
}
