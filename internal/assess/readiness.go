package assess

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/inventory"
)

func (w *workload) readiness() []Readiness {
	out := []Readiness{}
	for _, r := range w.Inventory.Resources {
		if !w.moves(r) {
			continue
		}
		service, known := w.Services.For(r.Kind, r.Properties)
		one := Readiness{ID: r.ID, Kind: r.Kind, Name: r.Name, Azure: service.Azure, State: stateOf(service.Fit), Why: []string{}}
		switch {
		case !known:
			one.Why = append(one.Why, "the catalogue has no counterpart for this kind; nobody has looked")
		case service.Fit == catalog.FitNone:
			one.Why = append(one.Why, "Azure has no counterpart of "+service.AWS)
		case service.Fit == catalog.FitRedesign:
			one.Why = append(one.Why, fmt.Sprintf("%s to %s changes code or operation", service.AWS, service.Azure))
		}
		for _, c := range conditions(r) {
			one.Why = append(one.Why, c.text)
			if worse(c.state, one.State) {
				one.State = c.state
			}
		}
		out = append(out, one)
	}
	return out
}

func stateOf(fit catalog.Fit) State {
	switch fit {
	case catalog.FitDirect, catalog.FitDiffers:
		return Ready
	case catalog.FitRedesign:
		return Conditions
	case catalog.FitNone:
		return NotReady
	}
	return Unknown
}

func worse(a, b State) bool {
	rank := func(s State) int { return slices.Index([]State{Ready, Conditions, Unknown, NotReady}, s) }
	return rank(a) > rank(b)
}

type condition struct {
	state State
	text  string
}

// conditions are the attributes of a resource that the target takes only in
// another way, or not at all.
func conditions(r inventory.Resource) []condition {
	var out []condition
	add := func(s State, format string, args ...any) {
		out = append(out, condition{s, fmt.Sprintf(format, args...)})
	}
	switch r.Kind {
	case "AWS::EC2::Instance":
		if strings.HasSuffix(strings.SplitN(text(r, "InstanceType")+".", ".", 3)[1], "metal") {
			add(Conditions, "a bare metal type becomes a dedicated host")
		}
		if text(r, "RootDeviceType") == "instance-store" {
			add(NotReady, "the root device is an instance store, which cannot be copied")
		}
	case "AWS::Lambda::Function":
		lambdaConditions(r, add)
	case "AWS::RDS::DBInstance", "AWS::RDS::DBCluster":
		databaseConditions(r, add)
	case "AWS::ElasticLoadBalancingV2::TargetGroup":
		if a := text(r, "HealthCheckProtocol"); a == "UDP" {
			add(NotReady, "a UDP health check has no counterpart")
		}
		if text(r, "ProtocolVersion") == "GRPC" {
			add(Conditions, "gRPC rules out Application Gateway in front of it")
		}
	case "AWS::CertificateManager::Certificate":
		add(Conditions, "the certificate is issued anew or imported into Key Vault before the cutover")
	case "AWS::KMS::Key":
		add(Conditions, "key material cannot be exported; data is encrypted again under a new key")
	case "AWS::S3::Bucket":
		if value(r, "ReplicationConfiguration") != nil {
			add(Conditions, "replication is set up anew at the target")
		}
		if value(r, "ObjectLockConfiguration") != nil {
			add(Conditions, "Object Lock becomes an immutability policy, whose retention starts anew")
		}
	case "AWS::EC2::Volume":
		if strings.EqualFold(text(r, "MultiAttachEnabled"), "true") {
			add(Conditions, "a volume with several attachments becomes a shared disk")
		}
	}
	return out
}

// Azure Functions runs Ruby, Go and Rust through custom handlers, and has no
// layers; both from the Lambda migration guide of the Architecture Center.
func lambdaConditions(r inventory.Resource, add func(State, string, ...any)) {
	runtime := text(r, "Runtime")
	for _, prefix := range []string{"ruby", "go", "provided"} {
		if strings.HasPrefix(runtime, prefix) {
			add(Conditions, "the runtime %s needs a custom handler", runtime)
		}
	}
	if len(list(r, "Layers")) > 0 {
		add(Conditions, "layers become part of the function's package")
	}
	if text(r, "PackageType") == "Image" {
		add(Conditions, "a function from a container image runs in Container Apps or a premium plan")
	}
}

// Flexible server takes major versions 11 and later of PostgreSQL, 5.7 and
// later of MySQL (Azure Database documentation, supported versions).
func databaseConditions(r inventory.Resource, add func(State, string, ...any)) {
	engine, version := text(r, "Engine"), text(r, "EngineVersion")
	var major, minor int
	_, _ = fmt.Sscanf(version, "%d.%d", &major, &minor) // a version that is no number leaves zero: nothing is said of it
	switch {
	case major == 0:
	case strings.Contains(engine, "postgres") && major < 11:
		add(NotReady, "PostgreSQL %s is older than what flexible server takes; upgrade first", version)
	case engine == "mysql" && (major < 5 || major == 5 && minor < 7):
		add(NotReady, "MySQL %s is older than what flexible server takes; upgrade first", version)
	}
	if text(r, "StorageEncrypted") == "false" {
		add(Conditions, "the storage is not encrypted here and always is at the target")
	}
}

func (w *workload) skills() []Skill {
	counted := map[catalog.Service]int{}
	for _, r := range w.Inventory.Resources {
		if !w.moves(r) {
			continue
		}
		s, known := w.Services.For(r.Kind, r.Properties)
		if !known {
			s.AWS, s.Area, s.Azure = r.Kind.Service(), "unknown", ""
		}
		counted[catalog.Service{AWS: s.AWS, Area: s.Area, Azure: s.Azure, Fit: s.Fit}]++
	}
	out := make([]Skill, 0, len(counted))
	for s, n := range counted {
		out = append(out, Skill{AWS: s.AWS, Area: s.Area, Azure: s.Azure, Fit: s.Fit, Course: catalog.CourseFor(s.Area), Resources: n})
	}
	slices.SortFunc(out, func(a, b Skill) int {
		return cmp.Or(cmp.Compare(a.Area, b.Area), cmp.Compare(a.AWS, b.AWS), cmp.Compare(a.Azure, b.Azure), cmp.Compare(a.Fit, b.Fit))
	})
	return out
}
