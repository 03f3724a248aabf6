package provider

import (
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
)

// Change is a body about to be written, for the rules of its type.
type Change struct {
	Subject
	// Before is what was written last; nil at creation.
	Before map[string]any
}

// validator refuses a body that the type's own rules forbid.
type validator func(c Change) error

func validators() map[string]validator {
	all := map[string]validator{}
	for kind, v := range map[string]validator{
		"Microsoft.Network/virtualNetworks":         checkNetwork,
		"Microsoft.Network/networkSecurityGroups":   checkRules,
		"Microsoft.Network/networkInterfaces":       checkAddresses,
		"Microsoft.Network/publicIPAddresses":       checkLabel,
		"Microsoft.Network/trafficManagerProfiles":  checkProfile,
		"Microsoft.Compute/virtualMachines":         checkMachine,
		"Microsoft.DBforPostgreSQL/flexibleServers": checkFlexible,
		"Microsoft.DBforMySQL/flexibleServers":      checkFlexible,
	} {
		all[strings.ToLower(kind)] = v
	}
	return all
}

var (
	generalName = regexp.MustCompile(`^[^<>%&?/\\\x00-\x1f]{1,260}$`)
	accountName = regexp.MustCompile(`^[a-z0-9]{3,24}$`)
	vaultName   = regexp.MustCompile(`^[a-zA-Z](?:-?[a-zA-Z0-9]){2,23}$`)
	serverName  = regexp.MustCompile(`^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$`)
	groupName   = regexp.MustCompile(`^[-\p{L}\p{N}_.()]{0,89}[-\p{L}\p{N}_()]$`)
)

// CheckName applies the naming rules that hold whatever the definitions say
// (resource name rules page).
func CheckName(id armid.ID) error {
	name := id.Name()
	switch {
	case !generalName.MatchString(name):
		return armerror.BadRequest("InvalidResourceName", "Resource name '%s' is invalid: it must have 1 to 260 characters and none of '<', '>', '%%', '&', '?', '/', '\\'.", name)
	case id.IsGroup() && !groupName.MatchString(name):
		return armerror.BadRequest("InvalidResourceGroup", "The provided resource group name '%s' has these invalid characters or ends with a period, or is longer than 90 characters.", name)
	case id.TypeKey() == "microsoft.storage/storageaccounts" && !accountName.MatchString(name):
		return armerror.BadRequest("AccountNameInvalid", "%s is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only.", name)
	case id.TypeKey() == "microsoft.keyvault/vaults" && !vaultName.MatchString(name):
		return armerror.BadRequest("VaultNameNotValid", "The vault name '%s' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens.", name)
	case id.TypeKey() == strings.ToLower(postgresServer) && (len(name) < 3 || len(name) > 63 || !serverName.MatchString(name)):
		return armerror.BadRequest("InvalidResourceName", "Server name '%s' is invalid: it must have 3 to 63 letters, digits and single hyphens, and begin and end with a letter or a digit.", name)
	}
	return nil
}

// taken is the code for a name that is unique in all of Azure; "" for types
// whose names are not.
func taken(kind string) string {
	switch kind {
	case "microsoft.storage/storageaccounts":
		return "StorageAccountAlreadyTaken"
	case "microsoft.keyvault/vaults":
		return "VaultAlreadyExists"
	case "microsoft.dbforpostgresql/flexibleservers", "microsoft.dbformysql/flexibleservers":
		return "ServerNameAlreadyExists"
	case "microsoft.containerregistry/registries":
		return "AlreadyInUse"
	case "microsoft.web/sites":
		return "Conflict"
	case "microsoft.servicebus/namespaces", "microsoft.eventhub/namespaces":
		return "NamespaceUnavailable"
	}
	return ""
}

// Check applies the rules of the type.
func (p *Providers) Check(c Change) error {
	if code := taken(c.ID.TypeKey()); code != "" && c.Before == nil {
		for _, other := range c.Others(c.ID.Type()) {
			if strings.EqualFold(other.Name(), c.ID.Name()) && other.Key() != c.ID.Key() {
				return armerror.Conflict(code, "The name '%s' is already taken.", c.ID.Name())
			}
		}
	}
	if v, ok := p.validate[c.ID.TypeKey()]; ok {
		return v(c)
	}
	return nil
}

