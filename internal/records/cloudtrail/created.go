package cloudtrail

import (
	"bytes"
	"strings"
)

// answered remembers where responseElements stands: only calls that make
// something are looked into, and the name of the call may come later.
func (d *decoder) answered(s *scanner) verdict {
	s.space()
	start := s.i
	v := s.skip()
	if v == fine {
		d.answer = s.b[start:s.i]
	}
	return v
}

// Makes reports whether a call makes a resource that stays, and the noun by
// which its answer names it: "instance" for RunInstances. Calls that make
// something that ends by itself, or a part or a setting of a resource, do not.
func Makes(service, action string) (noun string, ok bool) {
	// Lambda's event names carry the version of its API: CreateFunction20150331.
	action = strings.TrimRight(strings.TrimSuffix(action, "v2"), "0123456789")
	switch action {
	case "RunInstances", "ImportInstance":
		return "instance", true
	case "AllocateAddress":
		return "allocation", true
	case "CreateSecurityGroup", "CreateUserGroup":
		return "group", true
	case "CreateLoadBalancer", "CreateReplicationGroup", "CreateDBCluster", "RestoreDBInstanceFromDBSnapshot", "CreateDBInstanceReadReplica",
		"RestoreDBInstanceToPointInTime", "RestoreDBClusterFromSnapshot", "RestoreDBClusterToPointInTime", "RestoreTableFromBackup", "RestoreTableToPointInTime":
		return restored(action), true
	case "PutParameter", "PutRule", "PutMetricAlarm", "PutCompositeAlarm", "PutDashboard", "RegisterTaskDefinition", "RegisterImage", "CopyImage", "CopySnapshot",
		"CopyDBSnapshot", "CopyDBClusterSnapshot", "RequestCertificate", "ImportCertificate", "ImportKeyPair", "PublishLayerVersion", "ImportImage", "ImportSnapshot", "ImportVolume":
		return verbless(action), true
	}
	if made, ok := strings.CutPrefix(action, "Create"); ok && !passing(service, made) {
		return lower(made), true
	}
	return "", false
}

func restored(action string) string {
	switch {
	case strings.Contains(action, "DBInstance"):
		return "dbinstance"
	case strings.Contains(action, "DBCluster"):
		return "dbcluster"
	case strings.Contains(action, "Table"):
		return "table"
	}
	return lower(strings.TrimPrefix(action, "Create"))
}

func verbless(action string) string {
	for _, verb := range []string{"Put", "Register", "Copy", "Request", "Import", "Publish"} {
		if rest, ok := strings.CutPrefix(action, verb); ok {
			return lower(strings.TrimPrefix(rest, "Metric"))
		}
	}
	return lower(action)
}

func lower(s string) string { return strings.ToLower(s) }

// passing are the nouns of Create calls that leave no resource behind.
func passing(service, noun string) bool {
	switch noun {
	case "Tags", "Grant", "Session", "Token", "LogStream", "MultipartUpload", "OpsItem", "Invalidation", "ChangeSet", "PresignedNotebookInstanceUrl", "PresignedDomainUrl", "LoginProfile",
		"Association", "AssociationBatch", "Route", "NetworkAclEntry", "OrUpdateTags", "Deployment", "ExportTask", "DataChannel", "ControlChannel", "FlowExecution", "Export", "SignedUrl",
		"ServiceLinkedRole", "NetworkInterfacePermission", "CaseAttachment", "Case", "TokenWithIAM", "Listeners", "LoadBalancerListeners", "LoadBalancerPolicy", "Assessment", "Query", "Cookie":
		return true
	}
	return service == "signin" || service == "sts" || service == "sso" || service == "cloudshell"
}

// Removes reports whether a call removes the resource that it names.
func Removes(action string) bool {
	for _, verb := range []string{"Delete", "Terminate", "Release", "Deregister", "ScheduleKeyDeletion", "ScheduleSecretDeletion", "CancelSpot"} {
		if strings.HasPrefix(action, verb) {
			return !strings.HasSuffix(action, "Tags") && action != "DeregisterTargets" && action != "DeregisterInstancesFromLoadBalancer" && !strings.HasSuffix(action, "Policy") && !setting(action)
		}
	}
	return false
}

