package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// report collects findings.
type report []design.Finding

func (r *report) add(id string, severity design.Severity, text, do string) {
	*r = append(*r, design.Finding{ID: "pipeline." + id, Severity: severity, Text: text, Do: do, About: []cloud.ResourceID{}})
}

// findings are what the files cannot say.
func findings(pipelines []found, x *delivery, files map[string][]byte) []design.Finding {
	var out report
	delivering := 0
	for _, p := range pipelines {
		if p.delivers() {
			delivering++
			out.handing(p, string(files[p.path]))
		}
		if p.does(keys) {
			out.add("keys."+p.path, design.Medium, p.path+" logs in to AWS with stored keys", "let it assume a role with its own token; the Azure pipelines store no key")
		}
		for _, s := range p.steps {
			out.step(p, s, x)
		}
	}
	if delivering == 0 {
		out.add("none", design.Low, fmt.Sprintf("%d pipelines were found, none of which delivers to AWS", len(pipelines)), "call deliver.sh from wherever the workload is delivered")
	} else {
		out.add("version", design.Medium, "the parity check needs a path at which both sides answer with the commit that they run", "let the application answer it, and set VERSION_PATH in the files of environments/")
	}
	out.units(x)
	slices.SortFunc(out, func(a, b design.Finding) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(out, func(a, b design.Finding) bool { return a.ID == b.ID })
}

// handing says what a pipeline has to do so that Azure gets the same build.
func (r *report) handing(p found, content string) {
	built := strings.Join(p.built(), ", ")
	if built == "" {
		return
	}
	id, text := "build."+p.path, fmt.Sprintf("%s builds what both sides get (%s) and has to hand it over", p.path, built)
	switch p.system {
	case github:
		r.add(id, design.Medium, text, "apply the patch beside the workflow: it uploads the build as artifact "+packageName)
		_, leftOut := buildSteps(content)
		for _, line := range leftOut {
			r.add(fmt.Sprintf("left-out.%s:%d", p.path, line), design.Medium, fmt.Sprintf("the step at %s:%d takes values from its surroundings and is not in the workflow for Azure alone", p.path, line), "write it into the build of that workflow if the build needs it")
		}
		if handOver(p, content) == nil {
			r.add("patch."+p.path, design.Medium, p.path+" is written in a form to which no step can be added", "upload the build as artifact "+packageName+" by hand: tar --create --gzip --file "+packageArchive+" -- "+strings.Join(p.built(), " "))
		}
	case codebuild:
		if !p.keeps {
			r.add(id, design.Medium, text, "list these paths under artifacts in the buildspec")
		}
	case jenkins:
		r.add(id, design.Medium, text, "keep "+packageArchive+" with archiveArtifacts, as the head of the Jenkins file says")
	case gitlab:
		if len(p.keepers) == 0 && p.packer == "" {
			r.add(id, design.Medium, text, "list these paths under artifacts in the job that builds")
		}
	}
}

func (r *report) step(p found, s step, x *delivery) {
	switch s.what {
	case other:
		r.add("step."+p.place(s), design.Medium, fmt.Sprintf("%s calls %q, which has no counterpart in the delivery to Azure", p.place(s), s.text), "decide whether the workload needs it at Azure, and add it to deliver.sh")
	case infrastructure:
		r.add("infrastructure."+p.place(s), design.Low, fmt.Sprintf("%s makes the infrastructure with %q; at Azure the code below %s does", p.place(s), s.text, x.Code), "keep changing both while both run")
	case site:
		switch at := slices.IndexFunc(x.Sites, func(w webSite) bool { return w.Folder == s.folder }); {
		case s.folder == "":
			r.add("site."+p.place(s), design.Medium, p.place(s)+" copies a folder whose name is only known while it runs", "add the copy to deliver.sh, and the folder to what the build hands over")
		case at < 0 || x.Sites[at].Var == "":
			r.add("site."+p.place(s), design.Medium, p.place(s)+" copies files into a bucket that the design does not know by that name", "set SITE_ACCOUNT and SITE_CONTAINER in the files of environments/")
		}
	case functions:
		known := slices.ContainsFunc(x.Functions, func(u unit) bool { return s.folder != "" && u.Package == s.folder })
		if !known {
			r.add("function."+p.place(s), design.Medium, fmt.Sprintf("%s delivers functions with %q, and which package goes to which function app is not known", p.place(s), s.text), "set PACKAGE_FUNCTION_... in the files of environments/ to the path of each package in the build")
		}
	case cluster:
		if len(x.Clusters) > 0 {
			r.add("manifests", design.Medium, p.place(s)+" brings manifests to the cluster at AWS; images, classes of storage and ingress have other names at Azure", "set MANIFESTS in the files of environments/ to a folder of manifests for Azure"+ofFolder(x.Manifests))
		}
	}
}

func ofFolder(folder string) string {
	if folder == "" {
		return ""
	}
	return ", made from " + folder
}

// units names what is delivered to and of which nobody knows what it gets: the
// script stops there.
func (r *report) units(x *delivery) {
	for _, u := range slices.Concat(x.Apps, x.Jobs) {
		if u.Image == "" {
			r.add("image."+u.Name, design.Medium, "no pipeline builds an image that is called like "+u.Name, fmt.Sprintf("set IMAGE_%s in the files of environments/ to the name of its image", u.Var))
		}
	}
	for _, u := range slices.Concat(x.Functions, x.WebApps) {
		if u.Package == "" {
			r.add("package."+u.Name, design.Medium, "no pipeline is known to build the package of "+u.Name, fmt.Sprintf("set PACKAGE_%s in the files of environments/ to its path in the build", u.Var))
		}
	}
	if !x.Registry && len(x.Apps)+len(x.Jobs)+len(x.Images) > 0 {
		r.add("registry", design.Medium, "images are run or built, and the design has no registry for them", "set REGISTRY in the files of environments/ to the name of a registry")
	}
	if len(x.Functions) > 0 {
		r.add("functions", design.Medium, "function code has to follow the programming model of Azure Functions before it can be delivered", "change handlers and triggers, and build one package for each function app")
	}
}
