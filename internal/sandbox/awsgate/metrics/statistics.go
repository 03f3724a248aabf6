package metrics

import (
	"time"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

const (
	maxDatapoints = 1440
	maxExtended   = 10
)

// statistics is GetMetricStatistics.
func (s *Service) statistics(params map[string]any) (map[string]any, error) {
	namespace, err := readNamespace(params, "")
	if err != nil {
		return nil, err
	}
	id, err := readIdentity(namespace, params, "")
	if err != nil {
		return nil, err
	}
	unit, err := readUnit(params, "")
	if err != nil {
		return nil, err
	}
	sp, err := s.readSpan(params)
	if err != nil {
		return nil, err
	}
	wanted, err := readStatistics(params)
	if err != nil {
		return nil, err
	}
	units := []string{unit}
	if unit == "" {
		units = s.store.unitsOf(id)
	}
	points := []any{}
	for _, u := range units {
		for _, a := range s.store.read(id, u, sp, wanted.extended()) {
			if point := wanted.point(&a, u); point != nil {
				points = append(points, point)
			}
		}
	}
	if len(points) > maxDatapoints {
		return nil, refuse(codeCombination, "%d data points in several units, the limit is %d: name a Unit", len(points), maxDatapoints)
	}
	return map[string]any{"Label": id.name, "Datapoints": points}, nil
}

func (s *Service) readSpan(params map[string]any) (span, error) {
	start, end, err := readRange(params)
	if err != nil {
		return span{}, err
	}
	period, ok := awsapi.Int(params, "Period")
	if !ok {
		return span{}, refuse(codeMissing, "parameter Period is required")
	}
	if !isPeriod(period) {
		return span{}, refuse(codeInvalidValue, "parameter Period %d must be 1, 5, 10, 20, 30 or a multiple of 60", period)
	}
	sp := spanOf(start, end, s.opt.Now(), period)
	// The limit is on what is asked for, not on what is there.
	if asked := (sp.end - sp.start + period - 1) / period; asked > maxDatapoints {
		return span{}, refuse(codeCombination, "%d data points asked for, the limit is %d: lengthen Period or shorten the range", asked, maxDatapoints)
	}
	return sp, nil
}

// named is a statistic and the text it was asked by.
type named struct {
	text string
	statistic
}

// wanted are the statistics of one request: plain or extended ones, not both.
type wanted struct{ plain, special []named }

func (w wanted) extended() bool { return len(w.special) > 0 }

func readStatistics(params map[string]any) (wanted, error) {
	var w wanted
	plain, special := awsapi.Strings(params, "Statistics"), awsapi.Strings(params, "ExtendedStatistics")
	switch {
	case len(plain) == 0 && len(special) == 0:
		return w, refuse(codeMissing, "parameter Statistics or ExtendedStatistics is required")
	case len(plain) > 0 && len(special) > 0:
		return w, refuse(codeCombination, "parameters Statistics and ExtendedStatistics exclude each other")
	case len(special) > maxExtended:
		return w, refuse(codeInvalidValue, "parameter ExtendedStatistics has %d members, the limit is %d", len(special), maxExtended)
	}
	for _, text := range plain {
		one, ok := basic(text)
		if !ok {
			return w, refuse(codeInvalidValue, "parameter Statistics holds %q, which is not one of SampleCount, Average, Sum, Minimum, Maximum", text)
		}
		w.plain = append(w.plain, named{text, one})
	}
	for _, text := range special {
		one, ok := parseStatistic(text)
		if !ok || !one.distribution() {
			return w, refuse(codeInvalidValue, "parameter ExtendedStatistics holds %q, which is no extended statistic", text)
		}
		w.special = append(w.special, named{text, one})
	}
	return w, nil
}

// point returns the data point of one period; nil when it has nothing to say.
func (w wanted) point(a *aggregate, unit string) map[string]any {
	point := map[string]any{}
	for _, one := range w.plain {
		if v, ok := one.of(a); ok {
			point[one.text] = v
		}
	}
	special := awsapi.Entries{}
	for _, one := range w.special {
		if v, ok := one.of(a); ok {
			special[one.text] = v
		}
	}
	if len(special) > 0 {
		point["ExtendedStatistics"] = special
	}
	if len(point) == 0 {
		return nil
	}
	point["Timestamp"] = time.Unix(a.at, 0).UTC()
	point["Unit"] = unit
	return point
}
