package trail

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// hidden is what AWS writes in the place of a secret.
const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

// requestParameters turns the input of a call into CloudTrail's spelling:
// members begin in lower case, EC2's lists are "...Set": {"items": [...]}.
func requestParameters(call *awsapi.Call) map[string]any {
	if len(call.Params) == 0 && call.Service != "s3" {
		return nil
	}
	s := speller{call: call, loose: call.Protocol == awsapi.Query || call.Protocol == awsapi.EC2 || call.Protocol == awsapi.RestXML}
	if call.Service == "s3" && call.Model != "s3control" {
		return s.s3()
	}
	var out map[string]any
	if call.Protocol == awsapi.EC2 {
		out = s.ec2(call.Params)
		if call.Operation == "RunInstances" {
			runInstances(out)
		}
	} else {
		out, _ = s.value("", call.Params).(map[string]any)
	}
	s.rename(out)
	return out
}

// speller rewrites one call's values.
type speller struct {
	call *awsapi.Call
	// loose: leaves are text and have to be turned into numbers and booleans.
	loose bool
}

// responseElements turns the answer of a call into CloudTrail's spelling.
func responseElements(call *awsapi.Call, outcome awsapi.Outcome) map[string]any {
	s := speller{call: call, loose: call.Protocol == awsapi.Query || call.Protocol == awsapi.EC2 || call.Protocol == awsapi.RestXML}
	if call.Protocol == awsapi.EC2 {
		out, _ := s.answer("", outcome.Result).(map[string]any)
		return out
	}
	out, _ := s.value("", outcome.Result).(map[string]any)
	return out
}

// value spells a value that stands under name.
func (s *speller) value(name string, v any) any {
	if s.isSecret(name, v) {
		return hidden
	}
	switch v := v.(type) {
	case map[string]any:
		return s.members(name, v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			if node, ok := e.(map[string]any); ok {
				out[i] = s.members("", node) // "tags" may be a map, its list never is one of maps
				continue
			}
			out[i] = s.value(name, e)
		}
		return out
	}
	return s.leaf(name, v)
}

func (s *speller) members(name string, node map[string]any) map[string]any {
	out := make(map[string]any, len(node))
	for key, e := range node {
		switch {
		case name == "variables":
			out[key] = hidden // environment variables hold secrets by habit
		case isMap(name):
			out[key] = s.value("", e)
		default:
			out[lowerFirst(key)] = s.value(lowerFirst(key), e)
		}
	}
	return out
}

// isMap: members that hold a map with keys of the caller's, not a structure.
func isMap(name string) bool {
	return in(name, "tags", "variables", "attributes", "labels", "parameters", "environmentVariables", "expressionAttributeNames",
		"stageVariables", "metadata", "loggingConfig")
}

// leaf makes JSON of what is none: text of query forms, times, bytes.
func (s *speller) leaf(name string, v any) any {
	switch v := v.(type) {
	case string:
		if !s.loose {
			return v
		}
		return s.typed(name, v)
	case time.Time:
		return v.UTC().Format(timeFormat)
	case []byte:
		return hidden // blobs: code, encrypted text, payloads
	case json.Number, bool, nil, float64, int64, uint64:
		return v
	}
	return nil
}

// typed gives booleans, and numbers where the member's name says that it is
// one: an account id is digits and yet text.
func (s *speller) typed(name, text string) any {
	switch text {
	case "true":
		return true
	case "false":
		return false
	}
	if len(text) == 0 || len(text) > 15 || strings.Trim(text, "0123456789") != "" {
		return text
	}
	for _, end := range []string{"Count", "Port", "port", "Size", "size", "Results", "Records", "Storage", "iops", "Iops", "Seconds",
		"Period", "Periods", "Days", "Capacity", "Priority", "priority", "Threshold", "Items", "tTL"} {
		if strings.HasSuffix(name, end) {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				return n
			}
		}
	}
	return text
}

// isSecret: what must not be in a record. Names are compared in lower case.
func (s *speller) isSecret(name string, v any) bool {
	switch v.(type) {
	case bool, nil, time.Time:
		return false
	}
	low := strings.ToLower(name)
	switch low {
	case "secretstring", "secretbinary", "plaintext", "privatekey", "keymaterial", "plaintextkeymaterial", "authtoken",
		"secretaccesskey", "sessiontoken", "messagebody", "userdata", "zipfile", "ciphertextblob", "privatekeyplaintext",
		"clientsecret", "samlassertion", "webidentitytoken", "authorizationtoken", "item", "expressionattributevalues",
		"accesstoken", "refreshtoken", "presharedkey", "encryptedkeymaterial":
		return true
	case "value":
		// A parameter of Systems Manager may be a SecureString.
		return s.call.Service == "ssm" && s.call.Operation == "PutParameter"
	case "parameters":
		return s.call.Service == "ssm" && s.call.Operation == "SendCommand"
	case "message":
		return s.call.Service == "sns"
	case "body":
		return s.call.Service == "apigateway"
	}
	text, isText := v.(string)
	return isText && strings.HasSuffix(low, "password") && text != "true" && text != "false"
}

// s3 writes the bucket, the key, and the query as it was sent.
func (s *speller) s3() map[string]any {
	out := make(map[string]any, len(s.call.Params))
	for name, v := range s.call.Params {
		switch name {
		case "Bucket":
			out["bucketName"] = v
		case "Key":
			out["key"] = v
		default:
			out[name] = v
		}
	}
	if s.call.Operation == "CopyObject" || s.call.Operation == "UploadPartCopy" {
		out["x-amz-copy-source"] = s.call.Header.Get("X-Amz-Copy-Source")
	}
	return out
}

// rename mends the names that CloudTrail takes from the member and the path
// template from elsewhere.
func (s *speller) rename(out map[string]any) {
	switch s.call.Service + ":" + s.call.Operation {
	case "route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets":
		if id, ok := out["id"]; ok {
			delete(out, "id")
			out["hostedZoneId"] = id
		}
	}
}

// lowerFirst spells a member's name: "VpcId" is "vpcId", "DBName" is "dBName",
// and "ARN" is "arn".
func lowerFirst(s string) string {
	if len(s) <= 4 && strings.ToUpper(s) == s {
		return strings.ToLower(s)
	}
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 || unicode.IsLower(r) {
		return s
	}
	return string(unicode.ToLower(r)) + s[n:]
}
