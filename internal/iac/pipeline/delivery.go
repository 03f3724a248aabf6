package pipeline

import (
	"fmt"
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
	// Registry says that the design has one for images.
	Registry bool
	Images   []image
	// Apps and Jobs run images; Functions and WebApps take packages.
	Apps, Jobs, Functions, WebApps []unit
	Sites                          []webSite
	// Clusters, Fleets and Profiles are AKS clusters, scale sets and Front Door
	// profiles.
	Clusters, Fleets, Profiles []unit
	// Manifests is the folder that the AWS side applies to its cluster.
	Manifests string
}

// environment is a place, with the names that resources have there by the
// shell's variable.
type environment struct {
	Workload, Name, Subscription, Group, Location string
	Production                                    bool
	Names                                         []variable
}

type variable struct{ Name, Value string }

// unit is a resource that something is delivered to. Var is the variable that
// holds its name, Name what the design calls it.
type unit struct {
	Var, Name string
	// Image or Package is what it gets, "" when nobody knows.
	Image, Package string
	// Container is the container of an app that runs the image.
	Container string
}

// image is built from a folder with a Dockerfile.
type image struct{ Name, Folder, File string }

// webSite is a folder that is copied into a container of a storage account.
type webSite struct{ Folder, Var, Container string }

// newDelivery reads from the design what there is to deliver to, and from the
// checkout what there is to deliver.
func newDelivery(files map[string][]byte, d *design.Design, o Options, pipelines []found) *delivery {
	out := &delivery{Workload: d.Workload, Bicep: o.Format != "terraform", Code: o.Code}
	if out.Code == "" {
		out.Code = "iac"
	}
	out.places(d, o)
	for i := range d.Resources {
		out.target(d, &d.Resources[i])
	}
	out.images(files, pipelines)
	out.packages(d, pipelines)
	out.sites(d, pipelines)
	return out
}

// places lists the environments, production behind the others: it waits for
// them.
func (x *delivery) places(d *design.Design, o Options) {
	environments := slices.Clone(o.Environments)
	if len(environments) == 0 {
		environments = []Environment{{Environment: design.Environment{Name: "main", Subscription: d.Place.Subscription, Group: d.Place.Group, Location: d.Place.Location}}}
	}
	slices.SortStableFunc(environments, func(a, b Environment) int {
		switch {
		case a.Production == b.Production:
			return 0
		case b.Production:
			return -1
		}
		return 1
	})
	for _, env := range environments {
		place := design.ForEnvironment(&design.Design{Workload: d.Workload, Place: d.Place}, env.Environment).Place
		e := environment{Workload: plain(d.Workload), Name: env.Name, Subscription: string(place.Subscription), Group: place.Group, Location: string(place.Location), Production: env.Production}
		for i := range d.Resources {
			if prefix := variablePrefix(&d.Resources[i]); prefix != "" {
				// One by one: what moves is sorted by its new ids.
				moved := design.ForEnvironment(&design.Design{Workload: d.Workload, Place: d.Place, Resources: d.Resources[i : i+1]}, env.Environment)
				e.Names = append(e.Names, variable{variableOf(prefix, d.Resources[i].Name, d.Place.Suffix), moved.Resources[0].Name})
			}
		}
		x.Environments = append(x.Environments, e)
	}
}

// variablePrefix begins the variable that holds the name of a resource, "" when
// nothing is delivered to its kind.
func variablePrefix(r *design.Resource) string {
	switch strings.ToLower(string(r.Type)) {
	case "microsoft.containerregistry/registries":
		return "REGISTRY"
	case "microsoft.app/containerapps":
		return "APP"
	case "microsoft.app/jobs":
		return "JOB"
	case "microsoft.web/sites":
		kind, _ := r.Body["kind"].(string)
		switch kind = strings.ToLower(kind); {
		case strings.Contains(kind, "functionapp"):
			return "FUNCTION"
		default:
			return "WEBAPP"
		}
	case "microsoft.containerservice/managedclusters":
		return "CLUSTER"
	case "microsoft.compute/virtualmachinescalesets":
		return "FLEET"
	case "microsoft.cdn/profiles":
		return "PROFILE"
	case "microsoft.storage/storageaccounts":
		return "ACCOUNT"
	}
	return ""
}

// variableOf is the variable of a resource: its name without the suffix that
// each environment has of its own.
func variableOf(prefix, name, suffix string) string {
	if suffix != "" {
		name = strings.ReplaceAll(name, suffix, "")
	}
	return prefix + "_" + strings.ToUpper(strings.ReplaceAll(plain(name), "-", "_"))
}

func (x *delivery) target(d *design.Design, r *design.Resource) {
	prefix := variablePrefix(r)
	u := unit{Var: variableOf(prefix, r.Name, d.Place.Suffix), Name: r.Name}
	switch prefix {
	case "REGISTRY":
		if !x.Registry {
			x.Registry = true
			for i := range x.Environments {
				e := &x.Environments[i]
				at := slices.IndexFunc(e.Names, func(v variable) bool { return v.Name == u.Var })
				e.Names = append(e.Names, variable{"REGISTRY", e.Names[at].Value})
			}
		}
	case "APP":
		u.Container = firstContainer(r)
		x.Apps = append(x.Apps, u)
	case "JOB":
		u.Container = firstContainer(r)
		x.Jobs = append(x.Jobs, u)
	case "FUNCTION":
		x.Functions = append(x.Functions, u)
	case "WEBAPP":
		x.WebApps = append(x.WebApps, u)
	case "CLUSTER":
		x.Clusters = append(x.Clusters, u)
	case "FLEET":
		x.Fleets = append(x.Fleets, u)
	case "PROFILE":
		x.Profiles = append(x.Profiles, u)
	}
}

