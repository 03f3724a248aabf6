package compute

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

// system is the operating system of a machine and the image it starts from.
type system struct {
	windows bool
	// image is what a fresh machine of that system starts from: publisher, offer
	// and SKU in the marketplace.
	publisher, offer, sku string
	// words name the system, because is the clause that says how it is known.
	words, because string
	// minGiB is the smallest OS disk that the image takes.
	minGiB int
	// user is who logs in at the source.
	user string
}

// distribution is a row of the table of systems.
type distribution struct {
	// pattern matches what the source says of the image.
	pattern *regexp.Regexp
	name    string
	// publisher, offer and SKU for amd64 and the offer and SKU for arm64.
	publisher, offer, sku string
	armOffer, armSKU      string
	user                  string
}

// Patterns of AMI names, SSM parameter paths, platform names and details.
var (
	isWindows    = regexp.MustCompile(`windows|<powershell>|<script>`)
	isSQL        = regexp.MustCompile(`sql[ _-]?server|sql_(?:20\d\d)|with sql`)
	year         = regexp.MustCompile(`20(?:12|16|19|22|25)`)
	sqlYear      = regexp.MustCompile(`sql[ _-]*(?:server)?[ _-]*(20(?:16|17|19|22))`)
	ubuntuNoble  = regexp.MustCompile(`noble|ubuntu\D{0,20}24\.04`)
	ubuntuJammy  = regexp.MustCompile(`jammy|ubuntu\D{0,20}22\.04`)
	ubuntuFocal  = regexp.MustCompile(`focal|ubuntu\D{0,20}20\.04`)
	ubuntuAny    = regexp.MustCompile(`ubuntu|canonical|apt-get|\bapt install`)
	redhatEight  = regexp.MustCompile(`rhel[-_ .]?8|red ?hat\D{0,25}8`)
	redhatNine   = regexp.MustCompile(`rhel[-_ .]?9|red ?hat\D{0,25}9`)
	redhatAny    = regexp.MustCompile(`rhel|red ?hat|centos|rocky|almalinux|alma ?linux|oracle ?linux|\bol[789]`)
	suse         = regexp.MustCompile(`suse|sles`)
	debian       = regexp.MustCompile(`debian`)
	amazonLinux  = regexp.MustCompile(`amazon[ -]?linux|amzn|al20\d\d|amazon-linux-extras|\byum |\bdnf |bottlerocket`)
	macSystem    = regexp.MustCompile(`macos|amzn-ec2-macos`)
	awsWords     = regexp.MustCompile(`(?i)\baws [a-z]|awscli|amazon-cloudwatch-agent|amazon-ssm-agent|cfn-(?:init|signal|hup)|169\.254\.169\.254|ec2-metadata|amazonaws\.com|s3://|arn:aws|ecs_cluster|/etc/eks/bootstrap\.sh`)
	scriptMarker = regexp.MustCompile(`(?i)^\s*<(?:powershell|script)>`)
)

// distributions are the systems in the order in which they are looked for.
// Publishers, offers and SKUs: Microsoft Learn, "Endorsed Linux distributions
// on Azure" and "Azure Linux VM images".
func distributions() []distribution {
	return []distribution{
		{ubuntuNoble, "Ubuntu 24.04", "Canonical", "ubuntu-24_04-lts", "server", "ubuntu-24_04-lts", "server-arm64", "ubuntu"},
		{ubuntuJammy, "Ubuntu 22.04", "Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2", "0001-com-ubuntu-server-jammy", "22_04-lts-arm64", "ubuntu"},
		{ubuntuFocal, "Ubuntu 20.04", "Canonical", "0001-com-ubuntu-server-focal", "20_04-lts-gen2", "0001-com-ubuntu-server-focal", "20_04-lts-arm64", "ubuntu"},
		{suse, "SUSE Linux Enterprise 15", "SUSE", "sles-15-sp6", "gen2", "sles-15-sp6-arm64", "gen2", "ec2-user"},
		{debian, "Debian 12", "Debian", "debian-12", "12-gen2", "debian-12", "12-arm64", "admin"},
		{redhatEight, "Red Hat Enterprise Linux 8", "RedHat", "RHEL", "8-lvm-gen2", "rhel-arm64", "8_10-arm64", "ec2-user"},
		{redhatNine, "Red Hat Enterprise Linux 9", "RedHat", "RHEL", "9-lvm-gen2", "rhel-arm64", "9_4-arm64", "ec2-user"},
		{redhatAny, "Red Hat Enterprise Linux 9", "RedHat", "RHEL", "9-lvm-gen2", "rhel-arm64", "9_4-arm64", "ec2-user"},
		{amazonLinux, "Azure Linux 3", "MicrosoftCBLMariner", "azure-linux-3", "azure-linux-3-gen2", "azure-linux-3", "azure-linux-3-arm64", "ec2-user"},
		{ubuntuAny, "Ubuntu 24.04", "Canonical", "ubuntu-24_04-lts", "server", "ubuntu-24_04-lts", "server-arm64", "ubuntu"},
	}
}

