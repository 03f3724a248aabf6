package app

import (
	"math"
	"regexp"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/containerapps/2025-07-01/containerapps"
)

// assembly is a task definition in the words of Container Apps.
type assembly struct {
	asked, size size
	containers  []containerapps.Container
	first       []containerapps.BaseContainer
	volumes     []containerapps.Volume
	secrets     []containerapps.Secret
	registries  []containerapps.RegistryCredentials
	identities  []cloud.ResourceID
	ports       []int
	stopSeconds int
	// http2 says that a port speaks HTTP/2 or gRPC.
	http2 bool
}

// taskSize is what a task asks for, in a size that Container Apps has.
func taskSize(task *inventory.Resource) size {
	asked := taskAsks(task)
	return fit(asked.cpu, asked.gib)
}

// taskAsks adds up what a task says, or what its containers say when it says
// nothing, as on machines of one's own.
func taskAsks(task *inventory.Resource) size {
	cpu, memory := units(design.At(task.Properties, "Cpu"), "vcpu", 1024), units(design.At(task.Properties, "Memory"), "gb", 1024)
	var sumCPU, sumMemory float64
	for _, d := range design.Maps(design.At(task.Properties, "ContainerDefinitions")) {
		sumCPU += units(d["Cpu"], "vcpu", 1024)
		sumMemory += max(units(d["Memory"], "gb", 1024), units(d["MemoryReservation"], "gb", 1024))
	}
	if cpu == 0 {
		cpu = sumCPU
	}
	if memory == 0 {
		memory = sumMemory
	}
	return size{cpu: cpu / 1024, gib: memory / 1024}
}

// units reads "512", 512 or ".5 vCPU".
func units(v any, word string, times float64) float64 {
	text := strings.ToLower(strings.TrimSpace(design.Text(map[string]any{"v": v}, "v")))
	head, worded := strings.CutSuffix(text, word)
	n, ok := design.Number(map[string]any{"v": strings.TrimSpace(head)}, "v")
	switch {
	case !ok || n < 0 || n > 1<<20:
		return 0
	case worded:
		return n * times
	}
	return n
}

// build translates a task definition for the app or job of t.
func (t *told) build(task *inventory.Resource) assembly {
	a := assembly{asked: taskAsks(task), size: taskSize(task)}
	if a.asked.cpu == 0 && a.asked.gib == 0 {
		t.todo("set CPU and memory of %s: the task definition does not say them, and the smallest size stands in", t.r.Name)
	}
	inner := tell(t.c, task, design.Migrate, inNamedGaps)
	who, known := identityOf(t.c, task, inner.at("TaskRoleArn"))
	if !known && inner.at("TaskRoleArn") != nil {
		t.todo("give identity %s the rights of role %s, which is not part of the design", common.LastName(who), shown(inner.at("TaskRoleArn")))
	}
	pull, known := identityOf(t.c, task, inner.at("ExecutionRoleArn"))
	if !known {
		pull = who
		if ref := inner.at("ExecutionRoleArn"); ref != nil {
			t.todo("give identity %s the rights of execution role %s, which is not part of the design", common.LastName(who), shown(ref))
		}
	}
	a.identities = []cloud.ResourceID{who}
	if pull != who {
		a.identities = append(a.identities, pull)
	}
	definitions := design.Maps(inner.at("ContainerDefinitions"))
	inner.assemble(&a, definitions, who, pull)
	inner.volumes(&a)
	t.Gaps, t.ToDo = append(t.Gaps, inner.Gaps...), append(t.ToDo, inner.ToDo...)
	if len(a.containers) == 0 {
		t.todo("name the containers of %s: task definition %s lists none that is understood", t.r.Name, task.Name)
		a.containers = []containerapps.Container{{Name: new("main"), Image: new(t.c.ParameterOf(t.r, design.Parameter{Name: common.ParameterName(called(t.r), "image"), Description: "The container image of " + t.r.Name})), Resources: resources(a.size.cpu, a.size.gib)}}
	}
	return a
}

