package history

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
)

// node is one line for the node inventory endpoint.
type node struct {
	InstanceID      string                         `json:"instanceId"`
	PlatformType    string                         `json:"platformType"`
	PlatformName    string                         `json:"platformName"`
	PlatformVersion string                         `json:"platformVersion"`
	IPAddress       string                         `json:"ipAddress"`
	ComputerName    string                         `json:"computerName"`
	LastPing        time.Time                      `json:"lastPing"`
	Registered      time.Time                      `json:"registered"`
	Captured        time.Time                      `json:"captured"`
	PingStatus      string                         `json:"pingStatus"`
	Inventory       map[string][]map[string]string `json:"inventory"`
}

// nodes posts what Systems Manager knows about the instances. The stray's
// agent lost its connection long ago, as agents on such boxes do.
func (m *model) nodes(ctx context.Context, sink Sink, truth *Truth) error {
	var lines []byte
	for _, row := range []struct {
		role, name, version string
		packages            []string
	}{
		{"app-1", "Debian GNU/Linux", "12", []string{"bookshop 1.14.2", "amazon-cloudwatch-agent 1.300051", "ca-certificates 20230311", "openssl 3.0.15", "libc6 2.36"}},
		{"app-2", "Debian GNU/Linux", "12", []string{"bookshop 1.14.2", "amazon-cloudwatch-agent 1.300051", "ca-certificates 20230311", "openssl 3.0.15", "libc6 2.36"}},
		{"payroll-app", "Ubuntu", "22.04", []string{"openjdk-17-jre-headless 17.0.13", "payroll-runner 3.8", "mysql-client 8.0.40"}},
		{"report", "CentOS Linux", "7.9", []string{"postgresql 9.2.24", "vsftpd 3.0.2", "cronie 1.4.11"}},
	} {
		f := m.faces[row.role]
		n := node{InstanceID: f.Instance, PlatformType: "Linux", PlatformName: row.name, PlatformVersion: row.version, IPAddress: f.Address,
			ComputerName: "ip-" + strings.ReplaceAll(f.Address, ".", "-"), LastPing: m.end.Add(-90 * time.Second), Registered: m.start.AddDate(0, -2, 0),
			Captured: m.end.Add(-25 * time.Minute), PingStatus: "Online", Inventory: map[string][]map[string]string{}}
		if row.role == "report" {
			n.PingStatus, n.LastPing, n.Registered = "ConnectionLost", m.end.AddDate(0, 0, -41), m.start.AddDate(-4, 0, 0)
		}
		for _, p := range row.packages {
			name, version, _ := strings.Cut(p, " ")
			n.Inventory["AWS:Application"] = append(n.Inventory["AWS:Application"], map[string]string{"Name": name, "Version": version, "Architecture": "x86_64"})
		}
		n.Inventory["AWS:Network"] = []map[string]string{{"Name": "eth0", "IPV4": f.Address, "SubnetMask": "255.255.255.0"}}
		line, err := json.Marshal(n)
		if err != nil {
			return fault.Of(fault.Internal, "encode node", f.Instance, err)
		}
		lines = append(append(lines, line...), '\n')
		truth.Nodes++
	}
	return sink.Post(ctx, "nodes", lines)
}