// Available reports whether a name can be used for a type, as the
// checkNameAvailability actions do.
func Available(w World, id armid.ID) (reason, message string) {
	if err := CheckName(id); err != nil {
		return "AccountNameInvalid", armerror.Of(err).Message
	}
	for _, other := range w.Others(id.Type()) {
		if strings.EqualFold(other.Name(), id.Name()) {
			return "AlreadyExists", fmt.Sprintf("The name '%s' is already in use.", id.Name())
		}
	}
	return "", ""
}

func checkNetwork(c Change) error {
	var space []netip.Prefix
	for _, s := range document.Strings(c.list("properties.addressSpace.addressPrefixes")) {
		p, err := netip.ParsePrefix(s)
		if err != nil || p != p.Masked() {
			return armerror.BadRequest("InvalidAddressPrefixFormat", "Address prefix %s of virtual network %s is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24.", s, c.ID.Name())
		}
		space = append(space, p)
	}
	type named struct {
		name   string
		prefix netip.Prefix
	}
	var taken []named
	for _, item := range c.list("properties.subnets") {
		name := document.Text(item, "name")
		for _, s := range append([]string{document.Text(item, "properties.addressPrefix")}, document.Strings(document.List(item, "properties.addressPrefixes"))...) {
			if s == "" {
				continue
			}
			p, err := netip.ParsePrefix(s)
			if err != nil || p != p.Masked() {
				return armerror.BadRequest("InvalidCIDRNotation", "The address prefix %s in resource %s has an invalid CIDR notation. For the given prefix length, the address prefix should be the first address of the range.", s, c.ID.Child("subnets", name))
			}
			if !within(space, p) {
				return armerror.BadRequest("NetcfgInvalidSubnet", "Subnet '%s' is not valid in virtual network '%s'.", name, c.ID.Name())
			}
			for _, other := range taken {
				if other.prefix.Overlaps(p) && other.name != name {
					return armerror.BadRequest("NetcfgSubnetRangesOverlap", "Subnet '%s' is not valid because its IP address range overlaps with that of an existing subnet in virtual network '%s': '%s'.", name, c.ID.Name(), other.name)
				}
			}
			taken = append(taken, named{name, p})
		}
	}
	return nil
}

func within(space []netip.Prefix, p netip.Prefix) bool {
	for _, s := range space {
		if s.Bits() <= p.Bits() && s.Contains(p.Addr()) {
			return true
		}
	}
	return false
}

func checkRules(c Change) error {
	seen := map[string]string{}
	for _, item := range c.list("properties.securityRules") {
		name := document.Text(item, "name")
		priority, ok := document.Get(item, "properties.priority").(int64)
		if !ok || priority < 100 || priority > 4096 {
			return armerror.BadRequest("SecurityRuleInvalidPriority", "Security rule %s has invalid priority. Value provided: %v Allowed range 100-4096.", c.ID.Child("securityRules", name), document.Get(item, "properties.priority"))
		}
		key := fmt.Sprintf("%s %d", strings.ToLower(document.Text(item, "properties.direction")), priority)
		if other, found := seen[key]; found {
			return armerror.BadRequest("SecurityRuleConflict", "Security rule %s conflicts with rule %s. Rules cannot have the same Priority and Direction.", name, other)
		}
		seen[key] = name
	}
	return nil
}

// checkAddresses refuses a static address that is outside the subnet or that
// another interface has.
func checkAddresses(c Change) error {
	if len(c.list("properties.ipConfigurations")) == 0 {
		return armerror.BadRequest("NetworkInterfaceMustHaveAtLeastOneIpConfiguration", "Network interface %s must have at least one IP configuration.", c.ID.Name())
	}
	for _, item := range c.list("properties.ipConfigurations") {
		subnet := document.Text(item, "properties.subnet.id")
		found, ok := c.Lookup(subnet)
		if !ok {
			continue
		}
		prefix := SubnetPrefix(found)
		address := document.Text(item, "properties.privateIPAddress")
		static := strings.EqualFold(document.Text(item, "properties.privateIPAllocationMethod"), "Static")
		if static && address != "" {
			a, err := netip.ParseAddr(address)
			if err != nil || !prefix.Contains(a) {
				return armerror.BadRequest("PrivateIPAddressNotInSubnet", "Private static IP address %s does not belong to the range of subnet prefix %s.", address, prefix)
			}
		} else {
			address = ""
		}
		holder := c.ID.Child("ipConfigurations", document.Text(item, "name")).Key()
		if _, ok := c.Claim("subnet "+strings.ToLower(subnet), holder, address, func(n int) (string, bool) { return hostAt(prefix, n+4) }); !ok {
			if address != "" {
				return armerror.BadRequest("PrivateIPAddressInUse", "IP configuration %s is using the private IP address %s which is already allocated to another resource.", holder, address)
			}
			return armerror.BadRequest("SubnetIsFull", "Subnet %s with address prefix %s does not have enough capacity for 1 IP addresses.", subnet, prefix)
		}
	}
	return nil
}

