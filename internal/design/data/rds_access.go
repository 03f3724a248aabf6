package data

import (
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/privatedns/2024-06-01/privatezones"
	"github.com/hashicorp/go-azure-sdk/resource-manager/privatedns/2024-06-01/virtualnetworklinks"
)

const defaultAdmin = "dbadmin"

// identity reads who administers the server.
func (f *relational) identity(s *sheet) {
	f.admin = s.text("MasterUsername")
	if refused(f.admin) {
		if f.admin != "" {
			s.Meets("db.admin-name", "MasterUsername")
		}
		f.admin = defaultAdmin
	}
	s.Knows("MasterUserPassword", "MasterUserSecret", "MasterUserAuthenticationType")
	if s.yes("ManageMasterUserPassword") {
		s.Meets("db.managed-password", "ManageMasterUserPassword")
	}
	f.password = s.password()
	if f.entra = s.yes("EnableIAMDatabaseAuthentication"); f.entra {
		s.Meets("db.iam-auth", "EnableIAMDatabaseAuthentication")
	}
	if strings.Contains(strings.ToLower(s.text("MasterUserAuthenticationType")), "iam") {
		f.entra = true
		s.Meets("db.iam-auth", "MasterUserAuthenticationType")
	}
}

// password is the parameter for the administrator's password: no password of
// the source is read, and none is written.
func (s *sheet) password() string {
	return s.c.ParameterOf(s.r, design.Parameter{
		Name: identifier(s.r, "AdminPassword"), Secure: true, Description: "Password of the administrator of the database server that stands for " + base(s.r),
	})
}

// identifier makes the name of a parameter: "bookshopDbAdminPassword".
func identifier(r *inventory.Resource, end string) string {
	var b strings.Builder
	upper := false
	for _, c := range base(r) {
		switch {
		case c > unicode.MaxASCII || (!unicode.IsLetter(c) && !unicode.IsDigit(c)):
			upper = b.Len() > 0
		case b.Len() == 0 && unicode.IsDigit(c):
			b.WriteRune('p')
			b.WriteRune(c)
		case upper:
			b.WriteRune(unicode.ToUpper(c))
			upper = false
		case b.Len() == 0:
			b.WriteRune(unicode.ToLower(c))
		default:
			b.WriteRune(c)
		}
	}
	if b.Len() == 0 {
		return strings.ToLower(end[:1]) + end[1:]
	}
	return b.String() + end
}

// refused knows the names that the services keep for themselves (Microsoft
// Learn, "Create users in Azure Database for PostgreSQL", "... for MySQL", and
// "Azure SQL Database: logins").
func refused(name string) bool {
	name = strings.ToLower(name)
	taken := []string{"", "azure_superuser", "azure_pg_admin", "admin", "administrator", "root", "guest", "public", "sa", "dbmanager", "loginmanager", "replication", "sys", "mysql.sys", "rdsadmin"}
	return slices.Contains(taken, name) || strings.HasPrefix(name, "pg_") || (name != "" && !unicode.IsLetter(rune(name[0])))
}

// network decides how the server is reached: inside the VNet by a delegated
// subnet, or, where the source is public, by its public name behind a firewall.
func (f *relational) network(s *sheet, kind cloud.Kind) {
	near := s.subnets()
	f.net.near = near
	if s.publicly() {
		f.net.public = true
		f.net.blocks = s.openBlocks(s.port(f.engine))
		s.Meets("db.public", "PubliclyAccessible")
		return
	}
	if s.c.Plan == nil || len(near) == 0 {
		s.Do("give the server of %s a way in: nothing says in which VPC the source stands", s.r.Name)
		return
	}
	purpose := design.Purpose{
		Name: map[bool]string{true: "mysql", false: "postgres"}[kind == mysqlServer], Delegation: string(kind), Bits: 28,
		From: s.r, Near: near, Groups: s.securityGroups(), Listens: []int{defaultPort(f.engine)},
	}
	subnet, ok := s.c.Plan.Dedicated(purpose)
	vnet, found := vnetOf(s.c, near, subnet)
	if !ok || !found {
		s.Do("give the server of %s a way in: its VPC has no counterpart in this design", s.r.Name)
		return
	}
	f.net.subnet = subnet
	f.net.zone, f.net.link = serverZone(s.c, kind, vnet)
}

// vnetOf returns the network of a subnet.
func vnetOf(c *book, near []any, subnet cloud.ResourceID) (cloud.ResourceID, bool) {
	if at := strings.Index(string(subnet), "/subnets/"); at > 0 {
		return subnet[:at], true
	}
	for _, ref := range near {
		if id, ok := c.Plan.VNet(ref); ok {
			return id, true
		}
	}
	return "", false
}

