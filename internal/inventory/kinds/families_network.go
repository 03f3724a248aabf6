package kinds

// networkFamilies are the rules of computing and networks, a file per service.
func networkFamilies() [][]Rule {
	return [][]Rule{ec2Rules(), ebsRules(), vpcRules(), routeRules(), vpcAccessRules(), networkRules(), clientVPNRules(), elbRules(), autoscalingRules()}
}
