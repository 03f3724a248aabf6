package aws

// services lists every service that is read, a file each.
func services() []service {
	all := append(coreServices(), otherServices()...)
	return append(all, sweepServices(detailedKinds(all))...)
}

// coreServices are computing and networks.
func coreServices() []service {
	return []service{
		instanceService(), diskService(), networkService(), gatewayService(),
		scalingService(), elbv2Service(), elbService(),
	}
}
