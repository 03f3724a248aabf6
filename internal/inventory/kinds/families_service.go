package kinds

// serviceFamilies are the rules of all other services, a file per service.
func serviceFamilies() [][]Rule {
	return [][]Rule{
		acmRules(), apigatewayRules(), apigatewayV2Rules(), applicationAutoScalingRules(), backupRules(), batchRules(), cloudformationRules(), cloudfrontRules(), cloudtrailRules(),
		cloudwatchRules(), cognitoRules(), configServiceRules(), directconnectRules(), dmsRules(), dynamodbRules(), ecrRules(), ecsRules(), efsRules(), eksRules(), elasticacheRules(),
		eventsRules(), fsxRules(), glueRules(), iamRules(), kinesisRules(), kmsRules(), lambdaRules(), logsRules(), memorydbRules(), mskRules(), opensearchRules(), rdsRules(), redshiftRules(),
		route53Rules(), s3Rules(), secretsRules(), snsRules(), sqsRules(), ssmRules(), stepFunctionsRules(), wafRules(),
	}
}
