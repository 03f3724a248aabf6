package pipeline

import (
	"path"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// delivery is what the pipelines of every system do at Azure.
type delivery struct {
	Workload string
	// Bicep says which code is deployed; Terraform otherwise.
	Bicep bool
	// Code is the folder of the infrastructure code in the checkout.
	Code         string
	Environments []environment
	// Registry is where images go, "" for none.
	Registry string
	Images   []image
	Apps     []app
	// Functions and WebApps are sites by name; both take a package.
	Functions, WebApps []string
	Sites              []webSite
	// Clusters, Fleets and Profiles are names of AKS clusters, scale sets and
	// Front Door profiles.
	Clusters, Fleets, Profiles []string
}

type environment struct {
	Workload, Name, Subscription, Group, Location, Suffix string
	Production                                            bool
}

// image is built from a folder with a Dockerfile.
type image struct{ Name, Folder, File string }

// app is a container app and the image that it runs.
type app struct{ Name, Image string }

// webSite is a folder that is copied into a storage account.
type webSite struct{ Folder, Account string }

// newDelivery reads from the design what there is to deliver to, and from the
// checkout what there is to deliver.
func newDelivery(files map[string][]byte, d *design.Design, o Options, pipelines []found) *delivery {
	out := &delivery{Workload: d.Workload, Bicep: o.Format != "terraform", Code: o.Code}
	if out.Code == "" {
		out.Code = "iac"
	}
	for _, env := range o.Environments {
		moved := design.ForEnvironment(&design.Design{Workload: d.Workload, Place: d.Place}, env.Environment)
		out.Environments = append(out.Environments, environment{plain(d.Workload), env.Name, string(moved.Place.Subscription), moved.Place.Group, string(moved.Place.Location), moved.Place.Suffix, env.Production})
	}
	if len(out.Environments) == 0 {
		out.Environments = []environment{{plain(d.Workload), "main", string(d.Place.Subscription), d.Place.Group, string(d.Place.Location), d.Place.Suffix, false}}
	}
	for i := range d.Resources {
		out.target(&d.Resources[i], d.Place.Suffix)
	}
	out.images(files)
	out.sites(d, pipelines)
	return out
}

func (x *delivery) target(r *design.Resource, suffix string) {
	name := withSuffix(r.Name, suffix)
	switch strings.ToLower(string(r.Type)) {
	case "microsoft.containerregistry/registries":
		if x.Registry == "" {
			x.Registry = name
		}
	case "microsoft.app/containerapps":
		x.Apps = append(x.Apps, app{Name: name})
	case "microsoft.web/sites":
		if kind, _ := r.Body["kind"].(string); strings.Contains(strings.ToLower(kind), "functionapp") {
			x.Functions = append(x.Functions, name)
		} else {
			x.WebApps = append(x.WebApps, name)
		}
	case "microsoft.containerservice/managedclusters":
		x.Clusters = append(x.Clusters, name)
	case "microsoft.compute/virtualmachinescalesets":
		x.Fleets = append(x.Fleets, name)
	case "microsoft.cdn/profiles":
		x.Profiles = append(x.Profiles, name)
	}
}

// withSuffix puts the shell's variable where a name is unique in the world.
func withSuffix(name, suffix string) string {
	if suffix == "" {
		return name
	}
	return strings.ReplaceAll(name, suffix, "${SUFFIX}")
}

// images are the Dockerfiles of the checkout. An app runs the image that is
// called like it; a single image is every app's.
func (x *delivery) images(files map[string][]byte) {
	if x.Registry == "" {
		return
	}
	for _, name := range sortedPaths(files) {
		base := path.Base(name)
		if base != "Dockerfile" && !strings.HasPrefix(base, "Dockerfile.") {
			continue
		}
		folder := path.Dir(name)
		label := path.Base(folder)
		if folder == "." {
			label = x.Workload
		}
		if extra, ok := strings.CutPrefix(base, "Dockerfile."); ok {
			label = extra
		}
		label = plain(label)
		if plainName.MatchString(name) && !slices.ContainsFunc(x.Images, func(i image) bool { return i.Name == label }) {
			x.Images = append(x.Images, image{label, folder, name})
		}
	}
	for i := range x.Apps {
		for _, img := range x.Images {
			if strings.Contains(x.Apps[i].Name, img.Name) || len(x.Images) == 1 {
				x.Apps[i].Image = img.Name
				break
			}
		}
	}
}

// plain is a name that a registry and a shell take.
func plain(name string) string {
	out := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, name), "-")
	if out == "" {
		return "app"
	}
	return out
}

// sites are the folders that a pipeline copies into a bucket, with the storage
// account that stands for the bucket.
func (x *delivery) sites(d *design.Design, pipelines []found) {
	for _, p := range pipelines {
		for _, s := range p.steps {
			if s.what != site || s.folder == "" {
				continue
			}
			w := webSite{Folder: s.folder, Account: accountOf(d, s.bucket)}
			if !slices.Contains(x.Sites, w) {
				x.Sites = append(x.Sites, w)
			}
		}
	}
}

// accountOf returns the storage account that stands for a bucket, "" when the
// pipeline's name of it is made up while it runs.
func accountOf(d *design.Design, bucket string) string {
	for _, decision := range d.Decisions {
		if decision.Kind != "AWS::S3::Bucket" || decision.Name != bucket {
			continue
		}
		for _, id := range decision.Targets {
			if name, ok := storageAccount(id); ok {
				return withSuffix(name, d.Place.Suffix)
			}
		}
	}
	return ""
}

func storageAccount(id cloud.ResourceID) (string, bool) {
	_, rest, ok := strings.Cut(string(id), "/providers/Microsoft.Storage/storageAccounts/")
	name, _, _ := strings.Cut(rest, "/")
	return name, ok && name != ""
}
