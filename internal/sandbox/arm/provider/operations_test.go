package provider

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The table of operations is read from the Go SDK that the product uses for
// its typed models. Run "go test ./internal/sandbox/arm/provider -run Operations -update" after
// a new version of that module.
var update = flag.Bool("update", false, "read operations.txt anew from the SDK in the module cache")

const (
	sdkModule     = "github.com/hashicorp/go-azure-sdk/resource-manager"
	helpersModule = "github.com/hashicorp/go-azure-helpers"
)

var (
	idForm     = regexp.MustCompile(`(?s)func \(id (\w+)\) ID\(\) string \{\s*fmtString := "([^"]+)"`)
	methodForm = regexp.MustCompile(`func \(c \w+\) (\w+)\(ctx context\.Context, id (?:commonids\.)?(\w+)`)
	codesForm  = regexp.MustCompile(`(?s)ExpectedStatusCodes: \[\]int\{(.*?)\}`)
	codeForm   = regexp.MustCompile(`http\.Status(\w+)`)
	verbForm   = regexp.MustCompile(`HttpMethod:\s+http\.Method(\w+)`)
	suffixForm = regexp.MustCompile(`Path:\s+fmt\.Sprintf\("%s/([^"%]+)", id\.ID\(\)\)`)
	plainForm  = regexp.MustCompile(`Path:\s+id\.ID\(\)`)
)

// found is what the SDK says of one type.
type found struct {
	name     string
	versions map[string]bool
	newest   string
	verbs    map[string]string
	actions  map[string]string
}

func TestOperationsAreReadFromTheSDK(t *testing.T) {
	if !*update {
		// Reading 30,000 files belongs to the change of that module's version
		// only; TestTheTableIsSound checks what is there.
		if !strings.Contains(operationsText, sdkModule) {
			t.Error("operations.txt does not name its source")
		}
		return
	}
	all := map[string]*found{}
	common := idsIn(t, filepath.Join(moduleDir(t, helpersModule), "resourcemanager", "commonids"))
	root := moduleDir(t, sdkModule)
	packages, err := filepath.Glob(filepath.Join(root, "*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range packages {
		readPackage(t, dir, filepath.Base(filepath.Dir(dir)), common, all)
	}
	var b strings.Builder
	b.WriteString("# Operations of Azure resource types: API versions, then status codes per verb (L: long-running), then actions (POST).\n")
	b.WriteString("# Read from the ExpectedStatusCodes of " + sdkModule + " by operations_test.go.\n")
	for _, key := range slices.Sorted(maps.Keys(all)) {
		b.WriteString(all[key].line() + "\n")
	}
	if err := os.WriteFile("operations.txt", []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d types", len(all))
}

func moduleDir(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil || len(strings.TrimSpace(string(out))) == 0 {
		t.Fatalf("find module %s: %v; run go mod download", module, err)
	}
	return strings.TrimSpace(string(out))
}

func idsIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	ids := map[string]string{}
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range idForm.FindAllStringSubmatch(string(text), -1) {
			ids[m[1]] = m[2]
		}
	}
	return ids
}

func readPackage(t *testing.T, dir, version string, common map[string]string, all map[string]*found) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "method_*.go"))
	if len(files) == 0 {
		return
	}
	ids := maps.Clone(common)
	own, _ := filepath.Glob(filepath.Join(dir, "id_*.go"))
	if len(own) > 0 {
		maps.Copy(ids, idsIn(t, dir))
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		readMethod(string(raw), version, ids, all)
	}
}

func readMethod(text, version string, ids map[string]string, all map[string]*found) {
	method, codes, verb := methodForm.FindStringSubmatch(text), codesForm.FindStringSubmatch(text), verbForm.FindStringSubmatch(text)
	if method == nil || codes == nil || verb == nil {
		return
	}
	segments := strings.Split(strings.Trim(ids[method[2]], "/"), "/")
	at := -1
	for i, s := range segments {
		if s == "providers" {
			at = i
		}
	}
	if at < 0 || at+2 >= len(segments) || strings.Contains(segments[at+1], "%") {
		return
	}
	kind := segments[at+1]
	for i := at + 2; i < len(segments); i += 2 {
		kind += "/" + segments[i]
	}
	if strings.Contains(kind, "%") {
		return
	}
	action := ""
	if suffix := suffixForm.FindStringSubmatch(text); suffix != nil {
		parts := strings.Split(suffix[1], "/")
		for len(parts) >= 2 && parts[0] != "providers" {
			kind, parts = kind+"/"+parts[0], parts[2:]
		}
		if len(parts) > 0 && parts[0] == "providers" {
			return
		}
		action = strings.Join(parts, "/")
	} else if !plainForm.MatchString(text) {
		return
	}
	record(all, kind, version, strings.ToUpper(verb[1]), action, codeList(codes[1])+long(text))
}

func long(text string) string {
	if strings.Contains(text, "pollers.Poller") {
		return "L"
	}
	return ""
}

func codeList(block string) string {
	var numbers []string
	for _, m := range codeForm.FindAllStringSubmatch(block, -1) {
		for code := 200; code < 500; code++ {
			if strings.ReplaceAll(strings.ReplaceAll(http.StatusText(code), " ", ""), "-", "") == m[1] {
				numbers = append(numbers, fmt.Sprint(code))
			}
		}
	}
	slices.Sort(numbers)
	return strings.Join(numbers, ",")
}

func record(all map[string]*found, kind, version, verb, action, codes string) {
	key := strings.ToLower(kind)
	f := all[key]
	if f == nil {
		f = &found{versions: map[string]bool{}, verbs: map[string]string{}, actions: map[string]string{}}
		all[key] = f
	}
	f.versions[version] = true
	if version < f.newest {
		return
	}
	f.newest, f.name = version, kind
	switch {
	case action == "":
		f.verbs[verb] = codes
	case verb == "POST":
		f.actions[action] = codes
	}
}

func (f *found) line() string {
	parts := []string{f.name, strings.Join(slices.Sorted(maps.Keys(f.versions)), ",")}
	for _, verb := range []string{"PUT", "PATCH", "DELETE"} {
		if codes, ok := f.verbs[verb]; ok {
			parts = append(parts, verb+"="+codes)
		}
	}
	for _, action := range slices.Sorted(maps.Keys(f.actions)) {
		parts = append(parts, "+"+action+"="+f.actions[action])
	}
	return strings.Join(parts, " ")
}
