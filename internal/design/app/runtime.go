package app

import (
	"regexp"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/web/2025-05-01/webapps"
)

// runtime is what Functions runs a program with.
type runtime struct {
	name    webapps.RuntimeName
	version string
	// gap is the difference that comes with it, "" for none; until is when the
	// support ends that the gap speaks of.
	gap, until string
}

// worthMonths is how long the version that replaces another one is supported at
// least: a program is rewritten for it once.
const worthMonths = 12

var languageForm = regexp.MustCompile(`^(nodejs|python|java|dotnetcore|dotnet|ruby|go|provided)([0-9.]*)`)

// runtimeOf maps a runtime of Lambda, retired ones too, to one that Functions
// still supports (Microsoft Learn, "Supported languages in Azure Functions";
// Lambda developer guide, "Lambda runtimes").
func runtimeOf(facts *catalog.Catalog, p any) runtime {
	m := languageForm.FindStringSubmatch(strings.ToLower(design.Text(p, "Runtime")))
	if m == nil {
		return runtime{webapps.RuntimeNameCustom, "1.0", "lambda.runtime-unknown", ""}
	}
	version := strings.Trim(m[2], ".")
	switch m[1] {
	case "nodejs":
		return supported(facts, webapps.RuntimeNameNode, version)
	case "python":
		return supported(facts, webapps.RuntimeNamePython, version)
	case "java":
		return supported(facts, webapps.RuntimeNameJava, version)
	case "dotnet":
		return supported(facts, webapps.RuntimeNameDotnetNegativeisolated, version+".0")
	case "dotnetcore":
		return supported(facts, webapps.RuntimeNameDotnetNegativeisolated, version)
	}
	return runtime{webapps.RuntimeNameCustom, "1.0", "lambda.custom-handler", ""}
}

// supported keeps the version where Functions supports it beyond the move. Older
// ones become the oldest version that is worth it, newer ones the newest there is.
func supported(facts *catalog.Catalog, name webapps.RuntimeName, version string) runtime {
	product, day := "functions/"+string(name), facts.Day()
	lasting, _ := facts.Lasting(product, day, worthMonths)
	r, known := facts.Release(product, version)
	switch {
	case !known && catalog.Newer(version, lasting.Version):
		all := facts.Releases(product)
		return runtime{name, all[len(all)-1].Version, "lambda.runtime-version", ""}
	case !known || !r.Offered(day):
		return runtime{name, lasting.Version, "lambda.runtime-version", ""}
	case !r.Lasts(day, moveMonths):
		return runtime{name, lasting.Version, "lambda.runtime-ended", r.Ends}
	case !r.Lasts(day, moveMonths+restMonths):
		return runtime{name, version, "lambda.runtime-ends", r.Ends}
	}
	return runtime{name, version, "", ""}
}

// linux is the form in which a Premium plan names a runtime.
func (r runtime) linux() string {
	switch r.name {
	case webapps.RuntimeNameDotnetNegativeisolated:
		return "DOTNET-ISOLATED|" + r.version
	case webapps.RuntimeNameCustom:
		return ""
	}
	return strings.ToUpper(string(r.name)) + "|" + r.version
}

func runtimeName(r *inventory.Resource) string {
	if name := design.Text(r.Properties, "Runtime"); name != "" {
		return name
	}
	return "an unknown runtime"
}