func firstContainer(r *design.Resource) string {
	list := design.List(design.At(r.Body, "properties.template.containers"))
	if len(list) == 0 {
		return ""
	}
	if name := design.Text(list[0], "name"); plainName.MatchString(name) {
		return name
	}
	return ""
}

// images are what the AWS pipelines build, else the Dockerfiles of the
// checkout. An app runs the image that is called like it; a single image is
// every app's.
func (x *delivery) images(files map[string][]byte, pipelines []found) {
	add := func(i image) {
		if i.Name != "" && !slices.ContainsFunc(x.Images, func(o image) bool { return o.Name == i.Name }) {
			x.Images = append(x.Images, i)
		}
	}
	for _, p := range pipelines {
		for _, i := range p.images {
			if i.Name == "" {
				i.Name = label(i.Folder, x.Workload)
			}
			add(i)
		}
	}
	if len(x.Images) == 0 {
		for _, i := range dockerfiles(files, x.Workload) {
			add(i)
		}
	}
	for _, units := range [][]unit{x.Apps, x.Jobs} {
		for i := range units {
			for _, img := range x.Images {
				if strings.Contains(plain(units[i].Name), img.Name) || len(x.Images) == 1 {
					units[i].Image = img.Name
					break
				}
			}
		}
	}
}

func dockerfiles(files map[string][]byte, workload string) []image {
	var out []image
	for _, name := range sortedPaths(files) {
		base := path.Base(name)
		if base != "Dockerfile" && !strings.HasPrefix(base, "Dockerfile.") || !plainName.MatchString(name) {
			continue
		}
		i := image{label(path.Dir(name), workload), path.Dir(name), name}
		if extra, ok := strings.CutPrefix(base, "Dockerfile."); ok {
			i.Name = plain(extra)
		}
		out = append(out, i)
	}
	return out
}

// label names an image after its folder.
func label(folder, workload string) string {
	if folder = path.Clean(folder); folder == "." || folder == "/" {
		return plain(workload)
	}
	return plain(path.Base(folder))
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

// packages finds what the AWS pipelines give each function, for the app that
// stands for it, and the manifests of clusters.
func (x *delivery) packages(d *design.Design, pipelines []found) {
	for _, p := range pipelines {
		for _, s := range p.steps {
			if s.what == cluster && s.folder != "" && x.Manifests == "" {
				x.Manifests = s.folder
			}
			if s.what != functions || s.folder == "" {
				continue
			}
			for i := range x.Functions {
				if standsFor(d, "AWS::Lambda::Function", s.name, x.Functions[i].Name) {
					x.Functions[i].Package = s.folder
				}
			}
		}
	}
}

// standsFor reports whether a target is called so and stands for the source
// resource of that kind and name.
func standsFor(d *design.Design, kind cloud.Kind, source, target string) bool {
	return slices.ContainsFunc(d.Decisions, func(v design.Decision) bool {
		return v.Kind == kind && v.Name == source && slices.ContainsFunc(v.Targets, func(id cloud.ResourceID) bool { return path.Base(string(id)) == target })
	})
}

// sites are the folders that a pipeline copies into a bucket, with the storage
// account and the container that stand for the bucket.
func (x *delivery) sites(d *design.Design, pipelines []found) {
	for _, p := range pipelines {
		for _, s := range p.steps {
			if s.what != site || s.folder == "" {
				continue
			}
			w := webSite{Folder: s.folder}
			if account, container := containerOf(d, s.bucket); account != "" {
				w.Var, w.Container = variableOf("ACCOUNT", account, d.Place.Suffix), container
			}
			if !slices.Contains(x.Sites, w) {
				x.Sites = append(x.Sites, w)
			}
		}
	}
}

// containerOf returns the storage account and the container that stand for a
// bucket, "" when the pipeline's name of it is made up while it runs. The
// service reads a static website from the container $web and no other, which it
// makes by itself (Microsoft Learn, "Static website hosting in Azure Storage").
func containerOf(d *design.Design, bucket string) (account, container string) {
	for _, decision := range d.Decisions {
		if decision.Kind != "AWS::S3::Bucket" || decision.Name != bucket {
			continue
		}
		for _, id := range decision.Targets {
			name, below, ok := storageAccount(id)
			if !ok {
				continue
			}
			if last, isContainer := strings.CutPrefix(below, "blobServices/default/containers/"); isContainer && container == "" {
				account, container = name, last
			}
			if below == "blobServices/default" && servesSite(d, id) {
				return name, "$web"
			}
		}
	}
	return account, container
}

func servesSite(d *design.Design, id cloud.ResourceID) bool {
	return slices.ContainsFunc(d.Resources, func(r design.Resource) bool {
		return r.ID == id && design.Text(r.Body, "properties.staticWebsite.enabled") == "true"
	})
}

// storageAccount cuts an id into the account and what is below it.
func storageAccount(id cloud.ResourceID) (name, below string, ok bool) {
	_, rest, ok := strings.Cut(string(id), "/providers/Microsoft.Storage/storageAccounts/")
	name, below, _ = strings.Cut(rest, "/")
	return name, below, ok && name != ""
}

// Gate is the environment that has to be delivered to and compared before the
// one at the index, "" for the first.
func (x *delivery) Gate(i int) string {
	if i == 0 {
		return ""
	}
	return x.Environments[i-1].Name
}

// Missing is the shell's word for a value that a person has to set; the script
// stops where it is empty.
func (x *delivery) Missing(name, what string) string {
	return fmt.Sprintf("${%s:?set %s in environments/$environment.env to %s}", name, name, what)
}
