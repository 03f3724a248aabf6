package assess

import (
	"cmp"
	"slices"
	"strings"

	"example.com/landfall/internal/inventory"
)

// licences finds software that is paid for: Windows, Linux by subscription,
// commercial databases, Marketplace images.
func (w *workload) licences() []Licence {
	out := []Licence{}
	for _, r := range w.relevant() {
		for _, l := range licencesOf(r) {
			l.ID, l.Boundary = r.ID, w.boundary(r.ID)
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b Licence) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Software, b.Software))
	})
	return out
}

func licencesOf(r inventory.Resource) []Licence {
	switch r.Kind {
	case "AWS::EC2::Instance", "AWS::EC2::Image":
		return machineLicences(r)
	case "AWS::RDS::DBInstance", "AWS::RDS::DBCluster":
		return databaseLicence(r)
	case "AWS::FSx::FileSystem":
		if strings.EqualFold(text(r, "FileSystemType"), "ONTAP") {
			return []Licence{{Software: "NetApp ONTAP", Model: "license-included", Evidence: "FileSystemType"}}
		}
	}
	return nil
}

// machineLicences reads the platform details that EC2 bills by ("Windows with
// SQL Server Standard", "Red Hat Enterprise Linux"), else the platform.
func machineLicences(r inventory.Resource) []Licence {
	var out []Licence
	details, at := text(r, "PlatformDetails"), "PlatformDetails"
	if details == "" {
		details, at = text(r, "Platform"), "Platform"
	}
	low := strings.ToLower(details)
	for _, known := range []struct {
		word, software string
		benefit        bool
	}{
		{"windows", "Windows Server", true}, {"sql server", "SQL Server", true},
		// Azure Hybrid Benefit covers these two Linux subscriptions.
		{"red hat", "Red Hat Enterprise Linux", true}, {"suse", "SUSE Linux Enterprise Server", true},
		{"ubuntu pro", "Ubuntu Pro", false},
	} {
		if strings.Contains(low, known.word) {
			model := "license-included"
			if strings.Contains(low, "byol") {
				model = "bring-your-own-license"
			}
			out = append(out, Licence{Software: known.software, Model: model, HybridBenefit: known.benefit, Evidence: at + ": " + details})
		}
	}
	for _, code := range list(r, "ProductCodes") {
		m, _ := code.(map[string]any)
		if id := textOf(m["ProductCodeId"]); id != "" && strings.EqualFold(textOf(m["ProductCodeType"]), "marketplace") {
			out = append(out, Licence{Software: "AWS Marketplace product " + id, Model: "marketplace", Evidence: "ProductCodes"})
		}
	}
	return out
}

func databaseLicence(r inventory.Resource) []Licence {
	engine := strings.ToLower(text(r, "Engine"))
	var l Licence
	switch {
	case strings.HasPrefix(engine, "oracle"), strings.HasPrefix(engine, "custom-oracle"):
		l = Licence{Software: "Oracle Database"}
	case strings.HasPrefix(engine, "sqlserver"), strings.HasPrefix(engine, "custom-sqlserver"):
		l = Licence{Software: "SQL Server", HybridBenefit: true}
	case strings.HasPrefix(engine, "db2"):
		l = Licence{Software: "IBM Db2"}
	default:
		return nil
	}
	l.Model, l.Evidence = text(r, "LicenseModel"), "Engine: "+engine
	if l.Model == "" {
		l.Model = "unknown"
	}
	return []Licence{l}
}
