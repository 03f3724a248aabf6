package sam

// graphQL expands AWS::Serverless::GraphQLApi: the API, its schema, its keys,
// its data sources with their roles, its functions and resolvers.
func (r *source) graphQL() {
	p := r.props
	properties := pick(p, "Name", "XrayEnabled", "IntrospectionConfig", "OwnerContact", "QueryDepthLimit", "ResolverCountLimit", "Visibility", "EnvironmentVariables")
	if properties["Name"] == nil {
		properties["Name"] = r.id
	}
	properties["Tags"] = tagList(p["Tags"], "graphqlapi:createdBy")
	r.graphQLAuth(properties)
	r.graphQLLogging(properties)
	r.make(r.id, "AWS::AppSync::GraphQLApi", properties)
	api := getAtt(r.id, "ApiId")
	schema := map[string]any{"ApiId": api, "Definition": p["SchemaInline"]}
	if location, ok := p["SchemaUri"].(string); ok {
		schema["DefinitionS3Location"] = location
	}
	r.make(r.id+"Schema", "AWS::AppSync::GraphQLSchema", schema)
	keysOf := mapping(p["ApiKeys"])
	for _, name := range keys(keysOf) {
		k := mapping(keysOf[name])
		r.make(r.id+name, "AWS::AppSync::ApiKey", map[string]any{"ApiId": api, "ApiKeyId": k["ApiKeyId"], "Description": k["Description"], "Expires": k["ExpiresOn"]})
	}
	sources := r.dataSources(api)
	r.graphQLFunctions(api, sources)
	r.resolvers(api, sources)
	if cache := mapping(p["Cache"]); cache != nil {
		cached := pick(cache, keys(cache)...)
		cached["ApiId"] = api
		r.make(r.id+"ApiCache", "AWS::AppSync::ApiCache", cached)
	}
	r.graphQLDomain(api)
}

func (r *source) graphQLAuth(properties map[string]any) {
	auth := mapping(r.props["Auth"])
	properties["AuthenticationType"] = auth["Type"]
	for _, name := range []string{"UserPool", "OpenIDConnect", "LambdaAuthorizer"} {
		if config := auth[name]; config != nil {
			properties[graphQLConfig(name)] = config
		}
	}
	var more []any
	for _, one := range list(auth["Additional"]) {
		m := mapping(one)
		provider := map[string]any{"AuthenticationType": m["Type"]}
		for _, name := range []string{"UserPool", "OpenIDConnect", "LambdaAuthorizer"} {
			if config := m[name]; config != nil {
				provider[graphQLConfig(name)] = config
			}
		}
		more = append(more, provider)
	}
	if more != nil {
		properties["AdditionalAuthenticationProviders"] = more
	}
	for i, provider := range append([]any{properties}, more...) {
		function := mapping(mapping(provider)["LambdaAuthorizerConfig"])["AuthorizerUri"]
		if function != nil && i == 0 {
			r.make(r.id+"LambdaAuthorizerPermission", "AWS::Lambda::Permission", map[string]any{
				"Action": "lambda:InvokeFunction", "FunctionName": function, "Principal": "appsync.amazonaws.com", "SourceArn": ref(r.id),
			})
		}
	}
}

func graphQLConfig(name string) string {
	return map[string]string{"UserPool": "UserPoolConfig", "OpenIDConnect": "OpenIDConnectConfig", "LambdaAuthorizer": "LambdaAuthorizerConfig"}[name]
}

