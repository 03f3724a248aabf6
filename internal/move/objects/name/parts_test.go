package name_test

import (
	"maps"
	"mime"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
)

func texts(losses []name.Loss) []string {
	var out []string
	for _, l := range losses {
		out = append(out, l.String())
	}
	return out
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	source := map[string]string{
		"plain": "1", "empty": "", "two-words": "2", "1st": "3", "landfall": "4", "hdi_isfolder": "true", "text": "h\u00e9",
		"encoded": "=?UTF-8?Q?h=C3=A9?=", "A": "5", "a": "6", "": "7", "a_x2db": "8",
	}
	before := maps.Clone(source)
	got, losses, refused := mapper(t, name.Policy{}).Metadata(source, "mark")
	want := map[string]string{"plain": "1", "empty": "", "encoded": "=?UTF-8?Q?h=C3=A9?=", "a": "5", "a_x2db": "8", "landfall": "mark"}
	if refused != nil || !maps.Equal(got, want) {
		t.Errorf("excluding gives %v, %v", got, refused)
	}
	wantLosses := []string{`metadata-name metadata ""`, `metadata-name metadata "1st"`, `metadata-duplicate metadata "a"`,
		`metadata-reserved metadata "hdi_isfolder"`, `metadata-reserved metadata "landfall"`, `metadata-value metadata "text"`, `metadata-name metadata "two-words"`}
	if !slices.Equal(texts(losses), wantLosses) {
		t.Errorf("losses are\n%s", strings.Join(texts(losses), "\n"))
	}
	got, losses, refused = mapper(t, name.Policy{Metadata: name.Rename}).Metadata(source, "mark")
	want = map[string]string{"plain": "1", "empty": "", "encoded": "=?UTF-8?Q?h=C3=A9?=", "a": "5,6", "a_x5fx2db": "8", "landfall": "mark", "_x": "7",
		"_x31st": "3", "_x68di_isfolder": "true", "_x6candfall": "4", "text": "=?UTF-8?b?aMOp?=", "two_x2dwords": "2"}
	if refused != nil || !maps.Equal(got, want) {
		t.Errorf("renaming gives %v, %v", got, refused)
	}
	if len(losses) != 8 || losses[7].String() != `metadata-name metadata "two-words" as "two_x2dwords"` {
		t.Errorf("losses are\n%s", strings.Join(texts(losses), "\n"))
	}
	if _, _, refused = mapper(t, name.Policy{Metadata: name.Fail}).Metadata(source, ""); refused == nil || refused.Rule != name.MetadataName || refused.Fatal {
		t.Errorf("failing gives %+v", refused)
	}
	if !maps.Equal(source, before) {
		t.Error("the source's map was changed")
	}
	if got, losses, refused := mapper(t, name.Policy{}).Metadata(nil, ""); got != nil || losses != nil || refused != nil {
		t.Error("no metadata is not nothing")
	}
}

func TestMetadataIsBounded(t *testing.T) {
	t.Parallel()
	source := map[string]string{"a": strings.Repeat("x", 5000), "b": strings.Repeat("x", 5000), "c": "small"}
	got, losses, refused := mapper(t, name.Policy{Metadata: name.Rename}).Metadata(source, strings.Repeat("m", 100))
	if refused != nil || len(got) != 3 || got["c"] != "small" || !slices.Equal(texts(losses), []string{`metadata-size metadata "b"`}) {
		t.Errorf("got %d names, %v, %v", len(got), texts(losses), refused)
	}
	if _, _, refused := mapper(t, name.Policy{Metadata: name.Fail}).Metadata(source, ""); refused == nil || refused.Rule != name.MetadataSize {
		t.Errorf("failing gives %+v", refused)
	}
}

// No two metadata names become one, and each leads back.
func TestMetadataNamesAreInjective(t *testing.T) {
	t.Parallel()
	m := mapper(t, name.Policy{Metadata: name.Rename})
	rapid.Check(t, func(t *rapid.T) {
		key := strings.ToLower(rapid.OneOf(rapid.StringMatching(`[-_x0-9a-f. ]{0,12}`), rapid.StringMatching(`[!-~]{0,12}`), rapid.SampledFrom([]string{"landfall", "hdi_isfolder", "_x6candfall", "_x"})).Draw(t, "key"))
		got, _, refused := m.Metadata(map[string]string{key: "v"}, "")
		if refused != nil || len(got) != 1 {
			t.Fatalf("%q gives %v, %v", key, got, refused)
		}
		for target := range got {
			if name.MetadataKey(target) != key {
				t.Fatalf("%q becomes %q, which leads back to %q", key, target, name.MetadataKey(target))
			}
			if target == name.Mark || target != "_x" && strings.Trim(target, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" || target[0] >= '0' && target[0] <= '9' {
				t.Fatalf("%q becomes %q", key, target)
			}
		}
	})
}

