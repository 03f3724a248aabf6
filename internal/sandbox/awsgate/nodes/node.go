package nodes

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
)

// node is one managed node, in the form that Load reads.
type node struct {
	InstanceID      string    `json:"instanceId"`
	PingStatus      string    `json:"pingStatus"`
	LastPing        time.Time `json:"lastPing"`
	Registered      time.Time `json:"registered"`
	AgentVersion    string    `json:"agentVersion"`
	PlatformType    string    `json:"platformType"`
	PlatformName    string    `json:"platformName"`
	PlatformVersion string    `json:"platformVersion"`
	IPAddress       string    `json:"ipAddress"`
	ComputerName    string    `json:"computerName"`
	ResourceType    string    `json:"resourceType"`
	IAMRole         string    `json:"iamRole"`
	Name            string    `json:"name"`
	// InstanceStatus is "Active", "Stopped", "Terminated" or "ConnectionLost".
	InstanceStatus    string            `json:"instanceStatus"`
	AssociationStatus string            `json:"associationStatus"`
	Tags              map[string]string `json:"tags"`
	// Captured is when the inventory was taken.
	Captured  time.Time                      `json:"captured"`
	Inventory map[string][]map[string]string `json:"inventory"`
	// Patch holds the members of InstancePatchState but the instance id, as
	// the API spells them; nil when the node was never scanned.
	Patch map[string]any `json:"patch"`

	items map[string]*item
}

// item is the inventory of one type.
type item struct {
	version string
	capture string
	hash    string
	content []map[string]string
}

// The patterns of the service model: InstanceId, InventoryItemTypeName,
// InventoryItemSchemaVersion, InventoryItemCaptureTime.
var (
	instanceForm = regexp.MustCompile(`^(i-(\w{8}|\w{17})|mi-\w{17})$`)
	typeForm     = regexp.MustCompile(`^(AWS|Custom):[^\s]{1,95}$`)
	versionForm  = regexp.MustCompile(`^[0-9]{1,6}\.[0-9]{1,6}$`)
)

const (
	captureLayout = "2006-01-02T15:04:05Z"
	informationOf = "AWS:InstanceInformation"
	maxEntries    = 10_000 // InventoryItemEntryList
)

// Load adds nodes, or replaces those it has: JSON values, one per node,
//
//	{"instanceId":"i-0123456789abcdef0","platformType":"Linux","platformName":"Amazon Linux",
//	 "ipAddress":"10.0.1.5","inventory":{"AWS:Application":[{"Name":"nginx","Version":"1.24"}]}}
//
// What is left out gets the value of a healthy EC2 instance. It returns how
// many nodes it stored; an error names the line, and lines before it are kept.
func (s *Service) Load(r io.Reader) (int, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	for loaded := 0; ; loaded++ {
		var n node
		err := decoder.Decode(&n)
		if errors.Is(err, io.EOF) {
			return loaded, nil
		}
		if err == nil {
			err = n.complete(s.opt.Now())
		}
		if err != nil {
			return loaded, fault.Of(fault.Invalid, fmt.Sprintf("read node inventory, line %d", loaded+1), "", err)
		}
		s.mu.Lock()
		s.nodes[n.InstanceID] = &n
		s.mu.Unlock()
	}
}

