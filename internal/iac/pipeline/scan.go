package pipeline

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// system is what runs a pipeline.
type system string

const (
	github    system = "github"
	gitlab    system = "gitlab"
	codebuild system = "codebuild"
	jenkins   system = "jenkins"
)

// found is one pipeline of the checkout.
type found struct {
	system system
	path   string
	// name is what other pipelines know it by: a workflow's name.
	name string
	// branches are what it runs for, "main" when it does not say.
	branches []string
	// jobs are those that deliver to AWS, where the system has jobs; keepers
	// those that hand over files of their own, and packer the one that has what
	// is delivered.
	jobs, keepers []string
	packer        string
	steps         []step
	// images are what it builds with Docker.
	images []image
	// keeps says that it hands over what it built (the artifacts of a buildspec).
	keeps bool
}

// step is a line that does something to AWS.
type step struct {
	line int
	what action
	// text is the command without its values; folder is what it copies from,
	// name the function that it is copied to, bucket the bucket.
	text, folder, bucket, name string
}

// action is a kind of delivery.
type action string

const (
	images         action = "images"
	containers     action = "containers"
	functions      action = "functions"
	site           action = "site"
	purge          action = "purge"
	cluster        action = "cluster"
	infrastructure action = "infrastructure"
	machines       action = "machines"
	webApps        action = "web apps"
	keys           action = "keys"
	other          action = "other"
)

type needle struct {
	what action
	text []string
}

// needles tell what a line does. The order decides where two fit.
func needles() []needle {
	return []needle{
		{images, []string{"amazon-ecr-login", "ecr get-login", "docker push", "docker/build-push-action", "kaniko"}},
		{containers, []string{"amazon-ecs-deploy", "aws ecs update-service", "aws ecs register-task-definition", "aws ecs run-task", "ecs-deploy", "copilot svc deploy", "apprunner start-deployment"}},
		{functions, []string{"aws lambda update-function", "aws lambda publish", "sam deploy", "sam build", "serverless deploy", "sls deploy", "aws-lambda-deploy", "chalice deploy"}},
		{purge, []string{"cloudfront create-invalidation"}},
		{site, []string{"aws s3 sync", "aws s3 cp", "s3-sync-action"}},
		{cluster, []string{"aws eks update-kubeconfig", "kubectl apply", "kubectl set image", "kubectl rollout", "helm upgrade", "helm install", "kustomize build"}},
		{infrastructure, []string{"cdk deploy", "aws cloudformation deploy", "aws cloudformation create-stack", "aws cloudformation update-stack", "aws-cloudformation-github-deploy", "terraform apply", "tofu apply", "terragrunt apply", "pulumi up"}},
		{machines, []string{"aws deploy create-deployment", "aws deploy push", "aws ssm send-command", "autoscaling start-instance-refresh", "aws imagebuilder", "packer build"}},
		{webApps, []string{"eb deploy", "elasticbeanstalk update-environment", "beanstalk-deploy", "amplify publish", "amplify start-deployment", "amplify start-job"}},
		{keys, []string{"aws_access_key_id", "aws-access-key-id", "aws_secret_access_key"}},
	}
}

var (
	awsCommand = regexp.MustCompile(`\baws\s+(?:--\S+\s+\S+\s+)*([a-z][a-z0-9-]+)\s+([a-z][a-z0-9-]+)`)
	copyForm   = regexp.MustCompile(`aws\s+s3\s+(?:sync|cp)\s+(\S+)\s+["']?s3://([^/\s"']+)`)
	plainName  = regexp.MustCompile(`^[A-Za-z0-9._/-]+$`)
)

// scan finds the pipelines of a checkout, in the order of their paths.
func scan(files map[string][]byte) []found {
	var out []found
	for _, name := range sortedPaths(files) {
		text := string(files[name])
		base := path.Base(name)
		switch {
		case strings.HasPrefix(name, ".github/workflows/") && isYAML(base):
			out = append(out, workflow(name, text))
		case base == ".gitlab-ci.yml" || base == ".gitlab-ci.yaml" || strings.HasPrefix(name, ".gitlab/") && isYAML(base):
			out = append(out, gitlabPipeline(name, text))
		case strings.HasPrefix(base, "buildspec") && isYAML(base):
			out = append(out, found{system: codebuild, path: name, name: base, steps: stepsOf(text), images: imagesOf(text), keeps: mapping(text)["artifacts"] != nil})
		case strings.HasPrefix(base, "Jenkinsfile"):
			out = append(out, found{system: jenkins, path: name, name: base, steps: stepsOf(text), images: imagesOf(text)})
		}
	}
	return out
}

func sortedPaths(files map[string][]byte) []string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func isYAML(name string) bool {
	return strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml")
}