// setting tells calls that delete a setting of a resource and not the resource.
func setting(action string) bool {
	for _, part := range []string{"BucketLifecycle", "BucketCors", "BucketEncryption", "BucketWebsite", "BucketReplication", "BucketNotification", "BucketTagging", "BucketInventory", "BucketAnalytics",
		"BucketMetrics", "BucketOwnershipControls", "PublicAccessBlock", "FunctionConcurrency", "FunctionEventInvokeConfig", "FunctionUrl", "RetentionPolicy", "Objects", "Object", "Item", "Message", "Route",
		"ResourcePolicy", "Entry", "SecurityGroupRules"} {
		if strings.HasSuffix(strings.TrimPrefix(action, "Delete"), part) {
			return true
		}
	}
	return false
}

// created finds what the call made: in its answer, or else in its request, or
// else what the record lists.
func (d *decoder) created() {
	e := &d.e
	if e.Error != "" || e.ReadOnly || e.DataEvent {
		return
	}
	noun, ok := Makes(e.Service, e.Action)
	if !ok {
		return
	}
	if len(d.answer) > 0 && d.answer[0] == '{' {
		f := finder{noun: noun, s: scanner{b: d.answer}}
		f.object(0, true)
		e.Created = append(e.Created, f.made...)
	}
	if len(e.Created) > 0 {
		return
	}
	for _, name := range e.Resources[:min(len(e.Resources), 1)] {
		e.Created = append(e.Created, Made{ID: name})
	}
}

// finder looks for what a call made in its answer. It takes the names of the
// noun only: an instance's answer also holds its subnet and its image.
type finder struct {
	noun string
	s    scanner
	made []Made
}

// maxMade bounds what one call can make: RunInstances has no more items in its
// record than fit its size.
const maxMade = 1000

// object takes one object; what it names of the noun is one thing. A plain
// "arn", "id" or "name" is the thing's own only right under the answer or under
// the noun: an instance's answer also holds the ARN of its profile.
func (f *finder) object(depth int, own bool) verdict {
	var one, bare [4]string // ARN, id, URL or identifier, name
	v := f.s.members(func(name []byte) (bool, verdict) {
		small := bytes.ToLower(name)
		inside := string(small) == f.noun || string(small) == f.noun+"metadata" || string(small) == f.noun+"description"
		switch c := f.s.space(); {
		case depth > maxRequestDepth && c != '"':
		case c == '{':
			return false, f.object(depth+1, inside)
		case c == '[':
			return false, f.s.items(func() verdict {
				if f.s.space() == '{' {
					return f.object(depth+1, inside)
				}
				return f.s.skip()
			})
		case c == '"':
			rest, named := bytes.CutPrefix(small, []byte(f.noun))
			rank := rankOf(rest)
			b, v := f.s.value()
			switch {
			case rank < 0:
			case named && one[rank] == "":
				one[rank] = string(b)
			case !named && bare[rank] == "":
				bare[rank] = string(b)
			}
			return false, v
		}
		return false, f.s.skip()
	})
	if own || one != [4]string{} && one[0] == "" {
		for i := range one {
			if one[i] == "" && (own || i == 0) {
				one[i] = bare[i]
			}
		}
	}
	if made, ok := made(one); ok && len(f.made) < maxMade {
		f.made = append(f.made, made)
	}
	return v
}

func made(one [4]string) (Made, bool) {
	var m Made
	for _, s := range one {
		switch {
		case s == "":
		case m.ID == "":
			m.ID = s
		default:
			m.Name = s
		}
	}
	return m, m.ID != ""
}

// rankOf tells which kind of name a member is by its end, -1 for none.
func rankOf(end []byte) int {
	switch string(end) {
	case "arn":
		return 0
	case "id":
		return 1
	case "url", "identifier":
		return 2
	case "name":
		return 3
	}
	return -1
}