// complete checks the node and fills in what was left out.
func (n *node) complete(now time.Time) error {
	if !instanceForm.MatchString(n.InstanceID) {
		return fmt.Errorf("instanceId %q is not the id of an instance", n.InstanceID)
	}
	absent := func(to *string, value string) {
		if *to == "" {
			*to = value
		}
	}
	absent(&n.PingStatus, "Online")
	absent(&n.InstanceStatus, "Active")
	absent(&n.AgentVersion, "3.3.2299.0")
	absent(&n.PlatformType, "Linux")
	absent(&n.PlatformName, "Amazon Linux")
	absent(&n.PlatformVersion, "2023")
	absent(&n.AssociationStatus, "Success")
	absent(&n.ComputerName, n.InstanceID)
	absent(&n.ResourceType, "EC2Instance")
	if n.InstanceID[0] == 'm' {
		n.ResourceType = "ManagedInstance"
	}
	now = now.UTC().Truncate(time.Second)
	for _, t := range []*time.Time{&n.LastPing, &n.Registered, &n.Captured} {
		if t.IsZero() {
			*t = now
		}
	}
	checks := []struct {
		name, value string
		allowed     []string
	}{
		{"pingStatus", n.PingStatus, []string{"Online", "ConnectionLost", "Inactive"}},
		{"platformType", n.PlatformType, []string{"Windows", "Linux", "MacOS"}},
		{"resourceType", n.ResourceType, []string{"ManagedInstance", "EC2Instance"}},
		{"instanceStatus", n.InstanceStatus, []string{"Active", "Stopped", "Terminated", "ConnectionLost"}},
	}
	for _, c := range checks {
		if !slices.Contains(c.allowed, c.value) {
			return fmt.Errorf("%s %q is not one of %q", c.name, c.value, c.allowed)
		}
	}
	if err := n.completePatch(); err != nil {
		return err
	}
	return n.takeInventory()
}

// completePatch gives the members of Patch the types of InstancePatchState:
// times are not texts, counts are whole numbers.
func (n *node) completePatch() error {
	if n.Patch == nil {
		return nil
	}
	for _, name := range []string{"PatchGroup", "BaselineId", "Operation", "OperationStartTime", "OperationEndTime"} {
		if _, ok := n.Patch[name].(string); !ok {
			return fmt.Errorf("patch needs the text %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n.Patch)) {
		switch v := n.Patch[name].(type) {
		case string:
			if !strings.HasSuffix(name, "Time") {
				continue
			}
			at, err := time.Parse(time.RFC3339, v)
			if err != nil {
				return fmt.Errorf("patch %s: %w", name, err)
			}
			n.Patch[name] = at.UTC()
		case float64:
			if !strings.HasSuffix(name, "Count") || v != math.Trunc(v) || math.Abs(v) > math.MaxInt32 {
				return fmt.Errorf("patch %s must not be the number %v", name, v)
			}
			n.Patch[name] = int64(v)
		default:
			return fmt.Errorf("patch %s must be a text or a number", name)
		}
	}
	return nil
}

func (n *node) takeInventory() error {
	n.items = map[string]*item{}
	for _, name := range slices.Sorted(maps.Keys(n.Inventory)) {
		if !typeForm.MatchString(name) {
			return fmt.Errorf("inventory type %q must start with %q or %q", name, "AWS:", "Custom:")
		}
		if _, known := schemaOf(name); !known && name[0] == 'A' {
			return fmt.Errorf("inventory type %q is not one that Systems Manager collects", name)
		}
		if len(n.Inventory[name]) > maxEntries {
			return fmt.Errorf("inventory type %q has %d entries, the limit is %d", name, len(n.Inventory[name]), maxEntries)
		}
		version := "1.0"
		if schema, ok := schemaOf(name); ok {
			version = schema.version
		}
		n.items[name] = &item{
			version: version, capture: n.Captured.UTC().Format(captureLayout), content: n.Inventory[name],
		}
	}
	n.Inventory = nil
	if n.items[informationOf] == nil {
		n.items[informationOf] = n.information()
	}
	return nil
}

// information is AWS:InstanceInformation, which every managed node has.
func (n *node) information() *item {
	return &item{version: "1.0", capture: n.Captured.UTC().Format(captureLayout), content: []map[string]string{{
		"AgentType": "amazon-ssm-agent", "AgentVersion": n.AgentVersion, "ComputerName": n.ComputerName,
		"InstanceId": n.InstanceID, "InstanceStatus": n.InstanceStatus, "IpAddress": n.IPAddress,
		"PlatformName": n.PlatformName, "PlatformType": n.PlatformType, "PlatformVersion": n.PlatformVersion,
		"ResourceType": n.ResourceType,
	}}}
}
