package provider

import (
	"strings"

	"example.com/landfall/internal/sandbox/arm/document"
)

func computeFillers() map[string]filler {
	return map[string]filler{
		"Microsoft.Compute/virtualMachines": fillMachine,
		"Microsoft.Compute/virtualMachineScaleSets": func(s Subject) map[string]any {
			return properties(map[string]any{"uniqueId": s.GUID("scale set"), "timeCreated": s.once("properties.timeCreated", s.stamp())})
		},
		"Microsoft.Compute/disks":            fillDisk,
		"Microsoft.Compute/snapshots":        fillDisk,
		"Microsoft.Compute/availabilitySets": func(Subject) map[string]any { return properties(map[string]any{"statuses": []any{}}) },
		"Microsoft.Compute/galleries/images": func(s Subject) map[string]any { return nil },
		"Microsoft.Compute/sshPublicKeys":    func(s Subject) map[string]any { return nil },
	}
}

// fillMachine: the instance view is a property of its own and only answered
// when asked for; see InstanceView.
func fillMachine(s Subject) map[string]any {
	out := map[string]any{"vmId": s.GUID("vm"), "timeCreated": s.once("properties.timeCreated", s.stamp())}
	disk := document.Object(s.Body, "properties.storageProfile.osDisk")
	if disk != nil {
		name := document.Text(disk, "name")
		if name == "" {
			name = s.ID.Name() + "_OsDisk_1_" + strings.ReplaceAll(s.GUID("os disk"), "-", "")
		}
		out["storageProfile"] = map[string]any{"osDisk": map[string]any{"name": name}}
	}
	if profile := document.Object(s.Body, "properties.osProfile"); profile != nil {
		out["osProfile"] = map[string]any{"requireGuestProvisionSignal": true, "allowExtensionOperations": profile["allowExtensionOperations"] != false}
	}
	return properties(out)
}

// InstanceView is the run-time state of a virtual machine.
func InstanceView(state string, runtime map[string]string) map[string]any {
	power := runtime["power"]
	if power == "" {
		power = "running"
	}
	shown := map[string]string{"running": "VM running", "stopped": "VM stopped", "deallocated": "VM deallocated"}[power]
	return map[string]any{"statuses": []any{
		map[string]any{"code": "ProvisioningState/" + strings.ToLower(state), "level": "Info", "displayStatus": "Provisioning " + strings.ToLower(state)},
		map[string]any{"code": "PowerState/" + power, "level": "Info", "displayStatus": shown},
	}}
}

func fillDisk(s Subject) map[string]any {
	out := map[string]any{"uniqueId": s.GUID("disk"), "timeCreated": s.once("properties.timeCreated", s.stamp()), "diskState": "Unattached"}
	if size, ok := document.Get(s.Body, "properties.diskSizeGB").(int64); ok {
		out["diskSizeBytes"] = size << 30
	}
	return properties(out)
}

func computeActors() map[string]actor {
	nothing := func(Action) (Effect, error) { return Effect{}, nil }
	all := map[string]actor{}
	for _, kind := range []string{"Microsoft.Compute/virtualMachines/", "Microsoft.Compute/virtualMachineScaleSets/"} {
		all[kind+"start"] = power("running")
		all[kind+"powerOff"] = power("stopped")
		all[kind+"deallocate"] = power("deallocated")
		all[kind+"restart"] = power("running")
		all[kind+"redeploy"] = power("running")
		all[kind+"reapply"] = nothing
		all[kind+"reimage"] = power("running")
	}
	all["Microsoft.Compute/virtualMachines/generalize"] = nothing
	return all
}
