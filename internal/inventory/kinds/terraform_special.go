package kinds

import (
	"strings"

	"example.com/landfall/internal/cloud"
)

// terraformSpecials are the changes of attributes that a table of names cannot
// say, by type. They bring the attributes into the form of the API.
func terraformSpecials(typ string) []func(map[string]any) {
	switch typ {
	case "aws_security_group", "aws_default_security_group":
		return []func(map[string]any){groupRules}
	case "aws_security_group_rule":
		return []func(map[string]any){groupRule}
	case "aws_vpc_security_group_ingress_rule":
		return []func(map[string]any){singleRule("IpPermissions")}
	case "aws_vpc_security_group_egress_rule":
		return []func(map[string]any){singleRule("IpPermissionsEgress")}
	case "aws_route_table", "aws_default_route_table":
		return []func(map[string]any){inlineRoutes}
	case "aws_route_table_association":
		return []func(map[string]any){gatewayAssociation}
	case "aws_network_acl", "aws_default_network_acl":
		return []func(map[string]any){inlineEntries}
	case "aws_lb", "aws_alb":
		return []func(map[string]any){balancerScheme}
	case "aws_elb":
		return []func(map[string]any){balancerScheme}
	case "aws_lb_listener_rule", "aws_alb_listener_rule":
		return []func(map[string]any){conditionFields}
	case "aws_dynamodb_table":
		return []func(map[string]any){tableKeys}
	case "aws_launch_template":
		return []func(map[string]any){launchData}
	case "aws_instance", "aws_spot_instance_request":
		return []func(map[string]any){rootDevice}
	case "aws_route53_record":
		return []func(map[string]any){recordRouting}
	case "aws_cloudwatch_metric_alarm":
		return []func(map[string]any){alarmDimensions}
	case "aws_sqs_queue_redrive_policy", "aws_sqs_queue_redrive_allow_policy", "aws_sqs_queue_policy":
		return []func(map[string]any){queueOfURL}
	}
	return nil
}

// blocks are the nested blocks of a name.
func blocks(work map[string]any, name string) []map[string]any {
	if one, ok := work[name].(map[string]any); ok {
		return []map[string]any{one}
	}
	return objectsAt(work, name)
}

// groupRules writes the rules of a security group as the API does.
func groupRules(work map[string]any) {
	for name, field := range map[string]string{"ingress": "IpPermissions", "egress": "IpPermissionsEgress"} {
		var permissions []any
		for _, block := range blocks(work, name) {
			permissions = append(permissions, permission(block, textAt(work, "id")))
		}
		if _, known := work[name]; known {
			work[field] = permissions
			delete(work, name)
		}
	}
}

// groupRule turns a rule that is a resource of its own into a part of its
// group.
func groupRule(work map[string]any) {
	field := "IpPermissions"
	if textAt(work, "type") == "egress" {
		field = "IpPermissionsEgress"
	}
	rule := permission(work, textAt(work, "security_group_id"))
	if from := textAt(work, "source_security_group_id"); from != "" {
		pair := map[string]any{"GroupId": from}
		described(pair, work)
		rule["UserIdGroupPairs"] = append(listOf(rule["UserIdGroupPairs"]), pair)
	}
	onlyRule(work, field, rule)
}

// singleRule is groupRule for the types that hold one address each.
func singleRule(field string) func(map[string]any) {
	return func(work map[string]any) {
		rule := map[string]any{"IpProtocol": work["ip_protocol"], "FromPort": work["from_port"], "ToPort": work["to_port"]}
		for _, part := range []struct{ from, list, name string }{
			{"cidr_ipv4", "IpRanges", "CidrIp"}, {"cidr_ipv6", "Ipv6Ranges", "CidrIpv6"},
			{"prefix_list_id", "PrefixListIds", "PrefixListId"}, {"referenced_security_group_id", "UserIdGroupPairs", "GroupId"},
		} {
			if value := textAt(work, part.from); value != "" {
				entry := map[string]any{part.name: value}
				described(entry, work)
				rule[part.list] = []any{entry}
			}
		}
		onlyRule(work, field, rule)
	}
}

// onlyRule leaves of a rule's attributes what its group is told.
func onlyRule(work map[string]any, field string, rule map[string]any) {
	group := textAt(work, "security_group_id")
	clear(work)
	work["GroupId"], work[field] = group, []any{rule}
}

