package snapshot

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/format"
)

// head is what tells an item from others. The two spellings of account and
// ARN are those of the API and of the files. Names are matched without regard
// to case, so that the aggregate forms fit as well.
type head struct {
	Account     string          `json:"accountId"`
	FileAccount string          `json:"awsAccountId"`
	FromAccount string          `json:"sourceAccountId"`
	Region      string          `json:"awsRegion"`
	FromRegion  string          `json:"sourceRegion"`
	Type        string          `json:"resourceType"`
	ID          string          `json:"resourceId"`
	ARN         string          `json:"arn"`
	Captured    json.RawMessage `json:"configurationItemCaptureTime"`
	State       json.RawMessage `json:"configurationStateId"`
}

// key is the same for items of the same resource, "" for what is no item.
func (h *head) key() string {
	if h.Type == "" || h.ID == "" && h.ARN == "" {
		return ""
	}
	account, region := format.First(h.Account, h.FileAccount, h.FromAccount), format.First(h.Region, h.FromRegion)
	return strings.Join([]string{account, region, h.Type, format.First(h.ID, h.ARN)}, "|")
}

// stamp orders the items of one resource; a later one is newer. Of equal
// times the state id decides, which AWS Config only counts up.
type stamp struct {
	at    int64
	state int64
	// file and item tell equal ones apart: the first that was seen counts.
	file, item int
}

func (s stamp) newerThan(other stamp) bool {
	if s.at != other.at {
		return s.at > other.at
	}
	return s.state > other.state
}

func (h *head) stamp() stamp {
	state, _ := strconv.ParseInt(strings.Trim(string(h.State), `"`), 10, 64) // none is 0
	return stamp{at: moment(h.Captured), state: state}
}

// moment reads a time: RFC 3339 text, or seconds since 1970 as version 1 of
// the AWS CLI prints them; 0 if it is none.
func moment(raw json.RawMessage) int64 {
	text := strings.Trim(string(raw), `"`)
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds > 0 && seconds < 1e11 {
		return int64(seconds * 1e3)
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UnixMilli()
	}
	return 0
}

// Normal brings an item into the form of the snapshot files: account under
// awsAccountId, ARN under ARN, and as JSON what the API hands out as text.
func Normal(item map[string]any, limits document.Limits) (map[string]any, error) {
	out := make(map[string]any, len(item))
	for name, value := range item {
		out[spelling(name)] = value
	}
	var err error
	if out["configuration"], err = unpacked(out["configuration"], limits); err != nil {
		return nil, fault.Of(fault.Invalid, "decode the configuration", "", err)
	}
	if extra, ok := out["supplementaryConfiguration"].(map[string]any); ok {
		for name, value := range extra {
			// Some members are plain text ("Policy": "").
			if tree, err := unpacked(value, limits); err == nil {
				extra[name] = tree
			}
		}
	}
	if relations, ok := out["relationships"].([]any); ok {
		for _, one := range relations {
			if r, ok := one.(map[string]any); ok && r["name"] == nil {
				r["name"] = r["relationshipName"]
				delete(r, "relationshipName")
			}
		}
	}
	return out, nil
}

// spelling is the name that the files use for a member.
func spelling(name string) string {
	switch strings.ToLower(name) {
	case "arn":
		return "ARN"
	case "accountid", "sourceaccountid":
		return "awsAccountId"
	case "sourceregion":
		return "awsRegion"
	case "version":
		return "configurationItemVersion"
	}
	return strings.ToLower(name[:min(1, len(name))]) + name[min(1, len(name)):]
}

// unpacked decodes a text that holds a JSON object or list.
func unpacked(value any, limits document.Limits) (any, error) {
	text, ok := value.(string)
	if !ok {
		return value, nil
	}
	switch trimmed := strings.TrimSpace(text); {
	case trimmed == "":
		return nil, nil
	case trimmed[0] != '{' && trimmed[0] != '[':
		return text, nil
	}
	return document.Parse(text, limits)
}

// brief names an item in a reason.
func brief(item map[string]any) string {
	kind, _ := item["resourceType"].(string)
	id, _ := item["resourceId"].(string)
	return format.Cut(kind + " " + id)
}