// serverZone is the private zone in which flexible servers of a kind register,
// one for the workload, linked to each network that reaches one. Its name must
// end so (Microsoft Learn, "Networking overview with private access").
func serverZone(c *book, kind cloud.Kind, vnet cloud.ResourceID) (zone, link cloud.ResourceID) {
	name := strings.Trim(strings.ToLower(personalPart.ReplaceAllString(c.Options.Workload, "")), "-_.")
	if name == "" {
		name = "workload"
	}
	name += map[bool]string{true: ".private.mysql.database.azure.com", false: ".private.postgres.database.azure.com"}[kind == mysqlServer]
	zone = c.Once("data/zone/"+name, func() cloud.ResourceID {
		return c.Put(design.Target{Type: "Microsoft.Network/privateDnsZones", Base: name, Exact: true, Location: "global", Model: privatezones.PrivateZone{Properties: &privatezones.PrivateZoneProperties{}}})
	})
	link = c.Once("data/zone/"+name+"|"+string(vnet), func() cloud.ResourceID {
		return c.Put(design.Target{
			Type: "Microsoft.Network/privateDnsZones/virtualNetworkLinks", Parent: zone, Base: common.LastName(vnet), Location: "global",
			Model: virtualnetworklinks.VirtualNetworkLink{Properties: &virtualnetworklinks.VirtualNetworkLinkProperties{
				RegistrationEnabled: new(false), VirtualNetwork: &virtualnetworklinks.SubResource{Id: new(string(vnet))},
			}},
		})
	})
	return zone, link
}

// subnets are those of the database's subnet group; without one, the VPC that
// its security groups stand in.
func (s *sheet) subnets() []any {
	for _, path := range []string{"DBSubnetGroupName", "CacheSubnetGroupName", "SubnetGroupName"} {
		value := s.At(path)
		if value == nil {
			continue
		}
		if group, ok := s.c.Find(s.r, value, "AWS::RDS::DBSubnetGroup", "AWS::DocDB::DBSubnetGroup", "AWS::Neptune::DBSubnetGroup", "AWS::ElastiCache::SubnetGroup", "AWS::MemoryDB::SubnetGroup"); ok {
			if ids := design.List(group.Properties["SubnetIds"]); len(ids) > 0 {
				return ids
			}
		}
	}
	for _, path := range []string{"SubnetIds", "VpcConfig.SubnetIds"} {
		if ids := s.List(path); len(ids) > 0 {
			return ids
		}
	}
	if s.r.Kind == dbCluster {
		for _, m := range members(s.c, s.r) {
			if near := read(s.c, m).subnets(); len(near) > 0 {
				return near
			}
		}
	}
	if vpc := design.At(s.r.Attributes, "DBSubnetGroup.VpcId"); vpc != nil {
		return []any{vpc}
	}
	for _, g := range s.c.FindAll(s.r, s.securityGroups(), "AWS::EC2::SecurityGroup") {
		if vpc := g.Properties["VpcId"]; vpc != nil {
			return []any{vpc}
		}
	}
	return nil
}

func (s *sheet) securityGroups() []any {
	for _, path := range []string{"VPCSecurityGroups", "VpcSecurityGroupIds", "SecurityGroupIds"} {
		if groups := s.List(path); len(groups) > 0 {
			return groups
		}
	}
	return nil
}

func (s *sheet) publicly() bool {
	if s.yes("PubliclyAccessible") {
		return true
	}
	if s.r.Kind == dbCluster {
		return slices.ContainsFunc(members(s.c, s.r), func(m *inventory.Resource) bool { return design.True(m.Properties, "PubliclyAccessible") })
	}
	return false
}

func defaultPort(engine string) int {
	switch engine {
	case "mysql":
		return 3306
	case "sqlserver":
		return 1433
	}
	return 5432
}

// port notes a port that the target does not listen on.
func (s *sheet) port(engine string) int {
	want := defaultPort(engine)
	port := s.int("Port", s.int("DBPortNumber", want))
	if port != want {
		s.Gap("db.port", "Port="+itoa(port))
	}
	return port
}

// openBlocks are the public addresses that the security groups let in on the
// port: a public server has a firewall of its own.
func (s *sheet) openBlocks(port int) []string {
	var out []string
	note := func(rule map[string]any) {
		block := design.Text(rule, "CidrIp")
		prefix, err := netip.ParsePrefix(block)
		if err != nil || prefix.Addr().IsPrivate() || !covers(rule, port) || slices.Contains(out, block) {
			return
		}
		out = append(out, block)
	}
	for _, g := range s.c.FindAll(s.r, s.securityGroups(), "AWS::EC2::SecurityGroup") {
		for _, rule := range design.Maps(g.Properties["SecurityGroupIngress"]) {
			note(rule)
		}
		for _, one := range s.c.Referring(g, "AWS::EC2::SecurityGroupIngress", "GroupId") {
			note(one.Properties)
		}
	}
	slices.Sort(out)
	return out
}

func covers(rule map[string]any, port int) bool {
	protocol := strings.ToLower(design.Text(rule, "IpProtocol"))
	if protocol == "-1" || protocol == "all" {
		return true
	}
	return (protocol == "tcp" || protocol == "6") && design.Int(rule, "FromPort", 0) <= port && port <= design.Int(rule, "ToPort", 65535)
}

// span gives the first and last address of a block of IPv4.
func span(block string) (first, final string, ok bool) {
	prefix, err := netip.ParsePrefix(block)
	if err != nil || !prefix.Addr().Is4() {
		return "", "", false
	}
	start := prefix.Masked().Addr()
	bytes := start.As4()
	for bit := prefix.Bits(); bit < 32; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	return start.String(), netip.AddrFrom4(bytes).String(), true
}
