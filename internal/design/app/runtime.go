package app

import (
	"regexp"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/web/2025-05-01/webapps"
)

// runtime is what Functions runs a program with.
type runtime struct {
	name    webapps.RuntimeName
	version string
	// gap is the difference that comes with it, "" for none.
	gap string
}

var languageForm = regexp.MustCompile(`^(nodejs|python|java|dotnetcore|dotnet|ruby|go|provided)([0-9.]*)`)

// runtimeOf maps a runtime of Lambda, retired ones too, to one that Functions
// still supports (Microsoft Learn, "Supported languages in Azure Functions";
// Lambda developer guide, "Lambda runtimes").
func runtimeOf(p any) runtime {
	m := languageForm.FindStringSubmatch(strings.ToLower(design.Text(p, "Runtime")))
	if m == nil {
		return runtime{webapps.RuntimeNameCustom, "1.0", "lambda.runtime-unknown"}
	}
	version := strings.Trim(m[2], ".")
	switch m[1] {
	case "nodejs":
		return supported(webapps.RuntimeNameNode, version, []string{"20", "22"}, "22")
	case "python":
		return supported(webapps.RuntimeNamePython, version, []string{"3.10", "3.11", "3.12", "3.13"}, "3.12")
	case "java":
		if version == "25" {
			return runtime{webapps.RuntimeNameJava, "21", "lambda.runtime-version"}
		}
		return supported(webapps.RuntimeNameJava, version, []string{"11", "17", "21"}, "17")
	case "dotnet", "dotnetcore":
		if m[1] == "dotnet" && (version == "8" || version == "9" || version == "10") {
			return runtime{webapps.RuntimeNameDotnetNegativeisolated, version + ".0", ""}
		}
		return runtime{webapps.RuntimeNameDotnetNegativeisolated, "8.0", "lambda.runtime-version"}
	}
	return runtime{webapps.RuntimeNameCustom, "1.0", "lambda.custom-handler"}
}

func supported(name webapps.RuntimeName, version string, versions []string, otherwise string) runtime {
	for _, v := range versions {
		if v == version {
			return runtime{name, version, ""}
		}
	}
	return runtime{name, otherwise, "lambda.runtime-version"}
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