// userData returns the text that the machine runs at its first start, as far
// as it is known.
func (m *machine) userData() string {
	text := m.Text("UserData")
	if decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err == nil && len(decoded) > 0 {
		return string(decoded)
	}
	return text
}

// evidence is one thing that is said of the system of a machine.
type evidence struct {
	text string
	// from is the clause that tells where the text stands.
	from string
}

// evidence gathers what is said of the system, the surest first: what Systems
// Manager's agent reports from inside, the image's own name and platform, how
// EC2 bills the platform, what the first start runs.
func (m *machine) evidence() []evidence {
	image := m.Text("ImageId")
	said := m.reported()
	out := []evidence{{said, "Systems Manager reports " + common.Shown(said)}, {image, "its image is " + common.Shown(image)}}
	if r, ok := m.C.Find(m.r, image, "AWS::EC2::Image"); ok {
		out = append(out, evidence{r.Name, "its image is named " + common.Shown(r.Name)})
		for _, key := range []string{"Name", "Description", "PlatformDetails", "Platform"} {
			for _, values := range []map[string]any{r.Properties, r.Attributes} {
				text := design.Text(values, key)
				out = append(out, evidence{text, "its image has the " + imageWord(key) + " " + common.Shown(text)})
			}
		}
	}
	for _, key := range []string{"PlatformDetails", "Platform"} {
		for _, values := range []map[string]any{m.r.Attributes, m.r.Properties} {
			text := design.Text(values, key)
			out = append(out, evidence{text, "EC2 calls its platform " + common.Shown(text)})
		}
	}
	return append(out, evidence{m.userData(), "its user data is written for it"})
}

func imageWord(key string) string {
	return map[string]string{"Name": "name", "Description": "description"}[key] + map[bool]string{true: "platform"}[strings.HasPrefix(key, "Platform")]
}

// readSystem decides which system the machine runs. What nothing is known of
// is Linux, as most machines are, and the decision says so.
func (m *machine) readSystem() system {
	arch := m.architecture()
	all := m.evidence()
	for _, e := range all {
		text := strings.ToLower(e.text)
		switch {
		case text == "":
			continue
		case macSystem.MatchString(text):
			return system{words: "macOS", because: e.from}
		case isWindows.MatchString(text):
			s := windowsSystem(text + databaseWords(all))
			s.because = e.from
			return s
		}
		for _, d := range distributions() {
			if d.pattern.MatchString(text) {
				s := d.system(arch, e.from)
				m.otherRelease(s)
				return s
			}
		}
	}
	d := distributions()[0]
	image := common.Shown(m.At("ImageId"))
	m.Do("name the operating system of %s: the template has %s because nothing says what %s holds", m.name, d.name, image)
	return d.system(arch, "nothing says which system the image "+image+" holds")
}

// databaseWords are what says that SQL Server is part of a Windows image: the
// agent reports the system alone.
func databaseWords(all []evidence) string {
	for _, e := range all[:len(all)-1] {
		if text := strings.ToLower(e.text); isSQL.MatchString(text) && isWindows.MatchString(text) {
			// The year of the system is taken from what stands first.
			return " " + text
		}
	}
	return ""
}

// otherRelease says when the machine reports another release than that of the
// image, because programs are tested on a release.
func (m *machine) otherRelease(s system) {
	said := m.reported()
	release := firstNumber.FindString(said)
	if release == "" || strings.Contains(s.words, " "+release) {
		return
	}
	m.Do("test the program of %s on %s: Systems Manager reports %s", m.name, s.words, said)
}

// firstNumber is the major release in a report; Ubuntu's has two parts.
var firstNumber = regexp.MustCompile(`\d+(?:\.(?:04|10))?`)

func (d distribution) system(arch, because string) system {
	s := system{publisher: d.publisher, offer: d.offer, sku: d.sku, words: d.name, because: because, minGiB: 30, user: d.user}
	if arch == "arm64" {
		s.offer, s.sku = d.armOffer, d.armSKU
	}
	if d.publisher == "RedHat" {
		s.minGiB = 64
	}
	return s
}

