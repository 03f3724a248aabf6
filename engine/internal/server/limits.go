package server

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/server/common/dynamicconfig"

	"example.com/landfall/internal/fault"
)

// Limits are settings of the server that tests make smaller than they are, to
// meet in seconds what would take weeks. Their names are the server's own.
type Limits map[dynamicconfig.Key]any

// longPoll is how long the server holds a question for the end of a run. A
// wake-up can get lost, and then the question is answered only at the end of
// this time, which by default is 20 s.
const longPoll = 2 * time.Second

// taskRetry is the longest wait before a task that failed is tried again; by
// default it grows to 10 minutes. A task fails as long as no worker can carry a
// run on, and the run is to go on when one can (server v1.32.1,
// WorkflowTaskRetryMaxInterval).
const taskRetry = 20 * time.Second

// parser reads the value of one limit.
type parser func(string) (any, error)

func whole(text string) (any, error) {
	n, err := strconv.Atoi(text)
	if err == nil && n < 1 {
		err = strconv.ErrRange
	}
	return n, err
}

func duration(text string) (any, error) {
	d, err := time.ParseDuration(text)
	if err == nil && d <= 0 {
		err = strconv.ErrRange
	}
	return d, err
}

// known are the limits that can be set.
func known() map[dynamicconfig.Key]parser {
	return map[dynamicconfig.Key]parser{
		dynamicconfig.HistoryCountSuggestContinueAsNew.Key():    whole,
		dynamicconfig.HistoryCountLimitWarn.Key():               whole,
		dynamicconfig.HistoryCountLimitError.Key():              whole,
		dynamicconfig.HistorySizeSuggestContinueAsNew.Key():     whole,
		dynamicconfig.HistorySizeLimitWarn.Key():                whole,
		dynamicconfig.HistorySizeLimitError.Key():               whole,
		dynamicconfig.BlobSizeLimitWarn.Key():                   whole,
		dynamicconfig.BlobSizeLimitError.Key():                  whole,
		dynamicconfig.NumPendingActivitiesLimitError.Key():      whole,
		dynamicconfig.NumPendingChildExecutionsLimitError.Key(): whole,
		dynamicconfig.NumPendingSignalsLimitError.Key():         whole,
		dynamicconfig.MaximumSignalsPerExecution.Key():          whole,
		dynamicconfig.WorkflowExecutionMaxInFlightUpdates.Key(): whole,
		dynamicconfig.WorkflowExecutionMaxTotalUpdates.Key():    whole,
		dynamicconfig.HistoryLongPollExpirationInterval.Key():   duration,
		dynamicconfig.MatchingLongPollExpirationInterval.Key():  duration,
	}
}

// LimitNames are the names that ParseLimits knows, sorted.
func LimitNames() []string {
	var names []string
	for key := range known() {
		names = append(names, key.String())
	}
	slices.Sort(names)
	return names
}

// ParseLimits reads settings of the form NAME=VALUE. Of two for the same name
// the last counts.
func ParseLimits(settings []string) (Limits, error) {
	limits := Limits{}
	for _, setting := range settings {
		name, value, ok := strings.Cut(setting, "=")
		if !ok {
			return nil, fault.Newf(fault.Usage, "--limit %q is not NAME=VALUE", setting)
		}
		key := dynamicconfig.MakeKey(name)
		parse, ok := known()[key]
		if !ok {
			return nil, fault.Newf(fault.Usage, "--limit %q: there is no such limit", name).
				Hintf("one of %s", strings.Join(LimitNames(), ", "))
		}
		parsed, err := parse(value)
		if err != nil {
			return nil, fault.Newf(fault.Usage, "--limit %s: %q is neither a whole number above 0 nor a duration such as 2s, as the limit wants", name, value)
		}
		limits[key] = parsed
	}
	return limits, nil
}

// settings are what this server does otherwise than by default.
func (l Limits) settings() dynamicconfig.StaticClient {
	all := dynamicconfig.StaticClient{
		dynamicconfig.HistoryLongPollExpirationInterval.Key(): longPoll,
		dynamicconfig.WorkflowTaskRetryMaxInterval.Key():      taskRetry,
		// It would ask a host on the internet.
		dynamicconfig.EnableServerVersionCheck.Key(): false,
	}
	maps.Copy(all, l)
	return all
}
