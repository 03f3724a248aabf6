package name

import (
	"slices"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/move/objects/object"
)

// Headers returns the content headers of the blob and what is lost of the
// source's. The five that both sides know are kept as they are.
func (m *Mapper) Headers(h object.Headers) (object.Headers, []Loss, *Refusal) {
	var losses []Loss
	lose := func(rule RuleID, name string) { losses = append(losses, Loss{Rule: rule, What: "header", Name: name}) }
	for _, field := range []struct {
		name  string
		value *string
	}{
		{"Content-Type", &h.Type}, {"Content-Encoding", &h.Encoding}, {"Content-Language", &h.Language},
		{"Content-Disposition", &h.Disposition}, {"Cache-Control", &h.CacheControl},
	} {
		if !printable(*field.value) {
			lose(HeaderValue, field.name)
			*field.value = ""
		}
	}
	if h.Expires != "" {
		lose(HeaderExpires, "Expires")
	}
	if h.Redirect != "" {
		lose(HeaderRedirect, "x-amz-website-redirect-location")
	}
	if m.policy.Metadata == Fail && len(losses) > 0 {
		return object.Headers{}, nil, losses[0].refuse(ruleText(losses[0].Rule))
	}
	if rest, was := withoutChunked(h.Encoding); was {
		lose(HeaderChunked, "Content-Encoding")
		h.Encoding = rest
	}
	h.Expires, h.Redirect = "", ""
	return h, losses, nil
}

// withoutChunked takes "aws-chunked" out of a list of encodings. Amazon S3 does
// so itself; services with its API store what the client sent.
func withoutChunked(encoding string) (string, bool) {
	if !strings.Contains(strings.ToLower(encoding), "aws-chunked") {
		return encoding, false
	}
	var rest []string
	was := false
	for part := range strings.SplitSeq(encoding, ",") {
		part = strings.TrimSpace(part)
		if strings.EqualFold(part, "aws-chunked") {
			was = true
		} else if part != "" {
			rest = append(rest, part)
		}
	}
	if !was {
		return encoding, false
	}
	return strings.Join(rest, ","), true
}

// Tier is where a storage class goes.
type Tier struct {
	// Name is "Hot", "Cool", "Cold", "Archive", "" for the account's default.
	Name string
	// MinDays is how long a blob stays in it to avoid the fee for early deletion,
	// which begins anew at the target.
	MinDays int
	// Restore says that the source must be restored before it can be read.
	Restore bool
	// Losses say what the tier does not do that the class does. They hold for all
	// objects of the class: report them once.
	Losses []Loss
}

// Tier returns the tier of a storage class as a listing tells it; "" is
// STANDARD.
func (m *Mapper) Tier(class string) Tier {
	if class == "" {
		class = "STANDARD"
	}
	if tier, ok := m.tiers[class]; ok {
		return tier
	}
	return Tier{Losses: []Loss{{Rule: TierUnknown, What: "tier", Name: class}}}
}

// tiersOf narrows the table of the catalog to what an account can do.
func tiersOf(a Account) map[string]Tier {
	out := map[string]Tier{}
	var facts catalog.Catalog
	for _, row := range facts.StorageClasses() {
		tier := Tier{Name: row.Tier, MinDays: row.MinDays, Restore: row.RestoreFirst}
		lose := func(rule RuleID, target string) {
			tier.Losses = append(tier.Losses, Loss{Rule: rule, What: "tier", Name: row.S3, Target: target})
		}
		switch {
		case a.Premium:
			if row.Tier != "Premium" {
				lose(TierPremium, "")
			}
			tier.Name, tier.MinDays = "", 0
		case row.Tier == "Premium":
			lose(TierPremium, "Hot")
			tier.Name = "Hot"
		case row.Tier == "Archive" && slices.Contains(row.NoArchiveOn, strings.ToUpper(a.Redundancy)):
			cold, _ := facts.StorageClass("GLACIER_IR")
			lose(TierArchive, cold.Tier)
			tier.Name, tier.MinDays = cold.Tier, cold.MinDays
		}
		if row.SingleZone && a.Redundancy != "" && a.Redundancy != "LRS" {
			lose(TierZone, tier.Name)
		}
		if row.S3 == "INTELLIGENT_TIERING" {
			lose(TierAccess, tier.Name)
		}
		out[row.S3] = tier
	}
	return out
}