// assemble translates the containers. The agents that AWS puts beside a
// program have no work at the target.
func (t *told) assemble(a *assembly, definitions []map[string]any, who, pull cloud.ResourceID) {
	before := startedFirst(definitions)
	var kept []map[string]any
	for _, d := range definitions {
		if agent := agentOf(design.Text(d, "Image")); agent != "" {
			t.gap("ecs.agent", "ContainerDefinitions."+design.Text(d, "Name")+".Image="+agent)
			continue
		}
		kept = append(kept, d)
	}
	shares := split(kept, a)
	for i, d := range kept {
		c := t.container(a, d, who, pull)
		c.Resources = resources(shares[i].cpu, shares[i].gib)
		if before[design.Text(d, "Name")] {
			a.first = append(a.first, containerapps.BaseContainer{Args: c.Args, Command: c.Command, Env: c.Env, Image: c.Image, Name: c.Name, Resources: c.Resources, VolumeMounts: c.VolumeMounts})
			continue
		}
		c.Probes = t.probes(d)
		a.containers = append(a.containers, c)
		a.stopSeconds = max(a.stopSeconds, design.Int(d, "StopTimeout", 0))
		for _, m := range design.Maps(d["PortMappings"]) {
			if port := design.Int(m, "ContainerPort", 0); port > 0 {
				a.ports = append(a.ports, port)
			}
			switch strings.ToLower(design.Text(m, "AppProtocol")) {
			case "grpc", "http2":
				a.http2 = true
			}
			if ports := design.Text(m, "ContainerPortRange"); ports != "" {
				t.gap("ecs.several-ports", "PortMappings.ContainerPortRange="+ports)
			}
			if strings.EqualFold(design.Text(m, "Protocol"), "udp") {
				t.gap("ecs.udp", "PortMappings="+shown(m))
			}
		}
	}
}

// startedFirst names the containers whose end others wait for.
func startedFirst(definitions []map[string]any) map[string]bool {
	out := map[string]bool{}
	for _, d := range definitions {
		for _, on := range design.Maps(d["DependsOn"]) {
			switch strings.ToUpper(design.Text(on, "Condition")) {
			case "COMPLETE", "SUCCESS":
				out[design.Text(on, "ContainerName")] = true
			}
		}
	}
	return out
}

// agentOf recognises the images of AWS's own agents.
func agentOf(image string) string {
	for _, agent := range []string{"aws-xray-daemon", "aws-for-fluent-bit", "amazon/cloudwatch-agent", "cloudwatch-agent", "aws-appmesh-envoy", "aws-otel-collector", "amazon-ecs-agent", "aws-guardduty"} {
		if strings.Contains(image, agent) {
			return agent
		}
	}
	return ""
}

// split divides the size of the replica among its containers: those that say
// how much they want get their part, the first of the others the rest. On
// Consumption the sums have to be the size itself.
func split(definitions []map[string]any, a *assembly) []size {
	out := make([]size, len(definitions))
	if len(out) == 0 {
		return out
	}
	total := a.size.cpu
	left := total
	main := 0
	for i, d := range definitions {
		if design.Text(d, "Essential") != "false" {
			main = i
			break
		}
	}
	ratio := a.size.gib / a.size.cpu
	for i, d := range definitions {
		if i == main {
			continue
		}
		wants := max(units(d["Cpu"], "vcpu", 1024)/1024, max(units(d["Memory"], "gb", 1024), units(d["MemoryReservation"], "gb", 1024))/1024/ratio)
		if wants == 0 {
			wants = total / float64(len(out)) / 2
		}
		wants = math.Floor(max(0.01, min(wants, (total-0.05)/float64(len(out))))*100) / 100
		out[i] = size{cpu: wants, gib: math.Round(wants*ratio*100) / 100}
		left -= wants
	}
	left = math.Round(left*100) / 100
	gib := a.size.gib
	for i := range out {
		gib -= out[i].gib
	}
	out[main] = size{cpu: left, gib: math.Round(gib*100) / 100}
	return out
}

func resources(cpu, gib float64) *containerapps.ContainerResources {
	return &containerapps.ContainerResources{Cpu: new(cpu), Memory: new(shown(gib) + "Gi")}
}

