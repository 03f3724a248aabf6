package trail

import (
	"encoding/json"
	"strings"
	"time"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// Record is a CloudTrail record. Fields stand in the order in which CloudTrail
// writes them.
type Record struct {
	EventVersion        string         `json:"eventVersion"`
	UserIdentity        UserIdentity   `json:"userIdentity"`
	EventTime           string         `json:"eventTime"`
	EventSource         string         `json:"eventSource"`
	EventName           string         `json:"eventName"`
	AWSRegion           string         `json:"awsRegion"`
	SourceIPAddress     string         `json:"sourceIPAddress"`
	UserAgent           string         `json:"userAgent"`
	ErrorCode           string         `json:"errorCode,omitempty"`
	ErrorMessage        string         `json:"errorMessage,omitempty"`
	RequestParameters   map[string]any `json:"requestParameters"`
	ResponseElements    map[string]any `json:"responseElements"`
	AdditionalEventData map[string]any `json:"additionalEventData,omitempty"`
	RequestID           string         `json:"requestID,omitempty"`
	EventID             string         `json:"eventID"`
	ReadOnly            bool           `json:"readOnly"`
	Resources           []Resource     `json:"resources,omitempty"`
	EventType           string         `json:"eventType"`
	APIVersion          string         `json:"apiVersion,omitempty"`
	ManagementEvent     bool           `json:"managementEvent"`
	RecipientAccountID  string         `json:"recipientAccountId"`
	EventCategory       string         `json:"eventCategory"`
}

// UserIdentity is who made the call.
type UserIdentity struct {
	Type           string          `json:"type"`
	PrincipalID    string          `json:"principalId,omitempty"`
	ARN            string          `json:"arn,omitempty"`
	AccountID      string          `json:"accountId,omitempty"`
	AccessKeyID    string          `json:"accessKeyId,omitempty"`
	UserName       string          `json:"userName,omitempty"`
	SessionContext *SessionContext `json:"sessionContext,omitempty"`
	InvokedBy      string          `json:"invokedBy,omitempty"`
}

// SessionContext says where a session's credentials came from.
type SessionContext struct {
	SessionIssuer *SessionIssuer    `json:"sessionIssuer,omitempty"`
	Attributes    map[string]string `json:"attributes,omitempty"`
}

// SessionIssuer is the role of a session.
type SessionIssuer struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId,omitempty"`
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	UserName    string `json:"userName"`
}

// Resource is a resource that the call touched.
type Resource struct {
	ARN       string `json:"ARN"`
	AccountID string `json:"accountId,omitempty"`
	Type      string `json:"type,omitempty"`
}

// timeFormat of eventTime: CloudTrail keeps whole seconds.
const timeFormat = "2006-01-02T15:04:05Z"

// maxElementBytes is CloudTrail's bound of requestParameters and of
// responseElements.
const maxElementBytes = 100 << 10

// newRecord builds the record of a call.
func newRecord(call *awsapi.Call, outcome awsapi.Outcome, account, id string) *Record {
	kind := classify(call)
	r := &Record{
		EventVersion: "1.11", UserIdentity: identityOf(call.Identity), EventTime: call.Time.UTC().Format(timeFormat),
		EventSource: call.EventSource, EventName: kind.name, AWSRegion: regionOf(call),
		SourceIPAddress: call.SourceIP, UserAgent: call.UserAgent, RequestID: outcome.RequestID, EventID: id,
		ReadOnly: kind.readOnly, EventType: "AwsApiCall", ManagementEvent: !kind.data, RecipientAccountID: account,
		EventCategory: "Management",
	}
	if kind.data {
		r.EventCategory = "Data"
	}
	if outcome.ErrorCode != "" {
		r.ErrorCode, r.ErrorMessage = outcome.ErrorCode, outcome.ErrorMessage
		if call.Service == "ec2" {
			// EC2 alone writes whose fault it is in front of the code.
			r.ErrorCode = blame(outcome.Status) + outcome.ErrorCode
		}
	}
	r.RequestParameters = bounded(requestParameters(call), "requestParameters")
	if !kind.readOnly && !kind.data && outcome.OK() {
		r.ResponseElements = bounded(responseElements(call, outcome), "responseElements")
	}
	if kind.answers && outcome.OK() {
		r.ResponseElements = bounded(responseElements(call, outcome), "responseElements")
	}
	r.Resources = recordResources(r, kind, account)
	return r
}

func blame(status int) string {
	if status >= 500 {
		return "Server."
	}
	return "Client."
}

func identityOf(id awsapi.Identity) UserIdentity {
	u := UserIdentity{Type: id.Type, PrincipalID: id.PrincipalID, ARN: id.ARN, AccountID: id.AccountID,
		AccessKeyID: id.AccessKeyID, UserName: id.UserName, InvokedBy: id.InvokedBy}
	if id.Issuer != nil {
		u.SessionContext = &SessionContext{
			SessionIssuer: &SessionIssuer{Type: id.Issuer.Type, PrincipalID: id.Issuer.PrincipalID,
				ARN: id.Issuer.ARN, AccountID: id.Issuer.AccountID, UserName: id.Issuer.UserName},
			Attributes: map[string]string{"creationDate": id.SessionStart.UTC().Format(timeFormat), "mfaAuthenticated": "false"},
		}
	}
	return u
}

// userName is what LookupEvents calls Username.
func (u UserIdentity) userName() string {
	switch {
	case u.UserName != "":
		return u.UserName
	case u.Type == "Root":
		return "root"
	case u.Type == "AssumedRole":
		return u.ARN[strings.LastIndex(u.ARN, "/")+1:]
	case u.InvokedBy != "":
		return u.InvokedBy
	}
	return ""
}

// regionOf: the global services write their events in us-east-1.
func regionOf(call *awsapi.Call) string {
	switch call.Service {
	case "iam", "cloudfront", "route53", "organizations", "route53domains", "shield", "waf", "support", "account":
		return "us-east-1"
	}
	return call.Region
}

func (r *Record) time() (time.Time, error) { return time.Parse(time.RFC3339, r.EventTime) }

// bounded replaces what CloudTrail would leave out for its size.
func bounded(node map[string]any, what string) map[string]any {
	if len(node) == 0 {
		return nil
	}
	text, err := json.Marshal(node)
	if err == nil && len(text) <= maxElementBytes {
		return node
	}
	reason := what + " too large"
	if err != nil {
		reason = what + " cannot be encoded"
	}
	return map[string]any{"omitted": true, "originalSize": len(text), "reason": reason}
}