func (r *source) graphQLLogging(properties map[string]any) {
	logging := r.props["Logging"]
	if logging == false || text(logging) == "false" {
		return
	}
	config := pick(mapping(logging), "CloudWatchLogsRoleArn", "FieldLogLevel", "ExcludeVerboseContent")
	if config["FieldLogLevel"] == nil {
		config["FieldLogLevel"] = "ALL"
	}
	if config["CloudWatchLogsRoleArn"] == nil {
		config["CloudWatchLogsRoleArn"] = getAtt(r.id+"CloudWatchRole", "Arn")
		r.make(r.id+"CloudWatchRole", "AWS::IAM::Role", map[string]any{
			"AssumeRolePolicyDocument": trust("appsync.amazonaws.com"),
			"ManagedPolicyArns":        []any{sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AWSAppSyncPushToCloudWatchLogs")},
		})
	}
	properties["LogConfig"] = config
}

// dataSources makes the data sources and returns their logical ids by name.
func (r *source) dataSources(api any) map[string]string {
	ids := map[string]string{}
	all := mapping(r.props["DataSources"])
	for _, kind := range keys(all) {
		group := mapping(all[kind])
		for _, name := range keys(group) {
			d := mapping(group[name])
			id := r.id + name + kind + "DataSource"
			ids[name] = id
			shown := d["Name"]
			if shown == nil {
				shown = name
			}
			properties := map[string]any{"ApiId": api, "Name": shown, "Description": d["Description"], "ServiceRoleArn": d["ServiceRoleArn"]}
			if properties["ServiceRoleArn"] == nil && (kind == "DynamoDb" || kind == "Lambda") {
				properties["ServiceRoleArn"] = getAtt(id+"Role", "Arn")
				r.make(id+"Role", "AWS::IAM::Role", map[string]any{"AssumeRolePolicyDocument": trust("appsync.amazonaws.com")})
				r.dataSourcePolicy(id, kind, d)
			}
			r.dataSource(properties, kind, d)
			r.make(id, "AWS::AppSync::DataSource", properties)
		}
	}
	return ids
}

func (r *source) dataSource(properties map[string]any, kind string, d map[string]any) {
	switch kind {
	case "DynamoDb":
		properties["Type"] = "AMAZON_DYNAMODB"
		config := map[string]any{"TableName": d["TableName"], "AwsRegion": d["Region"], "UseCallerCredentials": d["UseCallerCredentials"], "Versioned": d["Versioned"], "DeltaSyncConfig": d["DeltaSync"]}
		if config["AwsRegion"] == nil {
			config["AwsRegion"] = ref("AWS::Region")
		}
		properties["DynamoDBConfig"] = compact(config)
	case "Lambda":
		properties["Type"] = "AWS_LAMBDA"
		properties["LambdaConfig"] = map[string]any{"LambdaFunctionArn": d["FunctionArn"]}
	case "None":
		properties["Type"] = "NONE"
	default:
		r.note(r.id, "the data source kind "+quoted(kind)+" is not known", "what the data source reads")
	}
}

func (r *source) dataSourcePolicy(id, kind string, d map[string]any) {
	goal, arn, name := "Table", d["TableArn"], "ToTableConnectorPolicy"
	permissions := list(d["Permissions"])
	if permissions == nil {
		permissions = []any{"Read", "Write"}
	}
	if kind == "Lambda" {
		goal, arn, name, permissions = "Function", d["FunctionArn"], "ToLambdaConnectorPolicy", []any{"Write"}
	}
	var statements []any
	for _, permission := range permissions {
		if s := connection(goal, text(permission), arn); s != nil && arn != nil {
			statements = append(statements, s)
		}
	}
	if len(statements) > 0 {
		r.make(id+name, "AWS::IAM::ManagedPolicy", map[string]any{"PolicyDocument": document(statements), "Roles": []any{ref(id + "Role")}})
	}
}

func (r *source) graphQLFunctions(api any, sources map[string]string) {
	all := mapping(r.props["Functions"])
	for _, name := range keys(all) {
		f := mapping(all[name])
		shown := f["Name"]
		if shown == nil {
			shown = name
		}
		r.make(r.id+name, "AWS::AppSync::FunctionConfiguration", map[string]any{
			"ApiId": api, "Name": shown, "Description": f["Description"], "DataSourceName": sourceName(f["DataSource"], sources), "MaxBatchSize": f["MaxBatchSize"],
			"Runtime": runtimeOf(f["Runtime"]), "Code": f["InlineCode"], "CodeS3Location": f["CodeUri"], "SyncConfig": f["Sync"],
		})
	}
}

func runtimeOf(v any) any {
	m := mapping(v)
	if m == nil {
		return nil
	}
	return compact(map[string]any{"Name": m["Name"], "RuntimeVersion": m["Version"]})
}

// sourceName refers to a data source of this API, or to one elsewhere.
func sourceName(v any, sources map[string]string) any {
	if id, ok := sources[text(v)]; ok {
		return getAtt(id, "Name")
	}
	return v
}

func (r *source) resolvers(api any, sources map[string]string) {
	all := mapping(r.props["Resolvers"])
	for _, operation := range keys(all) {
		group := mapping(all[operation])
		for _, name := range keys(group) {
			v := mapping(group[name])
			field := v["FieldName"]
			if field == nil {
				field = name
			}
			properties := map[string]any{
				"ApiId": api, "TypeName": operation, "FieldName": field, "Kind": "UNIT", "DataSourceName": sourceName(v["DataSource"], sources),
				"Runtime": runtimeOf(v["Runtime"]), "Code": v["InlineCode"], "CodeS3Location": v["CodeUri"], "CachingConfig": v["Caching"], "MaxBatchSize": v["MaxBatchSize"], "SyncConfig": v["Sync"],
			}
			if steps := list(v["Pipeline"]); steps != nil {
				var ids []any
				for _, step := range steps {
					if mapping(mapping(r.props["Functions"])[text(step)]) != nil {
						step = getAtt(r.id+text(step), "FunctionId")
					}
					ids = append(ids, step)
				}
				properties["Kind"], properties["PipelineConfig"] = "PIPELINE", map[string]any{"Functions": ids}
			}
			r.make(r.id+operation+name, "AWS::AppSync::Resolver", properties)
		}
	}
}

func (r *source) graphQLDomain(api any) {
	d := mapping(r.props["DomainName"])
	if d == nil {
		return
	}
	id := r.id + "DomainName"
	r.make(id, "AWS::AppSync::DomainName", pick(d, "CertificateArn", "DomainName", "Description"))
	r.make(r.id+"DomainNameApiAssociation", "AWS::AppSync::DomainNameApiAssociation", map[string]any{"ApiId": api, "DomainName": getAtt(id, "DomainName")})
}