func checkLabel(c Change) error {
	label := c.text("properties.dnsSettings.domainNameLabel")
	if label == "" {
		return nil
	}
	for _, other := range c.Others(c.ID.Type()) {
		found, ok := c.Lookup(other.String())
		if ok && other.Key() != c.ID.Key() && strings.EqualFold(document.Text(found, "properties.dnsSettings.domainNameLabel"), label) && RegionName(document.Text(found, "location")) == c.location() {
			return armerror.BadRequest("DnsRecordInUse", "DNS record %s.%s.cloudapp.azure.com is already used by another public IP.", label, c.location())
		}
	}
	return nil
}

// checkProfile keeps Traffic Manager's ranges: weights 1 to 1000, TTL 0 to
// 2,147,483,647, and a name that no other profile has.
func checkProfile(c Change) error {
	name := c.text("properties.dnsConfig.relativeName")
	for _, other := range c.Others(c.ID.Type()) {
		found, ok := c.Lookup(other.String())
		if ok && other.Key() != c.ID.Key() && strings.EqualFold(document.Text(found, "properties.dnsConfig.relativeName"), name) {
			return armerror.Conflict("DomainNameAlreadyExists", "Domain name %s.trafficmanager.net already exists. Please choose a different DNS prefix.", name)
		}
	}
	for _, item := range c.list("properties.endpoints") {
		weight, given := document.Get(item, "properties.weight").(int64)
		if given && (weight < 1 || weight > 1000) {
			return armerror.New(http.StatusBadRequest, "BadRequest", "The weight %d of endpoint '%s' is not valid. It must be between 1 and 1000, inclusive.", weight, document.Text(item, "name"))
		}
	}
	return nil
}

// checkMachine refuses a network interface that another machine has.
func checkMachine(c Change) error {
	mine := map[string]bool{}
	for _, item := range c.list("properties.networkProfile.networkInterfaces") {
		mine[strings.ToLower(document.Text(item, "id"))] = true
	}
	for _, other := range c.Others(c.ID.Type()) {
		if other.Key() == c.ID.Key() {
			continue
		}
		found, _ := c.Lookup(other.String())
		for _, item := range document.List(found, "properties.networkProfile.networkInterfaces") {
			if id := document.Text(item, "id"); mine[strings.ToLower(id)] {
				return armerror.Conflict("NicInUse", "Network interface '%s' is associated with another VM '%s'.", id, other.Name())
			}
		}
	}
	return nil
}

// checkFlexible: a new server needs a login, storage does not shrink, and the
// login cannot be changed.
func checkFlexible(c Change) error {
	mode := c.property("createMode", "Default")
	fresh := c.Before == nil && (strings.EqualFold(mode, "Default") || strings.EqualFold(mode, "Create"))
	passwordless := strings.EqualFold(c.text("properties.authConfig.passwordAuth"), "Disabled")
	if fresh && !passwordless && (c.text("properties.administratorLogin") == "" || c.text("properties.administratorLoginPassword") == "") {
		return armerror.BadRequest("InvalidParameterValue", "Invalid value given for parameter administratorLogin or administratorLoginPassword. Specify a valid parameter value: a new server needs both.")
	}
	if c.Before == nil {
		return nil
	}
	if before, now := document.Text(c.Before, "properties.administratorLogin"), c.text("properties.administratorLogin"); before != "" && now != "" && before != now {
		return armerror.BadRequest("InvalidParameterValue", "Invalid value given for parameter administratorLogin. The login of an existing server cannot be changed.")
	}
	before, _ := document.Get(c.Before, "properties.storage.storageSizeGB").(int64)
	now, ok := document.Get(c.Body, "properties.storage.storageSizeGB").(int64)
	if ok && now < before {
		return armerror.BadRequest("StorageSizeDecreaseNotAllowed", "The storage of a server cannot shrink from %d GB to %d GB.", before, now)
	}
	return nil
}
