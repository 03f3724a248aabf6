package awsgate

import (
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// maxIdentities bounds the keys that are remembered. Role sessions are the
// only thing that makes many; the oldest half goes when the bound is reached.
const maxIdentities = 100_000

// identities knows who an access key stands for, learned from the answers
// that hand keys out. It is safe for concurrent use.
type identities struct {
	account  string
	adminKey string
	mu       sync.RWMutex
	byKey    map[string]awsapi.Identity
	order    []string
	// userIDs and roleIDs are the unique ids (AIDA..., AROA...) by name,
	// which CloudTrail shows as principalId.
	userIDs map[string]string
	roleIDs map[string]string
}

func newIdentities(account, adminKey string) *identities {
	return &identities{account: account, adminKey: adminKey, byKey: map[string]awsapi.Identity{},
		userIDs: map[string]string{}, roleIDs: map[string]string{}}
}

// who returns the identity behind a key.
func (ids *identities) who(key string) awsapi.Identity {
	ids.mu.RLock()
	defer ids.mu.RUnlock()
	if id, ok := ids.byKey[key]; ok {
		return id
	}
	switch {
	case key == "":
		// CloudTrail's form of an unsigned call.
		return awsapi.Identity{Type: "AWSAccount", PrincipalID: "", AccountID: "anonymous"}
	case ids.adminKey == "" || key == ids.adminKey:
		return awsapi.Identity{Type: "Root", PrincipalID: ids.account, AccountID: ids.account, AccessKeyID: key,
			ARN: "arn:aws:iam::" + ids.account + ":root", Admin: ids.adminKey != ""}
	}
	return awsapi.Identity{Type: "Unknown", AccountID: ids.account, AccessKeyID: key}
}

// learn takes note of an answer that hands out a key or an id.
func (ids *identities) learn(c *awsapi.Call, o awsapi.Outcome) {
	if !o.OK() || o.Result == nil {
		return
	}
	switch c.Service + ":" + c.Operation {
	case "iam:CreateUser", "iam:GetUser":
		ids.learnID(ids.userIDs, awsapi.Map(o.Result, "User"), "UserName", "UserId")
	case "iam:CreateRole", "iam:GetRole":
		ids.learnID(ids.roleIDs, awsapi.Map(o.Result, "Role"), "RoleName", "RoleId")
	case "iam:CreateAccessKey":
		ids.learnUserKey(awsapi.Map(o.Result, "AccessKey"))
	case "sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity":
		ids.learnSession(c, o.Result)
	case "sts:GetCallerIdentity":
		ids.learnCaller(c, o.Result)
	}
}

func (ids *identities) learnID(into map[string]string, node map[string]any, name, id string) {
	if n, v := awsapi.String(node, name), awsapi.String(node, id); n != "" && v != "" {
		ids.mu.Lock()
		defer ids.mu.Unlock()
		into[n] = v
	}
}

func (ids *identities) learnUserKey(node map[string]any) {
	key, user := awsapi.String(node, "AccessKeyId"), awsapi.String(node, "UserName")
	if key == "" || user == "" {
		return
	}
	ids.mu.Lock()
	defer ids.mu.Unlock()
	ids.keep(key, awsapi.Identity{
		Type: "IAMUser", PrincipalID: ids.userIDs[user], ARN: "arn:aws:iam::" + ids.account + ":user/" + user,
		AccountID: ids.account, AccessKeyID: key, UserName: user,
	})
}

// learnSession: AssumedRoleUser is arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION
// and AROA...:SESSION.
func (ids *identities) learnSession(c *awsapi.Call, result map[string]any) {
	key := awsapi.String(awsapi.Map(result, "Credentials"), "AccessKeyId")
	user := awsapi.Map(result, "AssumedRoleUser")
	arn, principal := awsapi.String(user, "Arn"), awsapi.String(user, "AssumedRoleId")
	if key == "" || arn == "" {
		return
	}
	roleARN := awsapi.String(c.Params, "RoleArn")
	ids.mu.Lock()
	defer ids.mu.Unlock()
	ids.keep(key, ids.session(key, arn, principal, roleARN, c.Time))
}

func (ids *identities) session(key, arn, principal, roleARN string, start time.Time) awsapi.Identity {
	account := field(arn, 4, ids.account)
	role := roleOf(arn)
	if roleARN == "" {
		roleARN = "arn:aws:iam::" + account + ":role/" + role
	}
	roleID, _, _ := strings.Cut(principal, ":")
	if known := ids.roleIDs[role]; known != "" {
		// moto makes up a new id for every session; the role's own is the
		// one that AWS shows, and that two records can be joined by.
		roleID = known
		_, sessionName, _ := strings.Cut(principal, ":")
		principal = roleID + ":" + sessionName
	}
	return awsapi.Identity{
		Type: "AssumedRole", PrincipalID: principal, ARN: arn, AccountID: account, AccessKeyID: key, SessionStart: start,
		Issuer: &awsapi.Issuer{Type: "Role", PrincipalID: roleID, ARN: roleARN, AccountID: account, UserName: role},
	}
}

func (ids *identities) learnCaller(c *awsapi.Call, result map[string]any) {
	arn, principal := awsapi.String(result, "Arn"), awsapi.String(result, "UserId")
	ids.mu.Lock()
	defer ids.mu.Unlock()
	if _, known := ids.byKey[c.AccessKey]; known || c.AccessKey == "" || c.AccessKey == ids.adminKey {
		return
	}
	switch {
	case strings.Contains(arn, ":assumed-role/"):
		ids.keep(c.AccessKey, ids.session(c.AccessKey, arn, principal, "", c.Time))
	case strings.Contains(arn, ":user/") && strings.HasPrefix(arn, "arn:aws:iam:"):
		// moto answers a key it does not know with a user of sts, which no
		// AWS account has; only a user of IAM is one.
		ids.keep(c.AccessKey, awsapi.Identity{Type: "IAMUser", PrincipalID: principal, ARN: arn,
			AccountID: field(arn, 4, ids.account), AccessKeyID: c.AccessKey, UserName: arn[strings.LastIndex(arn, "/")+1:]})
	}
}

// keep remembers a key; the caller holds the lock.
func (ids *identities) keep(key string, id awsapi.Identity) {
	if _, known := ids.byKey[key]; !known {
		ids.order = append(ids.order, key)
	}
	ids.byKey[key] = id
	if len(ids.order) <= maxIdentities {
		return
	}
	for _, old := range ids.order[:maxIdentities/2] {
		delete(ids.byKey, old)
	}
	ids.order = append([]string(nil), ids.order[maxIdentities/2:]...)
}

func roleOf(arn string) string {
	_, rest, _ := strings.Cut(arn, ":assumed-role/")
	role, _, _ := strings.Cut(rest, "/")
	return role
}

// field returns the nth part of an ARN, or otherwise.
func field(arn string, n int, otherwise string) string {
	if part := strings.Split(arn, ":"); len(part) > n && part[n] != "" {
		return part[n]
	}
	return otherwise
}