// The encoding of values is the one of RFC 2047, which any mail reader undoes.
func TestMetadataValuesLeadBack(t *testing.T) {
	t.Parallel()
	m := mapper(t, name.Policy{Metadata: name.Rename})
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[ -~\x{e9}\x{4e2d}\x{1F600}]{0,40}\x{e9}`).Draw(t, "value")
		got, _, refused := m.Metadata(map[string]string{"v": value}, "")
		back, err := new(mime.WordDecoder).DecodeHeader(got["v"])
		if refused != nil || err != nil || back != value {
			t.Fatalf("%q becomes %q, which leads back to %q (%v, %v)", value, got["v"], back, refused, err)
		}
	})
}

func TestTags(t *testing.T) {
	t.Parallel()
	source := map[string]string{"plain": "a b+c-d./e:=_", "mail": "a@b", "gr\u00f6\u00dfe": "1", "long": strings.Repeat("v", 257), "_x40": "2"}
	got, losses, refused := mapper(t, name.Policy{}).Tags(source)
	if refused != nil || !maps.Equal(got, map[string]string{"plain": "a b+c-d./e:=_", "_x40": "2"}) {
		t.Errorf("excluding gives %v, %v", got, refused)
	}
	if want := []string{`tag-characters tag "gr\u00f6\u00dfe"`, `tag-length tag "long"`, `tag-characters tag "mail"`}; !slices.Equal(texts(losses), want) {
		t.Errorf("losses are %v", texts(losses))
	}
	got, losses, _ = mapper(t, name.Policy{Tags: name.Rename}).Tags(source)
	want := map[string]string{"plain": "a b+c-d./e:=_", "mail": "a_x40b", "gr_xC3_xB6_xC3_x9Fe": "1", "_x5Fx40": "2"}
	if !maps.Equal(got, want) || len(losses) != 4 {
		t.Errorf("renaming gives %v, %v", got, texts(losses))
	}
	for target := range got {
		if _, ok := source[name.Tag(target)]; !ok {
			t.Errorf("%q leads back to %q", target, name.Tag(target))
		}
	}
	if _, _, refused := mapper(t, name.Policy{Tags: name.Fail}).Tags(source); refused == nil || refused.Rule != name.TagChars {
		t.Errorf("failing gives %+v", refused)
	}
	_, losses, _ = mapper(t, name.Policy{Account: name.Account{Hierarchical: true}}).Tags(map[string]string{"a": "b"})
	if !slices.Equal(texts(losses), []string{`tag-unsupported tag "a"`}) {
		t.Errorf("a hierarchical account loses %v", texts(losses))
	}
	many := map[string]string{}
	for c := 'a'; c < 'a'+12; c++ {
		many[string(c)] = ""
	}
	got, losses, _ = mapper(t, name.Policy{}).Tags(many)
	if len(got) != 10 || !slices.Equal(texts(losses), []string{`tag-count tag "k"`, `tag-count tag "l"`}) {
		t.Errorf("of twelve tags %d stay, %v go", len(got), texts(losses))
	}
	if got, _, _ := mapper(t, name.Policy{}).Tags(nil); got != nil {
		t.Error("no tags are not nothing")
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	h := object.Headers{Type: "text/html; charset=utf-8", Encoding: "aws-chunked, gzip", Language: "de", Disposition: "attachment; filename=\"\u00e9\"", CacheControl: "no-cache", Expires: "soon", Redirect: "/x"}
	got, losses, refused := mapper(t, name.Policy{}).Headers(h)
	want := object.Headers{Type: h.Type, Encoding: "gzip", Language: "de", CacheControl: "no-cache"}
	if refused != nil || got != want {
		t.Errorf("got %+v, %v", got, refused)
	}
	if want := []string{`header-value header "Content-Disposition"`, `header-expires header "Expires"`, `header-redirect header "x-amz-website-redirect-location"`,
		`header-aws-chunked header "Content-Encoding"`}; !slices.Equal(texts(losses), want) {
		t.Errorf("losses are %v", texts(losses))
	}
	if _, _, refused := mapper(t, name.Policy{Metadata: name.Fail}).Headers(h); refused == nil || refused.Rule != name.HeaderValue {
		t.Errorf("failing gives %+v", refused)
	}
	for encoding, want := range map[string]string{"gzip": "gzip", "gzip, br": "gzip, br", "AWS-Chunked": "", "x-aws-chunked-not": "x-aws-chunked-not"} {
		if got, _, _ := mapper(t, name.Policy{Metadata: name.Fail}).Headers(object.Headers{Encoding: encoding}); got.Encoding != want {
			t.Errorf("%q becomes %q, want %q", encoding, got.Encoding, want)
		}
	}
}

func TestTiers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		account name.Account
		class   string
		want    name.Tier
		losses  []string
	}{
		{name.Account{}, "", name.Tier{Name: "Hot"}, nil},
		{name.Account{}, "STANDARD_IA", name.Tier{Name: "Cool", MinDays: 30}, nil},
		{name.Account{}, "GLACIER_IR", name.Tier{Name: "Cold", MinDays: 90}, nil},
		{name.Account{}, "DEEP_ARCHIVE", name.Tier{Name: "Archive", MinDays: 180, Restore: true}, nil},
		{name.Account{Redundancy: "gzrs"}, "GLACIER", name.Tier{Name: "Cold", MinDays: 90, Restore: true}, []string{`tier-no-archive tier "GLACIER" as "Cold"`}},
		{name.Account{Redundancy: "ZRS"}, "ONEZONE_IA", name.Tier{Name: "Cool", MinDays: 30}, []string{`tier-single-zone tier "ONEZONE_IA" as "Cool"`}},
		{name.Account{Redundancy: "LRS"}, "ONEZONE_IA", name.Tier{Name: "Cool", MinDays: 30}, nil},
		{name.Account{}, "INTELLIGENT_TIERING", name.Tier{Name: "Hot"}, []string{`tier-by-access tier "INTELLIGENT_TIERING" as "Hot"`}},
		{name.Account{}, "EXPRESS_ONEZONE", name.Tier{Name: "Hot"}, []string{`tier-premium tier "EXPRESS_ONEZONE" as "Hot"`}},
		{name.Account{Premium: true}, "EXPRESS_ONEZONE", name.Tier{}, nil},
		{name.Account{Premium: true}, "STANDARD_IA", name.Tier{}, []string{`tier-premium tier "STANDARD_IA"`}},
		{name.Account{}, "OUTPOSTS", name.Tier{}, []string{`tier-unknown tier "OUTPOSTS"`}},
	} {
		got := mapper(t, name.Policy{Account: c.account}).Tier(c.class)
		losses := texts(got.Losses)
		got.Losses = nil
		if !reflect.DeepEqual(got, c.want) || !slices.Equal(losses, c.losses) {
			t.Errorf("%q in %+v gives %+v, %v", c.class, c.account, got, losses)
		}
	}
}

func TestContainers(t *testing.T) {
	t.Parallel()
	buckets := []string{"plain-bucket", "www.example.com", "two--dashes", "a..b", "Old_Bucket", "www-example-com", "ok1", strings.Repeat("b", 64), "plain-bucket", "a.-.b", "x-"}
	kept, refused := name.Containers(buckets, name.Rename)
	names := map[string]string{}
	for _, c := range kept {
		names[c.Bucket] = c.Name
		if r := name.ValidateContainer(c.Name); r != nil || c.Renamed != (c.Name != c.Bucket) {
			t.Errorf("%+v: %v", c, r)
		}
	}
	if want := map[string]string{"plain-bucket": "plain-bucket", "two--dashes": "two-2-dashes", "a..b": "a-2-b", "Old_Bucket": "old-bucket", "ok1": "ok1", "a.-.b": "a-3-b"}; !maps.Equal(names, want) {
		t.Errorf("kept %v", names)
	}
	rules := map[string]name.RuleID{}
	for _, r := range refused {
		rules[r.Name] = r.Rule
		if r.Rule == name.ContainerCollision && !strings.Contains(r.Detail, "www") {
			t.Errorf("the collision does not name the other: %q", r.Detail)
		}
	}
	if want := map[string]name.RuleID{"www.example.com": name.ContainerCollision, "www-example-com": name.ContainerCollision, strings.Repeat("b", 64): name.ContainerLength, "x-": name.ContainerLength}; !maps.Equal(rules, want) {
		t.Errorf("refused %v", rules)
	}
	again := slices.Clone(buckets)
	slices.Reverse(again)
	if kept2, refused2 := name.Containers(again, name.Rename); !slices.Equal(kept, kept2) || !slices.Equal(refused, refused2) {
		t.Error("the order of the buckets matters")
	}
	if kept, refused := name.Containers([]string{"a.b.c"}, name.Fail); len(kept) != 0 || len(refused) != 1 || !refused[0].Fatal {
		t.Errorf("failing gives %v, %v", kept, refused)
	}
	for bad, rule := range map[string]name.RuleID{"ab": name.ContainerLength, "A-b": name.ContainerChars, "-ab": name.ContainerDashes, "ab-": name.ContainerDashes, "a--b": name.ContainerDashes} {
		if r := name.ValidateContainer(bad); r == nil || r.Rule != rule {
			t.Errorf("%q gives %+v, want %s", bad, r, rule)
		}
	}
	if name.ValidateContainer("$web") != nil {
		t.Error("$web is refused")
	}
}

func TestParseMode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]name.Mode{"": name.Exclude, "exclude": name.Exclude, "rename": name.Rename, "fail": name.Fail} {
		if got, err := name.ParseMode(text); err != nil || got != want {
			t.Errorf("%q gives %q, %v", text, got, err)
		}
	}
	if _, err := name.ParseMode("skip"); !fault.Is(err, fault.Usage) {
		t.Errorf("got %v", err)
	}
}
