package history

import (
	"fmt"
	"time"

	"example.com/landfall/internal/fault"
)

// Interface is one elastic network interface that appears in flow logs.
type Interface struct {
	// Role is the name the traffic model knows it by: "alb-a", "app-1", "db".
	Role string `json:"role"`
	// Resource is the physical id of the resource it belongs to.
	Resource string `json:"resource"`
	// Instance is the EC2 instance id, or empty.
	Instance string `json:"instance,omitempty"`
	ID       string `json:"id"`
	Subnet   string `json:"subnet"`
	// Address is the private address, Public the public one or empty.
	Address string `json:"address"`
	Public  string `json:"public,omitempty"`
}

// World is the account as the history has to mention it.
type World struct {
	Account, Region string
	VPC, FlowLog    string
	Interfaces      []Interface

	// Balancer is the ARN; BalancerName is "app/bookshop/50dc6c495c0c9188".
	Balancer, BalancerName string
	WebGroup, APIGroup     string
	Certificate, ShopName  string
	ScalingGroup           string
	Database, CacheGroup   string
	DatabasePort           int
	PayrollDatabase        string
	Queue, Table           string
	PayrollQueue           string
	Mailer, Thumbs, Export string
	Key, Secret            string
	S3Endpoint             string
	SQSEndpoint            string
	Distribution           string
	DistributionDomain     string
	CIKey                  string

	Covers, Invoices, Exports, Logs, TrailBucket string
}

// Options say what to generate.
type Options struct {
	World World
	Seed  uint64
	// Now is where the history ends, rounded down to five minutes.
	Now  time.Time
	Days int
	// Objects is how many covers the covers bucket holds.
	Objects int
	// RequestsPerDay is the mean number of requests at the balancer; 0 means 18,000.
	RequestsPerDay int
	// Workers bounds how many days are generated at once; 0 means 2.
	Workers int
}

// Roles that the traffic model needs an interface for.
func roles() []string {
	return []string{"alb-a", "alb-b", "app-1", "app-2", "db", "cache-1", "cache-2", "nat-a", "nat-b", "endpoint-a", "endpoint-b",
		"function", "payroll-app", "payroll-db", "report"}
}

const (
	binSeconds = 300
	bin        = binSeconds * time.Second
	maxDays    = 63 // CloudWatch keeps five-minute data points no longer
)

// model is a run of the generator.
type model struct {
	Options
	faces      map[string]Interface
	start, end time.Time
	bursts     []burst
	clients    []string
}

func newModel(o Options) (*model, error) {
	if o.Days < 1 || o.Days > maxDays {
		return nil, fault.Newf(fault.Invalid, "generate history of %d days: want 1 to %d", o.Days, maxDays)
	}
	if o.RequestsPerDay == 0 {
		o.RequestsPerDay = 18_000
	}
	if o.Workers == 0 {
		o.Workers = 2
	}
	m := &model{Options: o, faces: map[string]Interface{}}
	for _, f := range o.World.Interfaces {
		if _, twice := m.faces[f.Role]; twice {
			return nil, fault.Newf(fault.Internal, "generate history: role %q has two network interfaces", f.Role)
		}
		m.faces[f.Role] = f
	}
	for _, role := range roles() {
		if f := m.faces[role]; f.ID == "" || f.Address == "" || f.Resource == "" {
			return nil, fault.Newf(fault.Internal, "generate history: role %q has no network interface (%+v)", role, f)
		}
	}
	m.end = o.Now.UTC().Truncate(bin)
	m.start = m.end.AddDate(0, 0, -o.Days)
	m.bursts = m.planBursts()
	m.clients = m.inventClients()
	return m, nil
}

// bins is the number of five-minute bins.
func (m *model) bins() int { return int(m.end.Sub(m.start) / bin) }

// binStart is the time at which a bin begins.
func (m *model) binStart(i int) time.Time { return m.start.Add(time.Duration(i) * bin) }

// app returns the interface of one of the two instances of the shop.
func (m *model) app(i int) Interface { return m.faces[fmt.Sprintf("app-%d", i+1)] }

// node returns the interface of one of the two nodes of the balancer.
func (m *model) node(i int) Interface { return m.faces["alb-"+letter(i)] }

func letter(i int) string { return string(rune('a' + i)) }
