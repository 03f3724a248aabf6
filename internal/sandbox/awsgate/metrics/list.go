package metrics

import (
	"encoding/base64"
	"time"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

const (
	listPage = 500
	// listed is how long ListMetrics shows a metric after its last data point.
	listed = 14 * 24 * time.Hour
	// recent is what RecentlyActive=PT3H means.
	recent = 3 * time.Hour
)

// filter is what ListMetrics is asked for.
type filter struct {
	namespace, name string
	dims            []dimension // value "" means any
	since           int64
}

func (f filter) matches(m *metric) bool {
	if f.namespace != "" && f.namespace != m.namespace || f.name != "" && f.name != m.name || m.last < f.since {
		return false
	}
	for _, d := range f.dims {
		value, ok := m.value(d.name)
		if !ok || d.value != "" && d.value != value {
			return false
		}
	}
	return true
}

// list is ListMetrics. The token is the last metric of the page, so a page
// stays right while metrics are added.
func (s *Service) list(params map[string]any) (map[string]any, error) {
	f, err := s.readFilter(params)
	if err != nil {
		return nil, err
	}
	after := ""
	if token := awsapi.String(params, "NextToken"); token != "" {
		key, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || len(key) == 0 {
			return nil, refuse(codeInvalidValue, "parameter NextToken is not one that ListMetrics returned")
		}
		after = string(key)
	}
	found := []any{}
	lastKey, more := "", false
	s.store.walk(after, func(key string, m *metric) bool {
		if !f.matches(m) {
			return true
		}
		if len(found) == listPage {
			more = true
			return false
		}
		lastKey = key
		found = append(found, map[string]any{
			"Namespace": m.namespace, "MetricName": m.name, "Dimensions": dimensionsOut(m.dims),
		})
		return true
	})
	out := map[string]any{"Metrics": found}
	if more {
		out["NextToken"] = base64.RawURLEncoding.EncodeToString([]byte(lastKey))
	}
	return out, nil
}

func (s *Service) readFilter(params map[string]any) (filter, error) {
	now := s.opt.Now()
	f := filter{
		namespace: awsapi.String(params, "Namespace"),
		name:      awsapi.String(params, "MetricName"),
		since:     now.Add(-listed).Unix(),
	}
	switch active := awsapi.String(params, "RecentlyActive"); active {
	case "":
	case "PT3H":
		f.since = now.Add(-recent).Unix()
	default:
		return f, refuse(codeInvalidValue, "parameter RecentlyActive %q must be PT3H", active)
	}
	sent := awsapi.Maps(params, "Dimensions")
	if len(sent) > maxDimensions {
		return f, refuse(codeInvalidValue, "parameter Dimensions has %d members, the limit is %d", len(sent), maxDimensions)
	}
	for i, d := range sent {
		one := dimension{awsapi.String(d, "Name"), awsapi.String(d, "Value")}
		if one.name == "" {
			return f, refuse(codeMissing, "parameter Dimensions.member.%d.Name is required", i+1)
		}
		f.dims = append(f.dims, one)
	}
	if owner := awsapi.String(params, "OwningAccount"); owner != "" && owner != s.opt.Account {
		return f, refuse(codeInvalidValue, "parameter OwningAccount %q is no linked account of the sandbox", owner)
	}
	return f, nil
}
