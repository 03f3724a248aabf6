package pipeline

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	dockerBuild  = regexp.MustCompile(`docker\s+(?:buildx\s+)?build\s+(.+)`)
	packageForm  = regexp.MustCompile(`--zip-file[ =]["']?fileb://([^\s"']+)`)
	functionForm = regexp.MustCompile(`--function-name[ =]["']?([^\s"']+)`)
	manifestForm = regexp.MustCompile(`kubectl\s+apply\s.*(?:-f|--filename|-k|--kustomize)[ =]["']?([^\s"']+)`)
)

// part is a word with which deliver.sh is told what to deliver.
type part string

const (
	everything      part = "all"
	partImages      part = "images"
	partFunctions   part = "functions"
	partWebApps     part = "web-apps"
	partSites       part = "sites"
	partClusters    part = "clusters"
	partMachines    part = "machines"
	partInfra       part = "infrastructure"
	packageName          = "azure-packages"
	packageArchive       = packageName + ".tgz"
	artifactsFolder      = "artifacts"
)

// partOf is what a step at AWS becomes at Azure.
func partOf(a action) part {
	switch a {
	case images, containers:
		return partImages
	case functions:
		return partFunctions
	case site, purge:
		return partSites
	case cluster:
		return partClusters
	case machines:
		return partMachines
	case webApps:
		return partWebApps
	case infrastructure:
		return partInfra
	}
	return ""
}

// partsOf are what a pipeline delivers at Azure: all of it when it is the only
// one that delivers, else what it delivers to AWS, after the infrastructure.
func partsOf(p found, delivering int) []string {
	if delivering == 1 {
		return []string{string(everything)}
	}
	out := []string{string(partInfra)}
	for _, s := range p.steps {
		if v := string(partOf(s.what)); v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// built lists what the steps of a pipeline take from its own build: packages
// of functions and folders of sites, by their paths in the checkout.
func (f found) built() []string {
	var out []string
	for _, s := range f.steps {
		if (s.what == functions || s.what == site) && s.folder != "" && !slices.Contains(out, path.Clean(s.folder)) {
			out = append(out, path.Clean(s.folder))
		}
	}
	slices.Sort(out)
	return out
}

// imagesOf reads which images the lines of a pipeline build: the folder and the
// Dockerfile of each "docker build" and of each docker/build-push-action.
func imagesOf(text string) []image {
	var out []image
	add := func(name, folder, file string) {
		folder = path.Clean(folder)
		if folder == "" || !plainName.MatchString(folder) || strings.HasPrefix(folder, "..") {
			return
		}
		if file == "" || !plainName.MatchString(file) {
			file = path.Join(folder, "Dockerfile")
		}
		if i := (image{imageName(name), folder, file}); !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	joined := strings.ReplaceAll(text, "\\\n", " ")
	for line := range strings.Lines(joined) {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, "//") {
			continue
		}
		if m := dockerBuild.FindStringSubmatch(trimmed); m != nil {
			name, file, folder := buildWords(m[1])
			add(name, folder, file)
		}
	}
	for _, with := range buildActions(mapping(text)) {
		folder, _ := with["context"].(string)
		if folder == "" {
			folder = "."
		}
		file, _ := with["file"].(string)
		tags, _ := with["tags"].(string)
		first, _, _ := strings.Cut(strings.TrimSpace(tags), "\n")
		add(first, folder, file)
	}
	return out
}

// buildWords reads the words behind "docker build".
func buildWords(text string) (name, file, folder string) {
	for _, end := range []string{"&&", ";", "|", ">"} {
		text, _, _ = strings.Cut(text, end)
	}
	fields := strings.Fields(text)
	for i := 0; i < len(fields); i++ {
		word := strings.Trim(fields[i], `"'`)
		option, value, inline := strings.Cut(word, "=")
		if !strings.HasPrefix(word, "-") {
			folder = word
			continue
		}
		takes := slices.Contains([]string{"-t", "--tag", "-f", "--file", "--build-arg", "--platform", "--target", "--cache-from", "--cache-to", "--label", "--network", "--secret", "--ssh", "--progress", "--output", "-o"}, option)
		if takes && !inline && i+1 < len(fields) {
			i++
			value = strings.Trim(fields[i], `"'`)
		}
		switch option {
		case "-t", "--tag":
			name = value
		case "-f", "--file":
			file = value
		}
	}
	return name, file, folder
}

// imageName is the repository of a tag, "" when it is made up while the
// pipeline runs.
func imageName(tag string) string {
	if at := strings.LastIndexByte(tag, '/'); at >= 0 {
		tag = tag[at+1:]
	}
	tag, _, _ = strings.Cut(tag, ":")
	tag, _, _ = strings.Cut(tag, "@")
	if tag == "" || strings.ContainsAny(tag, "${}()") {
		return ""
	}
	return plain(tag)
}

// buildActions finds the inputs of docker/build-push-action anywhere in a
// workflow, in the order of the keys.
func buildActions(v any) []map[string]any {
	var out []map[string]any
	switch v := v.(type) {
	case map[string]any:
		if uses, _ := v["uses"].(string); strings.HasPrefix(uses, "docker/build-push-action@") {
			with, _ := v["with"].(map[string]any)
			return []map[string]any{with}
		}
		for _, key := range sortedKeys(v) {
			out = append(out, buildActions(v[key])...)
		}
	case []any:
		for _, w := range v {
			out = append(out, buildActions(w)...)
		}
	}
	return out
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
