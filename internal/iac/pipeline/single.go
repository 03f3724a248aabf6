package pipeline

import (
	"slices"
	"strings"
)

// single is one pipeline that a template stands beside.
type single struct {
	*delivery
	found
	// PartWords tell deliver.sh what this pipeline delivers, "" for all.
	PartWords string
	// BuildSteps are the steps of a workflow that build, as YAML.
	BuildSteps string
}

// Path, Name, Branches and Jobs are what the templates need of it.
func (s single) Path() string { return s.path }

// Name is what other pipelines know it by.
func (s single) Name() string { return s.name }

// Branches are what it runs for.
func (s single) Branches() []string { return s.branches }

// Built are the paths that the build of the same commit hands over.
func (s single) Built() []string { return s.built() }

// PackageName is what the handed over build is called.
func (s single) PackageName() string { return packageName }

// PackageArchive is the file in which it is handed over.
func (s single) PackageArchive() string { return packageArchive }

// Artifacts is the folder into which it is unpacked.
func (s single) Artifacts() string { return artifactsFolder }

// wait is a job of GitLab that has to end first.
type wait struct {
	Job       string
	Artifacts bool
}

// Keep is the job of GitLab that has to hand over what it built and does not
// yet, "" for none.
func (s single) Keep() string {
	if len(s.Built()) == 0 || len(s.keepers) > 0 {
		return ""
	}
	return s.packer
}

// Waits are the jobs of GitLab that the delivery waits for: those that deliver
// to AWS, and those that built what is delivered.
func (s single) Waits() []wait {
	var out []wait
	for _, job := range s.jobs {
		out = append(out, wait{job, slices.Contains(s.keepers, job) || job == s.Keep()})
	}
	for _, job := range s.keepers {
		if !slices.Contains(s.jobs, job) {
			out = append(out, wait{job, true})
		}
	}
	return out
}

// Builds are the jobs of GitLab that build and stay after the move.
func (s single) Builds() []string {
	return slices.DeleteFunc(slices.Clone(s.keepers), func(job string) bool { return slices.Contains(s.jobs, job) })
}

// newSingle gathers what the templates ask for.
func newSingle(x *delivery, p found, content string, delivering int) single {
	s := single{delivery: x, found: p}
	if parts := partsOf(p, delivering); len(parts) != 1 || parts[0] != string(everything) {
		s.PartWords = strings.Join(parts, " ")
	}
	if p.system == github {
		s.BuildSteps, _ = buildSteps(content)
	}
	return s
}