// container translates one container.
func (t *told) container(a *assembly, d map[string]any, who, pull cloud.ResourceID) containerapps.Container {
	image, ours := imageOf(t, d["Image"])
	if ours {
		allow(t.c, pull, registry(t.c), rolePullImages)
		if len(a.registries) == 0 {
			a.registries = []containerapps.RegistryCredentials{{Server: new(common.LastName(registry(t.c)) + ".azurecr.io"), Identity: new(string(pull))}}
		}
	}
	name := strings.Trim(strings.ToLower(nameChars.ReplaceAllString(orElse(design.Text(d, "Name"), "main"), "-")), "-")
	c := containerapps.Container{Name: new(name), Image: new(image), Command: list(design.Texts(d["EntryPoint"])), Args: list(design.Texts(d["Command"]))}
	env := []containerapps.EnvironmentVar{{Name: new("AZURE_CLIENT_ID"), Value: new(t.c.Output(who, "properties.clientId"))}}
	for _, e := range design.Maps(d["Environment"]) {
		if variable := design.Text(e, "Name"); variable != "" {
			env = t.variable(a, env, translate(t.c, t.r, variable, e["Value"]), pull)
		}
	}
	for _, s := range design.Maps(d["Secrets"]) {
		if variable := design.Text(s, "Name"); variable != "" {
			env = t.variable(a, env, t.secretOf(variable, s["ValueFrom"]), pull)
		}
	}
	c.Env = list(env)
	var mounts []containerapps.VolumeMount
	for _, m := range design.Maps(d["MountPoints"]) {
		if volume := design.Text(m, "SourceVolume"); volume != "" && t.kept(volume) {
			if design.True(m, "ReadOnly") {
				t.gap("ecs.container-option", "ContainerDefinitions."+design.Text(d, "Name")+".MountPoints."+volume+".ReadOnly=true")
			}
			mounts = append(mounts, containerapps.VolumeMount{VolumeName: new(volumeName(volume)), MountPath: new(design.Text(m, "ContainerPath"))})
		}
	}
	c.VolumeMounts = list(mounts)
	t.containerGaps(d)
	return c
}

var nameChars = regexp.MustCompile(`[^A-Za-z0-9-]+`)

func volumeName(name string) string {
	return strings.Trim(strings.ToLower(nameChars.ReplaceAllString(name, "-")), "-")
}

// variable adds one variable, whose secret value the app reads from the vault.
func (t *told) variable(a *assembly, env []containerapps.EnvironmentVar, s setting, pull cloud.ResourceID) []containerapps.EnvironmentVar {
	if s.todo != "" {
		t.todo("%s", s.todo)
	}
	switch {
	case s.secret == "":
		env = append(env, containerapps.EnvironmentVar{Name: new(s.name), Value: new(s.value)})
	case s.named:
		// The program asks for the secret itself, by the identity that it runs under.
		env = append(env, containerapps.EnvironmentVar{Name: new(s.name), Value: new(s.address())})
	default:
		name := strings.Trim(strings.ToLower(nameChars.ReplaceAllString(s.name, "-")), "-")
		a.secret(containerapps.Secret{Name: new(name), KeyVaultURL: new(s.address()), Identity: new(string(pull))})
		allow(t.c, pull, s.secret, roleSecretReader)
		env = append(env, containerapps.EnvironmentVar{Name: new(s.name), SecretRef: new(name)})
	}
	for _, more := range s.more {
		env = append(env, containerapps.EnvironmentVar{Name: new(more.name), Value: new(more.value)})
	}
	return unrepeated(env)
}

func (a *assembly) secret(s containerapps.Secret) {
	for _, old := range a.secrets {
		if *old.Name == *s.Name {
			return
		}
	}
	a.secrets = append(a.secrets, s)
}

func unrepeated(env []containerapps.EnvironmentVar) []containerapps.EnvironmentVar {
	seen := map[string]bool{}
	out := env[:0]
	for _, e := range env {
		if !seen[*e.Name] {
			seen[*e.Name] = true
			out = append(out, e)
		}
	}
	return out
}

// secretOf translates a secret of a container: the ARN or name of a secret or
// parameter, with the key inside it behind further colons.
func (t *told) secretOf(name string, from any) setting {
	s := setting{name: name, value: full(from)}
	found, ok := t.c.Find(t.r, from, "AWS::SecretsManager::Secret", "AWS::SSM::Parameter")
	if !ok {
		kept := keptSecret(t.c, t.r, s)
		kept.todo = "bring the value of " + name + " into the vault: " + shown(from) + " is not part of the design"
		return kept
	}
	out, ok := vaulted(t.c, s, found)
	if !ok {
		out = keptSecret(t.c, t.r, s)
	}
	if key := secretKey(s.value); found.Kind == "AWS::SecretsManager::Secret" && key != "" {
		t.gap("ecs.secret-key", "Secrets."+name+"="+found.Name+":"+key)
	}
	return out
}

// secretKey is the member of a secret that a value asks for: what stands behind
// the secret's ARN, which has seven parts, or behind a reference to it.
func secretKey(value string) string {
	rest := ""
	if at := strings.LastIndexByte(value, '}'); at >= 0 {
		rest = strings.TrimPrefix(value[at+1:], ":")
	} else if parts := strings.SplitN(value, ":", 8); len(parts) == 8 {
		rest = parts[7]
	}
	key, _, _ := strings.Cut(rest, ":")
	return key
}