// windowsSystem reads the release, and whether SQL Server comes with the image.
// SKUs of the second generation: Microsoft Learn, "Support for generation 2
// VMs on Azure".
func windowsSystem(text string) system {
	s := system{windows: true, publisher: "MicrosoftWindowsServer", offer: "WindowsServer", sku: "2022-datacenter-g2", minGiB: 127, user: "Administrator", words: "Windows Server 2022"}
	switch year.FindString(strings.ReplaceAll(text, "sql_", "sql ")) {
	case "2012":
		s.sku, s.words = "2012-r2-datacenter-gensecond", "Windows Server 2012 R2, which is out of support"
	case "2016":
		s.sku, s.words = "2016-datacenter-gensecond", "Windows Server 2016"
	case "2019":
		s.sku, s.words = "2019-datacenter-gensecond", "Windows Server 2019"
	case "2025":
		s.sku, s.words = "2025-datacenter-g2", "Windows Server 2025"
	}
	if !isSQL.MatchString(text) {
		return s
	}
	release := "2022"
	if found := sqlYear.FindStringSubmatch(text); found != nil && found[1] != "2017" {
		release = found[1]
	}
	edition := "standard-gen2"
	for _, name := range []string{"enterprise", "web", "express"} {
		if strings.Contains(text, name) {
			edition = name + "-gen2"
		}
	}
	host := map[string]string{"2016": "2019", "2019": "2022", "2022": "2022"}[release]
	s.publisher, s.offer, s.sku = "MicrosoftSQLServer", "sql"+release+"-ws"+host, edition
	s.words += " with SQL Server " + release
	return s
}

// architecture is that of the instance type, amd64 when it is not known.
func (m *machine) architecture() string {
	if spec, ok := m.C.Catalog.EC2(m.typeName()); ok && spec.Arch != "" {
		return spec.Arch
	}
	return "amd64"
}

// start says what has to be done about the image and the first start.
func (m *machine) startGaps() {
	m.Gap("ec2.image", "ImageId="+common.Shown(m.At("ImageId")))
	m.Do("AMIs do not run at Azure: replicate %s with Azure Migrate, or build its image anew in an Azure Compute Gallery and put its id in place of %s", m.name, m.system.words)
	if strings.Contains(m.system.words, "Azure Linux") {
		m.Gap("ec2.amazon-linux", "ImageId="+common.Shown(m.At("ImageId")))
	}
	if strings.Contains(m.system.words, "Red Hat") || m.system.publisher == "SUSE" {
		m.Do("decide whether the subscription of %s is brought along (Azure Hybrid Benefit) or paid by the hour", m.system.words)
	}
	if m.system.windows {
		m.Do("set licenseType to Windows_Server when the company has Windows licences with Software Assurance (Azure Hybrid Benefit)")
	}
	if m.system.user != "" && !m.system.windows {
		m.Gap("ec2.login", "user "+m.system.user)
	}
	text := m.userData()
	if text == "" {
		return
	}
	switch {
	case scriptMarker.MatchString(text):
		m.Gap("ec2.user-data-windows", "UserData")
	default:
		m.Gap("ec2.user-data", "UserData")
	}
	var words []string
	for _, w := range awsWords.FindAllString(text, -1) {
		if w = strings.ToLower(w); !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	slices.Sort(words)
	if len(words) > 0 {
		m.Do("rewrite the user data of %s: it speaks of %s", m.name, strings.Join(words[:min(len(words), 8)], ", "))
	}
}

// customData is the expression for the machine's first start. The text itself
// is never copied: it is written for EC2 and may hold secrets.
func (m *machine) customData() *string {
	if m.userData() == "" {
		return nil
	}
	return new(m.f.parameter(m.C, design.Parameter{
		Name: common.ParameterName("customData", m.name), Type: "string", Secure: true,
		Description: "First start of " + m.name + ", base64: its user data, rewritten for Azure",
	}))
}

// password is the expression for the administrator's password of Windows
// machines.
func password(c *design.Context) *string {
	return new(c.Parameter(design.Parameter{Name: "adminPassword", Secure: true, Description: "Password of the administrator of Windows machines"}))
}

// adminUser is who logs in: Azure refuses names like "administrator", "root"
// and "admin" (Microsoft Learn, "FAQ about Windows virtual machines").
const adminUser = "azureuser"

// sshKey is the expression for the public key that opens a Linux machine.
func (m *machine) sshKey() string {
	name := m.Text("KeyName")
	if r, ok := m.C.Find(m.r, m.At("KeyName"), "AWS::EC2::KeyPair"); ok {
		return m.f.keyParameter(m.C, r, design.Text(r.Properties, "KeyName"))
	}
	if common.Unresolved(name) {
		name = ""
	}
	return m.f.keyParameter(m.C, nil, name)
}

func (f *family) keyParameter(c *design.Context, r *inventory.Resource, name string) string {
	if name == "" && r != nil {
		name = r.Name
	}
	p := design.Parameter{Name: common.ParameterName("sshKey", name), Description: "Public SSH key of the administrator of Linux machines"}
	if name != "" {
		p.Description = "Public SSH key that stands for the key pair " + name
	}
	if r != nil && design.Text(r.Properties, "PublicKeyMaterial") != "" && !common.Unresolved(design.Text(r.Properties, "PublicKeyMaterial")) {
		p.Default = design.Text(r.Properties, "PublicKeyMaterial")
	}
	return f.parameter(c, p)
}
