package history

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"

	"example.com/landfall/internal/sandbox/awsgate/trail"
)

// record is one CloudTrail record, with what the model knows besides.
type record struct {
	trail.Record

	at        time.Time
	principal string
}

// The parts of a record.
type (
	identity = trail.UserIdentity
	session  = trail.SessionContext
	issuer   = trail.SessionIssuer
	touched  = trail.Resource
)

// actor is who makes calls, from where and with what.
type actor struct {
	identity  identity
	principal string
	address   string
	agent     string
}

// hourly are the records of one hour while they are made.
type hourly struct {
	m       *model
	r       *rand.Rand
	hour    time.Time
	records []record
}

// call is what an actor does.
type call struct {
	source, name string // "ec2", "DescribeInstances"
	parameters   map[string]any
	response     map[string]any
	resources    []touched
	code         string
	message      string
	data         bool
}

// do records a call some minutes and seconds into the hour.
func (h *hourly) do(a actor, minute int, c call) {
	at := h.hour.Add(time.Duration(minute)*time.Minute + time.Duration(h.r.IntN(60))*time.Second)
	if at.Before(h.m.start) || !at.Before(h.m.end) {
		return
	}
	r := record{at: at, principal: a.principal, Record: trail.Record{
		EventVersion: "1.11", UserIdentity: a.identity, EventTime: at.Format("2006-01-02T15:04:05Z"), EventSource: c.source + ".amazonaws.com", EventName: c.name,
		AWSRegion: h.m.World.Region, SourceIPAddress: a.address, UserAgent: a.agent, ErrorCode: c.code, ErrorMessage: c.message,
		RequestParameters: c.parameters, ResponseElements: c.response, RequestID: orderID(h.r), EventID: orderID(h.r), ReadOnly: readOnly(c.name),
		Resources: c.resources, EventType: "AwsApiCall", ManagementEvent: !c.data, RecipientAccountID: h.m.World.Account, EventCategory: "Management",
	}}
	if c.data {
		r.EventCategory = "Data"
	}
	if c.name == "ConsoleLogin" {
		r.EventType = "AwsConsoleSignIn"
		r.AdditionalEventData = map[string]any{"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": "Yes"}
	}
	h.records = append(h.records, r)
}

// readOnly tells by the verb, as CloudTrail does for these services. AssumeRole
// counts as reading: it changes nothing.
func readOnly(name string) bool {
	for _, verb := range []string{"Describe", "List", "Get", "Head", "Lookup", "AssumeRole", "Decrypt", "GenerateDataKey"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}

// stableID makes an id in AWS's form from a name. Ids of roles and users have
// 21 characters, keys of sessions 20.
func (m *model) stableID(prefix, name string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	h := fnv.New64a()
	fmt.Fprint(h, prefix, "/", name)
	r := rand.New(rand.NewPCG(m.Seed, h.Sum64()))
	var b strings.Builder
	b.WriteString(prefix)
	length := 21
	if prefix == "ASIA" {
		length = 20
	}
	for b.Len() < length {
		b.WriteByte(letters[r.IntN(len(letters))])
	}
	return b.String()
}

// role is an actor with a session of a role.
func (h *hourly) role(name, sessionName, address, agent string) actor {
	w := h.m.World
	id := h.m.stableID("AROA", name)
	plain := name[strings.LastIndexByte(name, '/')+1:]
	roleARN := "arn:aws:iam::" + w.Account + ":role/" + name
	// Sessions of roles last an hour here, so each hour has its own key.
	return actor{identity: identity{
		Type: "AssumedRole", PrincipalID: id + ":" + sessionName, ARN: "arn:aws:sts::" + w.Account + ":assumed-role/" + plain + "/" + sessionName,
		AccountID: w.Account, AccessKeyID: h.m.stableID("ASIA", name+sessionName+h.hour.String()),
		SessionContext: &session{SessionIssuer: &issuer{Type: "Role", PrincipalID: id, ARN: roleARN, AccountID: w.Account, UserName: plain},
			Attributes: map[string]string{"creationDate": h.hour.Format("2006-01-02T15:04:05Z"), "mfaAuthenticated": "false"}},
	}, principal: roleARN, address: address, agent: agent}
}

// service is an AWS service acting by itself.
func service(name string) actor {
	return actor{identity: identity{Type: "AWSService", InvokedBy: name}, principal: name, address: name, agent: name}
}

// on is the actor with a service acting for it.
func (a actor) on(service string) actor {
	a.identity.InvokedBy, a.address, a.agent = service, service, service
	return a
}
