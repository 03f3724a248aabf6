package cloudtrail

import (
	"bytes"
	"slices"
	"strings"
)

// rank orders the names in a request: the lower, the more the call is about it.
type rank uint8

// parameters are the names in requestParameters that name a resource, in the
// spelling of the services' APIs. The rank settles calls that name several: a
// thing before what contains it, and both before what it merely uses.
func parameters() map[string]rank {
	m := map[string]rank{}
	for r, list := range []string{
		0: "bucketName tableName functionName queueUrl topicArn secretId dBInstanceIdentifier dBClusterIdentifier dbInstanceIdentifier dbClusterIdentifier roleName roleArn " +
			"policyArn instanceId instanceIds instances loadBalancerArn loadBalancerName targetGroupArn listenerArn autoScalingGroupName stackName stackId repositoryName " +
			"stateMachineArn executionArn streamName streamARN streamArn deliveryStreamName restApiId apiId distributionId hostedZoneId certificateArn fileSystemId " +
			"cacheClusterId replicationGroupId serverlessCacheName userPoolId identityPoolId clusterIdentifier snapshotId volumeId imageId launchTemplateId launchTemplateName " +
			"natGatewayId allocationId networkInterfaceId logGroupName logGroupIdentifier logGroupIdentifiers alarmName alarmNames documentName webACLArn webACLId " +
			"backupVaultName backupPlanId recoveryPointArn jobName jobQueue jobDefinition databaseName workGroup domainName accessPointArn transitGatewayId transitGatewayAttachmentId " +
			"vpcEndpointId vpnConnectionId trailName configRuleName parameterName names queueName topicName subscriptionArn dBSnapshotIdentifier dBClusterSnapshotIdentifier " +
			"taskDefinition tasks task serviceName service nodegroupName addonName eventSourceMappingArn layerName projectName pipelineName applicationName environmentName " +
			"brokerId crawlerName collectionId indexName aliasName detectorId mlModelId endpointName modelName notebookInstanceName internetGatewayId routeTableId networkAclId " +
			"securityGroupId groupId customerGatewayId vpnGatewayId virtualInterfaceId connectionId replicationInstanceArn replicationTaskArn endpointArn ruleName queueArn functionArn tableArn",
		1: "keyId resourceArn resourceARN resourceId resourceName cluster clusterName clusterArn eventBusName rule name arn id path userName groupName instanceProfileName identifier " +
			"accessKeyId loadBalancerArns targetGroupArns dbiResourceId sourceArn targetArn",
		2: "vpcId subnetId subnetIds securityGroupIds securityGroups kmsKeyId destinationArn sourceDBInstanceIdentifier optionGroupName dBParameterGroupName dBSubnetGroupName",
	} {
		for name := range strings.FieldsSeq(list) {
			m[name] = rank(r)
		}
	}
	return m
}

// maxRequestDepth bounds how deep names are looked for in a request:
// instancesSet.items[].instanceId is the deepest usual one.
const maxRequestDepth = 4

// request looks for names in requestParameters, or in an object within.
func (d *decoder) request(s *scanner, depth int) verdict {
	return s.members(func(name []byte) (bool, verdict) {
		r, ok := d.wanted[string(name)]
		switch c := s.space(); {
		case c == '"' && ok:
			b, v := s.value()
			d.ask(b, r)
			return false, v
		case c == '[' && (ok || string(name) == "items") && depth < maxRequestDepth:
			return false, s.items(func() verdict { return d.item(s, r, ok, depth) })
		case c == '{' && depth < maxRequestDepth && !bytes.Contains(name, []byte("ilter")):
			return false, d.request(s, depth+1)
		}
		return false, s.skip()
	})
}

func (d *decoder) item(s *scanner, r rank, named bool, depth int) verdict {
	switch s.space() {
	case '"':
		b, v := s.value()
		if named {
			d.ask(b, r)
		}
		return v
	case '{':
		return d.request(s, depth+1)
	}
	return s.skip()
}

func (d *decoder) ask(b []byte, r rank) {
	if len(b) == 0 || len(b) > 2048 || len(d.asked) >= maxResources {
		return
	}
	d.asked = append(d.asked, named{name: d.word(b), rank: r})
}

// resources reads resources[] of the record. Its ARN field has changed its
// spelling over the versions.
func (d *decoder) resources(s *scanner) verdict {
	return s.items(func() verdict {
		var n named
		v := s.members(func(name []byte) (bool, verdict) {
			b, v := s.value()
			switch {
			case bytes.EqualFold(name, []byte("arn")), bytes.EqualFold(name, []byte("resourceName")):
				n.name = string(b)
			case string(name) == "type", string(name) == "resourceType":
				n.kind = d.word(b)
			}
			return false, v
		})
		if n.name != "" && len(d.said) < maxResources {
			d.said = append(d.said, n)
		}
		return v
	})
}

// choose settles the resources of the event. Those that CloudTrail lists are
// believed; a request's names count where it lists none.
func (d *decoder) choose() {
	e := &d.e
	for _, n := range d.said {
		d.keep(container(n.name))
	}
	if len(e.Resources) > 0 {
		return
	}
	slices.SortStableFunc(d.asked, func(a, b named) int { return int(a.rank) - int(b.rank) })
	for _, n := range d.asked {
		// What a call merely uses is no second resource of it.
		if n.rank > d.asked[0].rank && len(e.Resources) > 0 {
			break
		}
		name := n.name
		if e.Service == "s3" && !strings.Contains(name, ":") {
			name = "arn:" + partition(e.Region) + ":s3:::" + name
		}
		d.keep(name)
	}
}

func (d *decoder) keep(name string) {
	if !slices.Contains(d.e.Resources, name) {
		d.e.Resources = append(d.e.Resources, name)
	}
}

// container is the bucket of an object's ARN: objects are too many to be
// resources of their own.
func container(arn string) string {
	if i := strings.Index(arn, ":s3:::"); i >= 0 && strings.HasPrefix(arn, "arn:") {
		if j := strings.IndexByte(arn[i:], '/'); j >= 0 {
			return arn[:i+j]
		}
	}
	return arn
}
