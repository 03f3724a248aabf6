package nodes

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// Options configure the service; the zero value is usable.
type Options struct {
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Service answers the inventory operations of Systems Manager.
type Service struct {
	opt   Options
	mu    sync.Mutex
	nodes map[string]*node
}

var _ awsapi.Service = (*Service)(nil)

// New returns a service without nodes.
func New(opt Options) *Service {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{opt: opt, nodes: map[string]*node{}}
}

// Answers reports whether the operation is one about nodes.
func (s *Service) Answers(service, operation string) bool {
	if service != "ssm" {
		return false
	}
	switch operation {
	case "DescribeInstanceInformation", "GetInventory", "GetInventorySchema", "ListInventoryEntries",
		"PutInventory", "DescribeInstancePatchStates":
		return true
	}
	return false
}

// Answer does one operation.
func (s *Service) Answer(ctx context.Context, call *awsapi.Call) (map[string]any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch call.Operation {
	case "DescribeInstanceInformation":
		return s.describe(call.Params)
	case "GetInventory":
		return s.inventory(call.Params)
	case "GetInventorySchema":
		return s.schemas(call.Params)
	case "ListInventoryEntries":
		return s.entries(call.Params)
	case "PutInventory":
		return s.put(call.Params)
	case "DescribeInstancePatchStates":
		return s.patchStates(call.Params)
	}
	return nil, refuse("InvalidAction", "operation %s is not one of the node inventory", call.Operation)
}

func refuse(code, format string, args ...any) error {
	return awsapi.Refuse(code, fmt.Sprintf(format, args...))
}

// sorted returns the nodes by id. The caller holds the lock.
func (s *Service) sorted() []*node {
	out := make([]*node, 0, len(s.nodes))
	for _, id := range slices.Sorted(maps.Keys(s.nodes)) {
		out = append(out, s.nodes[id])
	}
	return out
}

// paging is MaxResults and NextToken of one request. The token holds the key
// of the last element of the page before.
type paging struct {
	operation string
	most      int
	after     string
}

// limits of MaxResults: least, most and what absence means.
type limits struct{ least, most, absent int64 }

func readPaging(operation string, params map[string]any, lim limits) (paging, error) {
	p := paging{operation: operation, most: int(lim.absent)}
	if awsapi.Has(params, "MaxResults") {
		most, ok := awsapi.Int(params, "MaxResults")
		if !ok || most < lim.least || most > lim.most {
			return p, refuse("ValidationException", "parameter MaxResults must be %d to %d", lim.least, lim.most)
		}
		p.most = int(most)
	}
	token := awsapi.String(params, "NextToken")
	if token == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	of, after, ok := strings.Cut(string(raw), " ")
	if err != nil || !ok || of != operation || after == "" {
		return p, refuse("InvalidNextToken", "parameter NextToken is not one that %s returned", operation)
	}
	p.after = after
	return p, nil
}

// next adds the token for the page behind the element with the key.
func (p paging) next(out map[string]any, key string) {
	out["NextToken"] = base64.RawURLEncoding.EncodeToString([]byte(p.operation + " " + key))
}
