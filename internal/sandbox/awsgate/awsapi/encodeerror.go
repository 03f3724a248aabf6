package awsapi

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
)

// EncodeError encodes an error in the protocol of the call. Anything but an
// *Error becomes InternalFailure, without its text.
func EncodeError(c *Call, err error) *Answer {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Code: "InternalFailure", Message: "the sandbox's gate met an internal error", Status: http.StatusInternalServerError}
	}
	a := &Answer{Status: e.HTTPStatus(), Header: http.Header{}}
	a.Header.Set("Content-Type", contentType(c.Protocol))
	a.Header.Set("X-Amzn-Requestid", c.RequestID)
	if c.Protocol != Query && (c.Model == "cloudwatch" || c.Model == "sqs") {
		// Both moved from query to newer protocols; their clients take the
		// code that old programs compare with from this header.
		a.Header.Set("X-Amzn-Query-Error", e.Code+";"+blame(e))
	}
	switch c.Protocol {
	case JSON10, JSON11:
		a.Body = jsonError(map[string]string{"__type": shape(c, e.Code), "message": e.Message})
	case CBOR:
		a.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
		a.Body = cborError(c, e)
	case RestJSON:
		a.Header.Set("X-Amzn-Errortype", e.Code)
		a.Body = jsonError(map[string]string{"message": e.Message})
	case EC2:
		a.Body = ec2Error(c, e)
	case RestXML:
		a.Body = restXMLError(c, a.Header, e)
	default:
		a.Body = queryError(c, e)
	}
	if c.Method == http.MethodHead {
		a.Body = nil
	}
	return a
}

// shape returns the name of an error in the newer protocols. CloudWatch's
// model names its errors differently from the codes that its query protocol
// answers with (botocore, cloudwatch/2010-08-01), and typed clients compare
// the name.
func shape(c *Call, code string) string {
	if c.Model != "cloudwatch" {
		return code
	}
	switch code {
	case "InvalidParameterValue", "InvalidParameterCombination":
		return code + "Exception"
	case "MissingParameter":
		return "MissingRequiredParameterException"
	case "InternalServiceError":
		return "InternalServiceFault"
	case "LimitExceeded", "InvalidFormat":
		return code + "Fault"
	}
	return code
}

func jsonError(fields map[string]string) []byte {
	body, err := json.Marshal(fields)
	if err != nil {
		return []byte("{}") // a map of strings always marshals
	}
	return body
}

func cborError(c *Call, e *Error) []byte {
	// rpc-v2-cbor wants the absolute shape id; clients compare what follows "#".
	namespace := "com.amazonaws." + c.Service + "#"
	body, err := encodeCBOR(map[string]any{"__type": namespace + shape(c, e.Code), "message": e.Message})
	if err != nil {
		return []byte{0xa0} // an empty map; two texts always encode
	}
	return body
}

func blame(e *Error) string {
	if e.Sender {
		return "Sender"
	}
	return "Receiver"
}

func queryError(c *Call, e *Error) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header + "<ErrorResponse")
	if c.Namespace != "" {
		b.WriteString(` xmlns="` + escape(c.Namespace) + `"`)
	}
	b.WriteString("><Error><Type>" + blame(e) + "</Type><Code>" + escape(e.Code) + "</Code><Message>" +
		escape(e.Message) + "</Message></Error><RequestId>" + escape(c.RequestID) + "</RequestId></ErrorResponse>\n")
	return b.Bytes()
}

func ec2Error(c *Call, e *Error) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header + "<Response><Errors><Error><Code>" + escape(e.Code) + "</Code><Message>" +
		escape(e.Message) + "</Message></Error></Errors><RequestID>" + escape(c.RequestID) + "</RequestID></Response>\n")
	return b.Bytes()
}

// restXMLError: S3 leaves out the wrapper that the other rest-xml services
// (Route 53, CloudFront) put around the error, and names its request header
// differently.
func restXMLError(c *Call, header http.Header, e *Error) []byte {
	if c.Service != "s3" {
		return queryError(c, e)
	}
	header.Del("X-Amzn-Requestid")
	header.Set("X-Amz-Request-Id", c.RequestID)
	var b bytes.Buffer
	b.WriteString(xml.Header + "<Error><Code>" + escape(e.Code) + "</Code><Message>" + escape(e.Message) +
		"</Message><RequestId>" + escape(c.RequestID) + "</RequestId></Error>")
	return b.Bytes()
}
