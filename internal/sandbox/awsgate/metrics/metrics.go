package metrics

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// defaultSamples bounds the store: at 16 to 60 bytes each, below a gigabyte.
const defaultSamples = 20_000_000

// Options configure the service; the zero value is usable.
type Options struct {
	// Account and Region are those of the sandbox; labels can show them.
	Account, Region string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// MaxSamples bounds how many samples and distribution values are kept; 0
	// means 20 million.
	MaxSamples int
	Log        *slog.Logger
}

// Service answers the metric operations of CloudWatch.
type Service struct {
	opt   Options
	store *store
}

var _ awsapi.Service = (*Service)(nil)

// New returns an empty service.
func New(opt Options) *Service {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.MaxSamples <= 0 {
		opt.MaxSamples = defaultSamples
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{opt: opt, store: newStore(opt.MaxSamples)}
}

// Answers reports whether the operation is one about metrics.
func (s *Service) Answers(service, operation string) bool {
	if service != "monitoring" {
		return false
	}
	switch operation {
	case "PutMetricData", "ListMetrics", "GetMetricStatistics", "GetMetricData", "GetMetricWidgetImage":
		return true
	}
	return false
}

// Answer does one operation.
func (s *Service) Answer(ctx context.Context, call *awsapi.Call) (map[string]any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch call.Operation {
	case "PutMetricData":
		return s.put(call.Params)
	case "ListMetrics":
		return s.list(call.Params)
	case "GetMetricStatistics":
		return s.statistics(call.Params)
	case "GetMetricData":
		return s.data(ctx, call.Params)
	case "GetMetricWidgetImage":
		return nil, refuse(codeInvalidValue, "GetMetricWidgetImage is not supported by the sandbox: use GetMetricData")
	}
	return nil, refuse("InvalidAction", "operation %s is not one of CloudWatch metrics", call.Operation)
}

// The error codes of CloudWatch's query protocol (its service model).
const (
	codeInvalidValue = "InvalidParameterValue"
	codeCombination  = "InvalidParameterCombination"
	codeMissing      = "MissingParameter"
	codeValidation   = "ValidationError"
	codeToken        = "InvalidNextToken"
	codeLimit        = "LimitExceeded"
)

func refuse(code, format string, args ...any) error {
	return awsapi.Refuse(code, fmt.Sprintf(format, args...))
}