// permission writes one rule as the API does (EC2 API Reference,
// IpPermission).
func permission(block map[string]any, group string) map[string]any {
	out := map[string]any{"IpProtocol": block["protocol"], "FromPort": block["from_port"], "ToPort": block["to_port"]}
	if out["IpProtocol"] == "-1" {
		// Terraform writes ports 0 to 0 for "all"; the API none.
		delete(out, "FromPort")
		delete(out, "ToPort")
	}
	for _, part := range []struct{ from, list, name string }{
		{"cidr_blocks", "IpRanges", "CidrIp"}, {"ipv6_cidr_blocks", "Ipv6Ranges", "CidrIpv6"},
		{"prefix_list_ids", "PrefixListIds", "PrefixListId"}, {"security_groups", "UserIdGroupPairs", "GroupId"},
	} {
		var entries []any
		for _, value := range listOf(block[part.from]) {
			entry := map[string]any{part.name: value}
			described(entry, block)
			entries = append(entries, entry)
		}
		if entries != nil {
			out[part.list] = entries
		}
	}
	if block["self"] == true && group != "" {
		entry := map[string]any{"GroupId": group}
		described(entry, block)
		out["UserIdGroupPairs"] = append(listOf(out["UserIdGroupPairs"]), entry)
	}
	return out
}

func described(entry, block map[string]any) {
	if text := textAt(block, "description"); text != "" {
		entry["Description"] = text
	}
}

func listOf(v any) []any {
	list, _ := v.([]any)
	return list
}

// inlineRoutes writes the routes of a route table as the API does.
func inlineRoutes(work map[string]any) {
	if _, known := work["route"]; !known {
		return
	}
	var routes []any
	for _, block := range blocks(work, "route") {
		route := map[string]any{}
		for name, v := range block {
			switch name {
			case "cidr_block":
				name = "DestinationCidrBlock"
			case "ipv6_cidr_block":
				name = "DestinationIpv6CidrBlock"
			case "destination_prefix_list_id":
				name = "DestinationPrefixListId"
			default:
				name = exported(name)
			}
			if v != nil && v != "" {
				route[name] = v
			}
		}
		routes = append(routes, route)
	}
	delete(work, "route")
	work["Routes"] = routes
}

// gatewayAssociation tells the association of a gateway from that of a subnet.
func gatewayAssociation(work map[string]any) {
	if textAt(work, "subnet_id") == "" && textAt(work, "gateway_id") != "" {
		work["\x00kind"] = "AWS::EC2::GatewayRouteTableAssociation"
	}
}

// inlineEntries writes the entries of a network ACL, and the subnets that it
// filters, as the API does.
func inlineEntries(work map[string]any) {
	id := textAt(work, "id")
	if id == "" {
		return
	}
	work["NetworkAclId"] = id
	var subnets []any
	for _, subnet := range listOf(work["subnet_ids"]) {
		subnets = append(subnets, map[string]any{"SubnetId": subnet})
	}
	delete(work, "subnet_ids")
	if subnets != nil {
		work["Associations"] = subnets
	}
	var entries []any
	for _, side := range []string{"ingress", "egress"} {
		for _, block := range blocks(work, side) {
			entry := map[string]any{
				"Egress": side == "egress", "RuleNumber": block["rule_no"], "Protocol": block["protocol"], "RuleAction": block["action"],
				"CidrBlock": block["cidr_block"], "Ipv6CidrBlock": block["ipv6_cidr_block"],
			}
			if block["from_port"] != nil && block["protocol"] != "-1" {
				entry["PortRange"] = map[string]any{"From": block["from_port"], "To": block["to_port"]}
			}
			if protocol := block["protocol"]; protocol == "1" || protocol == "58" || protocol == "icmp" || protocol == "icmpv6" {
				delete(entry, "PortRange")
				entry["IcmpTypeCode"] = map[string]any{"Code": block["icmp_code"], "Type": block["icmp_type"]}
			}
			entries = append(entries, entry)
		}
		delete(work, side)
	}
	if entries != nil {
		work["Entries"] = entries
	}
}

// balancerScheme writes whether a load balancer is internal as the API does.
func balancerScheme(work map[string]any) {
	if internal, ok := work["internal"].(bool); ok {
		work["Scheme"] = map[bool]string{true: "internal", false: "internet-facing"}[internal]
		delete(work, "internal")
	}
}

