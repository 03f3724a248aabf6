package seed

import (
	"cmp"
	"slices"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/sandbox/seed/history"
)

// workload is the owner of a resource as its tags say it.
type workload string

// The owners. Strays have no tags at all, so their owner is the empty name.
const (
	bookshop workload = "bookshop"
	payroll  workload = "payroll"
	platform workload = "platform"
	stray    workload = ""
)

// Resource is one thing the seed made.
type Resource struct {
	Kind cloud.Kind `json:"kind"`
	// ID is the physical id: an instance id, a bucket name, an ARN where the
	// service has no shorter one. It is unique within the kind.
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// Workload is the owner by tags; empty for a stray.
	Workload string `json:"workload,omitempty"`
	// UsedBy lists the other workloads that use the resource.
	UsedBy []string `json:"usedBy,omitempty"`
	// Untagged says that it carries no tags: AWS has none for the kind, or it
	// is a stray, or a service's own.
	Untagged bool `json:"untagged,omitempty"`
}

// Summary is what a run made, in an order that depends on the ids alone.
type Summary struct {
	Account cloud.Account `json:"account"`
	Region  cloud.Region  `json:"region"`
	Seeded  time.Time     `json:"seeded"`
	// Services counts the resources per service name: "EC2" -> 61.
	Services     map[string]int `json:"services"`
	Bookshop     Bookshop       `json:"bookshop"`
	Payroll      Payroll        `json:"payroll"`
	Strays       Strays         `json:"strays"`
	Objects      int            `json:"objects"`
	LogFiles     int            `json:"logFiles"`
	LogLines     int            `json:"logLines"`
	MetricSeries int            `json:"metricSeries"`
	TrailEvents  int            `json:"trailEvents"`
	Truth        Truth          `json:"truth"`
}

// Truth is what discovery must find, and no more than that: later tests
// compare their findings with it.
type Truth struct {
	Resources []Resource    `json:"resources"`
	History   history.Truth `json:"history"`
}

// Bookshop names what the supervisor, the shop and its tests need.
type Bookshop struct {
	VPC                string            `json:"vpc"`
	Subnets            map[string]string `json:"subnets"`
	SecurityGroups     map[string]string `json:"securityGroups"`
	NATGateways        []string          `json:"natGateways"`
	Balancer           string            `json:"balancer"`
	BalancerARN        string            `json:"balancerArn"`
	BalancerDNS        string            `json:"balancerDns"`
	TargetGroups       map[string]string `json:"targetGroups"`
	LaunchTemplate     string            `json:"launchTemplate"`
	AutoScalingGroup   string            `json:"autoScalingGroup"`
	Instances          []string          `json:"instances"`
	Database           string            `json:"database"`
	DatabaseEndpoint   string            `json:"databaseEndpoint"`
	DatabasePort       int               `json:"databasePort"`
	DatabaseName       string            `json:"databaseName"`
	DatabaseUser       string            `json:"databaseUser"`
	DatabaseSecret     string            `json:"databaseSecret"`
	CacheEndpoint      string            `json:"cacheEndpoint"`
	Buckets            map[string]string `json:"buckets"`
	QueueURL           string            `json:"queueUrl"`
	DeadLetterURL      string            `json:"deadLetterUrl"`
	Topic              string            `json:"topic"`
	Table              string            `json:"table"`
	Functions          []string          `json:"functions"`
	Key                string            `json:"key"`
	Zone               string            `json:"zone"`
	PrivateZone        string            `json:"privateZone"`
	ShopName           string            `json:"shopName"`
	Distribution       string            `json:"distribution"`
	DistributionDomain string            `json:"distributionDomain"`
	WebACL             string            `json:"webAcl"`
	Trail              string            `json:"trail"`
	FlowLog            string            `json:"flowLog"`
	Repository         string            `json:"repository"`
}

// Payroll names the second workload's resources.
type Payroll struct {
	Instance string `json:"instance"`
	Database string `json:"database"`
	Function string `json:"function"`
	QueueURL string `json:"queueUrl"`
	Secret   string `json:"secret"`
	// Shared lists the ids of what it shares with bookshop.
	Shared []string `json:"shared"`
}

// Strays names what nobody owns.
type Strays struct {
	Instance      string `json:"instance"`
	Volume        string `json:"volume"`
	Address       string `json:"address"`
	Snapshot      string `json:"snapshot"`
	Image         string `json:"image"`
	SecurityGroup string `json:"securityGroup"`
	LogGroup      string `json:"logGroup"`
	Record        string `json:"record"`
}

// sortResources puts the list in its stable order.
func sortResources(list []Resource) {
	slices.SortFunc(list, func(a, b Resource) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Name, b.Name))
	})
}
