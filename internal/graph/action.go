package graph

import "strings"

// actionRelation says what an API action does to the resource that it names;
// "" for actions that only look at or change configuration. Some reads are
// management events in CloudTrail (GetSecretValue, Decrypt) and real use all
// the same.
func actionRelation(service, action string) Relation {
	name := strings.ToLower(action)
	switch service {
	case "kms":
		if hasAny(name, "decrypt", "encrypt", "generatedatakey", "reencrypt", "sign", "verify", "generatemac") {
			return EncryptedBy
		}
		return ""
	case "secretsmanager":
		if hasAny(name, "getsecretvalue", "batchgetsecretvalue") {
			return ReadsSecret
		}
		return ""
	case "ssm":
		if strings.HasPrefix(name, "getparameter") {
			return ReadsSecret
		}
		return ""
	case "sts":
		if strings.HasPrefix(name, "assumerole") {
			return Assumes
		}
		return ""
	case "lambda":
		if strings.HasPrefix(name, "invoke") {
			return Invokes
		}
		return ""
	case "states":
		if hasAny(name, "startexecution", "startsyncexecution") {
			return Invokes
		}
		return ""
	case "ecs", "batch", "sagemaker":
		if hasAny(name, "runtask", "starttask", "submitjob", "invokeendpoint") {
			return Invokes
		}
		return ""
	}
	return dataRelation(service, name)
}

// dataRelation covers the services whose resources hold or carry data.
func dataRelation(service, name string) Relation {
	switch service {
	case "s3":
		// Server access logs of S3 write "REST.GET.OBJECT".
		if rest, ok := strings.CutPrefix(name, "rest."); ok {
			return byVerb(rest, []string{"get.object", "head.object", "get.bucket"}, []string{"put.object", "post.", "delete.object", "copy.object"})
		}
		return byVerb(name, []string{"getobject", "headobject", "listbucket", "listobjects", "selectobject", "listobjectversions", "getobjectversion"},
			[]string{"putobject", "deleteobject", "copyobject", "uploadpart", "createmultipartupload", "completemultipartupload", "restoreobject", "abortmultipartupload", "replicate"})
	case "dynamodb":
		return byVerb(name, []string{"getitem", "batchgetitem", "query", "scan", "getrecords", "getsharditerator", "transactgetitems", "partiqlselect"},
			[]string{"putitem", "updateitem", "deleteitem", "batchwriteitem", "transactwriteitems", "partiqlinsert", "partiqlupdate", "partiqldelete", "executestatement"})
	case "sqs":
		return byVerb(name, []string{"receivemessage", "deletemessage", "changemessagevisibility"}, []string{"sendmessage"})
	case "sns":
		return byVerb(name, nil, []string{"publish"})
	case "kinesis", "firehose":
		return byVerb(name, []string{"getrecords", "getsharditerator", "subscribetoshard"}, []string{"putrecord"})
	case "events":
		return byVerb(name, nil, []string{"putevents"})
	case "ecr":
		return byVerb(name, []string{"batchgetimage", "getdownloadurlforlayer"}, []string{"putimage", "initiatelayerupload", "uploadlayerpart", "completelayerupload"})
	case "logs":
		return byVerb(name, []string{"getlogevents", "filterlogevents", "startquery"}, []string{"putlogevents", "createlogstream"})
	case "es", "aoss":
		return byVerb(name, []string{"eshttpget", "eshttphead", "apiaccessall"}, []string{"eshttppost", "eshttpput", "eshttpdelete", "eshttppatch"})
	case "rds-db":
		return byVerb(name, []string{"connect"}, nil)
	case "elasticfilesystem":
		return byVerb(name, []string{"clientmount"}, []string{"clientwrite"})
	case "execute-api":
		if strings.HasPrefix(name, "invoke") {
			return Invokes
		}
	case "athena", "glue", "redshift-data", "timestream", "appsync", "cassandra":
		return byVerb(name, []string{"get", "batchget", "select", "startquery", "executestatement"}, []string{"put", "write", "batchcreate"})
	}
	return ""
}

func byVerb(name string, reads, writes []string) Relation {
	switch {
	case hasAny(name, reads...):
		return Reads
	case hasAny(name, writes...):
		return Writes
	}
	return ""
}

func hasAny(name string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// patternRelations gives what an action of a policy, which may hold *, lets
// its holder do.
func patternRelations(action string) (service string, list []Relation) {
	service, name, ok := strings.Cut(action, ":")
	service = strings.ToLower(service)
	if !ok {
		return "", nil
	}
	if !strings.ContainsAny(name, "*?") {
		if rel := actionRelation(service, name); rel != "" {
			return service, []Relation{rel}
		}
		return service, nil
	}
	for _, probe := range probes(service) {
		if rel := actionRelation(service, probe); rel != "" && matches(strings.ToLower(name), strings.ToLower(probe)) && !containsRelation(list, rel) {
			list = append(list, rel)
		}
	}
	return service, list
}

func containsRelation(list []Relation, rel Relation) bool {
	for _, r := range list {
		if r == rel {
			return true
		}
	}
	return false
}

// probes are actions by which a pattern is tried out.
func probes(service string) []string {
	switch service {
	case "s3":
		return []string{"GetObject", "ListBucket", "PutObject", "DeleteObject"}
	case "dynamodb":
		return []string{"GetItem", "Query", "Scan", "PutItem", "UpdateItem", "DeleteItem"}
	case "sqs":
		return []string{"ReceiveMessage", "DeleteMessage", "SendMessage"}
	case "sns":
		return []string{"Publish"}
	case "kinesis":
		return []string{"GetRecords", "PutRecord", "PutRecords"}
	case "firehose":
		return []string{"PutRecord", "PutRecordBatch"}
	case "kms":
		return []string{"Decrypt", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "Sign", "Verify"}
	case "secretsmanager":
		return []string{"GetSecretValue"}
	case "ssm":
		return []string{"GetParameter", "GetParameters", "GetParametersByPath"}
	case "lambda":
		return []string{"InvokeFunction"}
	case "states":
		return []string{"StartExecution"}
	case "ecs":
		return []string{"RunTask", "StartTask"}
	case "batch":
		return []string{"SubmitJob"}
	case "sagemaker":
		return []string{"InvokeEndpoint"}
	case "events":
		return []string{"PutEvents"}
	case "ecr":
		return []string{"BatchGetImage", "GetDownloadUrlForLayer", "PutImage"}
	case "logs":
		return []string{"PutLogEvents", "CreateLogStream", "GetLogEvents"}
	case "es":
		return []string{"ESHttpGet", "ESHttpPost", "ESHttpPut"}
	case "sts":
		return []string{"AssumeRole"}
	case "rds-db":
		return []string{"connect"}
	case "elasticfilesystem":
		return []string{"ClientMount", "ClientWrite"}
	case "execute-api":
		return []string{"Invoke"}
	}
	return nil
}

// matches compares a text with a pattern in which * stands for any run of
// characters and ? for one.
func matches(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]) && pattern[p] != '*':
			p++
			i++
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case star >= 0:
			p = star + 1
			mark++
			i = mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