// conditionFields names the field of each condition of a listener rule, which
// Terraform tells by the block.
func conditionFields(work map[string]any) {
	fields := map[string]string{
		"host_header": "host-header", "path_pattern": "path-pattern", "http_header": "http-header",
		"http_request_method": "http-request-method", "query_string": "query-string", "source_ip": "source-ip",
	}
	for _, condition := range blocks(work, "condition") {
		for name, field := range fields {
			if blocks(condition, name) != nil {
				condition["field"] = field
			}
		}
	}
}

// tableKeys writes the key of a table and of its indexes as a key schema.
func tableKeys(work map[string]any) {
	keySchema(work)
	for _, name := range []string{"global_secondary_index", "local_secondary_index"} {
		for _, index := range blocks(work, name) {
			if name == "local_secondary_index" {
				index["hash_key"] = textAt(within(work, "KeySchema"), "AttributeName")
			}
			keySchema(index)
		}
	}
}

func keySchema(block map[string]any) {
	var keys []any
	for _, key := range []struct{ from, use string }{{"hash_key", "HASH"}, {"range_key", "RANGE"}} {
		if name := textAt(block, key.from); name != "" {
			keys = append(keys, map[string]any{"AttributeName": name, "KeyType": key.use})
		}
		delete(block, key.from)
	}
	if keys != nil {
		block["KeySchema"] = keys
	}
	reads, writes := block["read_capacity"], block["write_capacity"]
	if reads != nil && reads != 0.0 {
		block["ProvisionedThroughput"] = map[string]any{"ReadCapacityUnits": reads, "WriteCapacityUnits": writes}
	}
	delete(block, "read_capacity")
	delete(block, "write_capacity")
}

// launchData puts what a launch template says of its instances into its data.
func launchData(work map[string]any) {
	outside := map[string]bool{
		"id": true, "arn": true, "name": true, "name_prefix": true, "description": true, "latest_version": true,
		"default_version": true, "update_default_version": true, "tags": true, "tags_all": true, "region": true,
	}
	data := map[string]any{}
	for name, v := range work {
		if outside[name] || v == nil || v == "" {
			continue
		}
		switch name {
		case "vpc_security_group_ids":
			name = "SecurityGroupIds"
		case "security_group_names":
			name = "SecurityGroups"
		}
		data[name] = v
	}
	for name := range work {
		if !outside[name] {
			delete(work, name)
		}
	}
	work["LaunchTemplateData"] = data
}

// rootDevice puts the root volume of an instance among its devices.
func rootDevice(work map[string]any) {
	for _, block := range blocks(work, "root_block_device") {
		device := map[string]any{}
		for _, name := range []string{"device_name", "volume_size", "volume_type", "encrypted", "volume_id", "iops", "kms_key_id", "delete_on_termination"} {
			device[name] = block[name]
		}
		work["ebs_block_device"] = append(listOf(work["ebs_block_device"]), device)
	}
	delete(work, "root_block_device")
}

// recordRouting leaves out what a record does not use: Terraform writes a TTL
// of 0 and no records for an alias.
func recordRouting(work map[string]any) {
	if blocks(work, "alias") != nil {
		delete(work, "ttl")
	}
	// The name as Terraform was given it may lack the zone.
	if name := textAt(work, "fqdn"); name != "" {
		work["name"] = name
	}
	delete(work, "fqdn")
}

// alarmDimensions writes the dimensions of an alarm as a list.
func alarmDimensions(work map[string]any) {
	m, ok := work["dimensions"].(map[string]any)
	if !ok {
		return
	}
	var list []any
	for _, name := range sortedKeys(m) {
		list = append(list, map[string]any{"Name": name, "Value": m[name]})
	}
	work["dimensions"] = list
}

// queueOfURL tells a queue's ARN from its URL, which is
// https://sqs.<region>.<domain>/<account>/<name> (SQS Developer Guide, queue
// and message identifiers).
func queueOfURL(work map[string]any) {
	parts := strings.Split(textAt(work, "queue_url"), "/")
	if len(parts) != 5 {
		return
	}
	host := strings.Split(parts[2], ".")
	if len(host) < 3 || host[0] != "sqs" {
		return
	}
	at := Place{Account: cloud.Account(parts[3]), Region: cloud.Region(host[1])}
	work["QueueArn"] = ARN("AWS::SQS::Queue", at, parts[4])
}
