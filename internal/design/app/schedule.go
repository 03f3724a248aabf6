package app

import (
	"strconv"
	"strings"
)

// cron writes a schedule of EventBridge ("cron(15 2 * * ? *)", "rate(5
// minutes)") in the five fields that Kubernetes and Container Apps jobs know:
// minute, hour, day of month, month, day of week. ok is false for what they
// cannot say: a year, the last day, the nearest weekday, the third Monday, or
// one time only.
func cron(expression string) (fields string, ok bool) {
	kind, inner, found := strings.Cut(strings.TrimSuffix(strings.TrimSpace(expression), ")"), "(")
	if !found {
		return "", false
	}
	switch kind {
	case "rate":
		return rate(inner)
	case "cron":
		return crontab(strings.Fields(inner))
	}
	return "", false
}

func crontab(f []string) (string, bool) {
	if len(f) != 6 || (f[5] != "*" && f[5] != "?") || strings.ContainsAny(strings.Join(f[:3], ""), "LW#") || strings.ContainsAny(f[4], "#") || strings.HasSuffix(f[4], "L") {
		return "", false
	}
	f = append([]string{}, f[:5]...)
	for i := range f {
		f[i] = strings.ReplaceAll(f[i], "?", "*")
		if step, ok := strings.CutPrefix(f[i], "0/"); ok && i < 2 {
			f[i] = "*/" + step // the form that every reader of such fields takes
		}
	}
	day, ok := weekdays(f[4])
	if !ok {
		return "", false
	}
	f[4] = day
	return strings.Join(f, " "), true
}

// weekdays counts the days of the week from 0 for Sunday; EventBridge counts
// from 1 (EventBridge user guide, "Cron expressions").
func weekdays(field string) (string, bool) {
	if field == "*" {
		return field, true
	}
	values, step, stepped := strings.Cut(field, "/")
	var out []string
	for _, part := range strings.Split(values, ",") {
		var ends []string
		for _, end := range strings.Split(part, "-") {
			n, err := strconv.Atoi(end)
			switch {
			case end == "*":
				ends = append(ends, end)
			case err != nil && len(end) == 3:
				ends = append(ends, strings.ToUpper(end))
			case err != nil || n < 1 || n > 7:
				return "", false
			default:
				ends = append(ends, strconv.Itoa(n-1))
			}
		}
		out = append(out, strings.Join(ends, "-"))
	}
	if stepped {
		return strings.Join(out, ",") + "/" + step, true
	}
	return strings.Join(out, ","), true
}

// rate writes "5 minutes". A rate that does not divide the hour or the day
// would drift.
func rate(inner string) (string, bool) {
	count, unit, found := strings.Cut(strings.TrimSpace(inner), " ")
	n, err := strconv.Atoi(count)
	if !found || err != nil || n < 1 {
		return "", false
	}
	switch strings.TrimSuffix(unit, "s") {
	case "minute":
		switch {
		case n == 1:
			return "* * * * *", true
		case n < 60 && 60%n == 0:
			return "*/" + count + " * * * *", true
		case n%60 == 0:
			return rate(strconv.Itoa(n/60) + " hours")
		}
	case "hour":
		switch {
		case n == 1:
			return "0 * * * *", true
		case n < 24 && 24%n == 0:
			return "0 */" + count + " * * *", true
		case n%24 == 0:
			return rate(strconv.Itoa(n/24) + " days")
		}
	case "day":
		switch {
		case n == 1:
			return "0 0 * * *", true
		case n == 7:
			return "0 0 * * 0", true
		}
	}
	return "", false
}

// timer is the form with seconds that the timer trigger of Functions reads.
func timer(expression string) (string, bool) {
	fields, ok := cron(expression)
	return "0 " + fields, ok
}