// delivers reports whether a pipeline does something to AWS.
func (f found) delivers() bool {
	return slices.ContainsFunc(f.steps, func(s step) bool { return s.what != keys })
}

func (f found) does(what action) bool {
	return slices.ContainsFunc(f.steps, func(s step) bool { return s.what == what })
}

// stepsOf reads what the lines of a pipeline do to AWS. Comments do nothing; a
// line that ends in a backslash goes on in the next one.
func stepsOf(text string) []step {
	var out []step
	whole, began := "", 0
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, "//") {
			continue
		}
		if whole == "" {
			began = i + 1
		}
		part, goesOn := strings.CutSuffix(trimmed, "\\")
		if whole += part; goesOn {
			continue
		}
		if s, ok := stepOf(whole); ok {
			s.line = began
			out = append(out, s)
		}
		whole = ""
	}
	return out
}

func stepOf(line string) (step, bool) {
	lower := strings.ToLower(line)
	for _, n := range needles() {
		for _, text := range n.text {
			if !strings.Contains(lower, text) {
				continue
			}
			s := step{what: n.what, text: text}
			s.read(line)
			return s, true
		}
	}
	// A call that only logs in or asks who one is delivers nothing.
	if m := awsCommand.FindStringSubmatch(lower); m != nil && m[1] != "sts" && m[1] != "configure" {
		return step{what: other, text: "aws " + m[1] + " " + m[2]}, true
	}
	return step{}, false
}

// read takes the values of a line: what is copied, and where to.
func (s *step) read(line string) {
	if m := copyForm.FindStringSubmatch(line); m != nil {
		s.folder, s.bucket = strings.Trim(m[1], `"'`), m[2]
	}
	if m := functionForm.FindStringSubmatch(line); m != nil {
		s.name = m[1]
	}
	if m := packageForm.FindStringSubmatch(line); m != nil && s.what == functions {
		s.folder = m[1]
	}
	if m := manifestForm.FindStringSubmatch(line); m != nil && s.what == cluster {
		s.folder = m[1]
	}
	// What is made up while the pipeline runs, or lies outside of the checkout,
	// is not known here.
	if strings.HasPrefix(s.folder, "s3://") || !plainName.MatchString(s.folder) || strings.HasPrefix(path.Clean(s.folder), "..") || path.IsAbs(s.folder) {
		s.folder = ""
	}
}

// workflow reads a workflow of GitHub Actions: its name, its branches.
func workflow(name, text string) found {
	f := found{system: github, path: name, name: name, steps: stepsOf(text), images: imagesOf(text)}
	root := mapping(text)
	if title, ok := root["name"].(string); ok && title != "" {
		f.name = title
	}
	// YAML 1.1 reads the key "on" as true; this reader keeps it.
	on, _ := root["on"].(map[string]any)
	push, _ := on["push"].(map[string]any)
	branches, _ := push["branches"].([]any)
	for _, b := range branches {
		if branch, ok := b.(string); ok {
			f.branches = append(f.branches, branch)
		}
	}
	if len(f.branches) == 0 {
		f.branches = []string{"main"}
	}
	return f
}

// gitlabPipeline reads the jobs that deliver to AWS: the dual target waits
// for them.
func gitlabPipeline(name, text string) found {
	f := found{system: gitlab, path: name, name: path.Base(name), steps: stepsOf(text), images: imagesOf(text)}
	root := mapping(text)
	for _, job := range sortedKeys(root) {
		body, ok := root[job].(map[string]any)
		if !ok || body["script"] == nil || strings.HasPrefix(job, ".") {
			continue
		}
		steps := stepsOf(strings.Join(lines(body["script"]), "\n"))
		if slices.ContainsFunc(steps, func(s step) bool { return s.what != keys && s.what != images }) {
			f.jobs = append(f.jobs, job)
		}
		if handsOver(body) {
			f.keepers = append(f.keepers, job)
		}
		if len((found{steps: steps}).built()) > 0 && f.packer == "" {
			f.packer = job
		}
	}
	return f
}

// handsOver reports whether a job of GitLab keeps files for later ones.
func handsOver(job map[string]any) bool {
	artifacts, _ := job["artifacts"].(map[string]any)
	return len(lines(artifacts["paths"])) > 0
}

// mapping reads YAML as far as it can; what cannot be read has no names.
func mapping(text string) map[string]any {
	out := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &out); err != nil {
		return map[string]any{}
	}
	return out
}

func lines(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, w := range v {
			out = append(out, lines(w)...)
		}
		return out
	}
	return nil
}

// System and Line are for templates.
func (f found) System() system { return f.system }

// Line is where the step stands in its file.
func (s step) Line() int { return s.line }

// place is where a step stands, for people.
func (f found) place(s step) string { return fmt.Sprintf("%s:%d", f.path, s.line) }
