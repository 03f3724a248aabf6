package awsapi_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

func answerOf(t testing.TB, p awsapi.Protocol, result map[string]any) *awsapi.Answer {
	t.Helper()
	a, err := awsapi.EncodeResult(&awsapi.Call{Protocol: p, Operation: "Op", RequestID: "r-1", Namespace: "http://ns/"}, result)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestEncodeResult(t *testing.T) {
	t.Parallel()
	result := map[string]any{"Name": "a<b&", "At": at, "Items": []map[string]any{{"N": 1}, {"N": int64(2)}}, "Blob": []byte{1, 2},
		"Tags": awsapi.Entries{"k": "v"}, "None": nil, "On": true, "F": 1.5, "Words": []string{"x"}}
	if got, want := string(answerOf(t, awsapi.JSON11, result).Body),
		`{"At":1767323045.678,"Blob":"AQI=","F":1.5,"Items":[{"N":1},{"N":2}],"Name":"a\u003cb\u0026","On":true,"Tags":{"k":"v"},"Words":["x"]}`; got != want {
		t.Errorf("json\n%s\nwant\n%s", got, want)
	}
	if got, want := string(answerOf(t, awsapi.Query, result).Body), xml.Header+`<OpResponse xmlns="http://ns/"><OpResult><At>2026-01-02T03:04:05.678Z</At>`+
		`<Blob>AQI=</Blob><F>1.5</F><Items><member><N>1</N></member><member><N>2</N></member></Items><Name>a&lt;b&amp;</Name><On>true</On>`+
		`<Tags><entry><key>k</key><value>v</value></entry></Tags><Words><member>x</member></Words></OpResult>`+
		"<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></OpResponse>\n"; got != want {
		t.Errorf("query\n%s\nwant\n%s", got, want)
	}
	cbor := answerOf(t, awsapi.CBOR, result)
	back := awsapi.DecodeOutcome(&awsapi.Call{Protocol: awsapi.CBOR}, 200, cbor.Header, cbor.Body).Result
	moment, _ := awsapi.Time(back, "At")
	if back["Name"] != "a<b&" || !moment.Equal(at) || !reflect.DeepEqual(back["Blob"], []byte{1, 2}) || back["F"] != 1.5 {
		t.Errorf("cbor comes back as %v", back)
	}
	if _, err := awsapi.EncodeResult(&awsapi.Call{Protocol: awsapi.JSON11}, map[string]any{"C": make(chan int)}); err == nil {
		t.Error("a channel was encoded")
	}
	if _, err := awsapi.EncodeResult(&awsapi.Call{Protocol: awsapi.EC2}, nil); err == nil {
		t.Error("an EC2 result was encoded without shapes")
	}
	if got := string(answerOf(t, awsapi.JSON10, map[string]any{"A": math.NaN(), "B": math.Inf(1)}).Body); got != `{"A":"NaN","B":"Infinity"}` {
		t.Errorf("numbers that JSON has not: %s", got)
	}
}

func TestErrorsInEveryProtocol(t *testing.T) {
	t.Parallel()
	e := &awsapi.Error{Code: "NoSuchThing", Message: "no <thing>", Status: 404, Sender: true}
	for _, c := range []awsapi.Call{
		{Protocol: awsapi.JSON10}, {Protocol: awsapi.JSON11}, {Protocol: awsapi.Query, Namespace: "http://ns/"}, {Protocol: awsapi.EC2, Service: "ec2"},
		{Protocol: awsapi.RestJSON}, {Protocol: awsapi.RestXML, Service: "route53"}, {Protocol: awsapi.RestXML, Service: "s3"},
		{Protocol: awsapi.CBOR, Service: "monitoring", Model: "cloudwatch"},
	} {
		c.RequestID = "r-1"
		a := awsapi.EncodeError(&c, e)
		got := awsapi.DecodeOutcome(&c, a.Status, a.Header, a.Body)
		if got.ErrorCode != e.Code || got.ErrorMessage != e.Message || got.Status != 404 || got.OK() {
			t.Errorf("%s %s: comes back as %+v from %s", c.Protocol, c.Service, got, a.Body)
		}
		hidden := awsapi.EncodeError(&c, errors.New("password=x"))
		if strings.Contains(string(hidden.Body), "password") || hidden.Status != 500 {
			t.Errorf("%s: %d %s", c.Protocol, hidden.Status, hidden.Body)
		}
		c.Method = http.MethodHead
		if a := awsapi.EncodeError(&c, e); len(a.Body) != 0 {
			t.Errorf("%s: an answer to HEAD has a body", c.Protocol)
		}
	}
}

func TestDecodeOutcome(t *testing.T) {
	t.Parallel()
	xmlHeader := http.Header{"Content-Type": {"text/xml"}}
	for name, c := range map[string]struct {
		call awsapi.Call
		body string
		want map[string]any
	}{
		"query": {awsapi.Call{Protocol: awsapi.Query, Operation: "ListUsers"},
			`<ListUsersResponse xmlns="x"><ListUsersResult><Users><member><Name>a</Name></member></Users><IsTruncated>false</IsTruncated></ListUsersResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></ListUsersResponse>`,
			map[string]any{"Users": []any{map[string]any{"Name": "a"}}, "IsTruncated": "false"}},
		"ec2": {awsapi.Call{Protocol: awsapi.EC2, Operation: "DescribeVpcs"},
			`<R><requestId>1</requestId><vpcSet><item><vpcId>v</vpcId></item></vpcSet></R>`,
			map[string]any{"requestId": "1", "vpcSet": []any{map[string]any{"vpcId": "v"}}}},
		"repeated": {awsapi.Call{Protocol: awsapi.RestXML}, `<R><Key>1</Key><Key>2</Key><L><item>3</item></L><L><item>4</item></L></R>`,
			map[string]any{"Key": []any{"1", "2"}, "L": []any{[]any{"3"}, []any{"4"}}}},
		"not XML": {awsapi.Call{Protocol: awsapi.RestXML}, `<R><a></R>`, nil},
	} {
		if got := awsapi.DecodeOutcome(&c.call, 200, xmlHeader, []byte(c.body)).Result; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %#v, want %#v", name, got, c.want)
		}
	}
}

func TestForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                       `{}`,
		"A=1":                                    `{"A":"1"}`,
		"A.1=x&A.2=y":                            `{"A":["x","y"]}`,
		"A.member.10=x&A.member.9=y":             `{"A":["y","x"]}`,
		"A.1.B=x&A.1.C.1=y":                      `{"A":[{"B":"x","C":["y"]}]}`,
		"T.entry.1.key=k&T.entry.1.value=v":      `{"T":{"k":"v"}}`,
		"T.entry.1.Name=k&T.entry.1.Value=v":     `{"T":[{"Name":"k","Value":"v"}]}`,
		"A=x&A.B=y":                              `{"A":{"B":"y"}}`,
		"A.=x":                                   `{"A":{"":"x"}}`,
		"S.Version.1=a&S.99999999999999999999=b": `{"S":{"99999999999999999999":"b","Version":["a"]}}`,
		"A.1.01=x&A.1.1=y":                       ``,
		"A." + strings.Repeat("x.", 100) + "y=1": ``,
		"Spec.1.Tag.1.Key=k&Spec.1.Tag.1.Value=v": `{"Spec":[{"Tag":[{"Key":"k","Value":"v"}]}]}`,
	} {
		values, err := url.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(awsapi.Form(values))
		if err != nil || want != "" && string(got) != want {
			t.Errorf("%.60s: %s, want %s (%v)", text, got, want, err)
		}
	}
}

// A list of structures written as a query form comes back as it was.
func TestFormRoundTrip(t *testing.T) {
	t.Parallel()
	word := rapid.StringMatching(`[A-Z][a-z]{0,5}`)
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.MapOfN(word, rapid.String(), 1, 4), 1, 12).Draw(t, "list")
		values := url.Values{}
		var want []any
		for i, node := range list {
			m := map[string]any{}
			for k, v := range node {
				values.Set("List.member."+json.Number(itoa(i+1)).String()+"."+k, v)
				m[k] = v
			}
			want = append(want, m)
		}
		if got := awsapi.Form(values)["List"]; !reflect.DeepEqual(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func itoa(n int) string {
	text, _ := json.Marshal(n)
	return string(text)
}

func TestAccessors(t *testing.T) {
	t.Parallel()
	p := map[string]any{"s": "x", "n": json.Number("12"), "text": "12", "f": 1.5, "u": uint64(3), "i": int64(4), "b": true, "bt": "TRUE", "one": "1",
		"iso": "2026-01-02T03:04:05Z", "epoch": json.Number("1767323045.5"), "t": at, "l": []any{"a", map[string]any{"k": "v"}}, "m": map[string]any{"k": "v"}}
	if v, ok := awsapi.Int(p, "n"); v != 12 || !ok {
		t.Error("json.Number is no integer")
	}
	if v, ok := awsapi.Int(p, "text"); v != 12 || !ok {
		t.Error("text is no integer")
	}
	if _, ok := awsapi.Int(p, "f"); ok {
		t.Error("1.5 is an integer")
	}
	if v, ok := awsapi.Float(p, "u"); v != 3 || !ok {
		t.Error("uint64 is no number")
	}
	if v, ok := awsapi.Bool(p, "bt"); !v || !ok {
		t.Error("TRUE is no boolean")
	}
	if _, ok := awsapi.Bool(p, "one"); ok {
		t.Error("1 is a boolean")
	}
	for _, name := range []string{"iso", "epoch", "t"} {
		if v, ok := awsapi.Time(p, name); !ok || v.Unix() != at.Unix() {
			t.Errorf("%s is %v", name, v)
		}
	}
	if awsapi.String(p, "i") != "4" || awsapi.String(p, "m") != "" || awsapi.String(p, "none") != "" || awsapi.String(p, "b") != "true" {
		t.Error("texts are wrong")
	}
	if len(awsapi.Strings(p, "l")) != 1 || len(awsapi.Maps(p, "l")) != 1 || len(awsapi.List(p, "l")) != 2 || awsapi.List(p, "s") != nil {
		t.Error("lists are wrong")
	}
	if awsapi.String(awsapi.Map(awsapi.Map(p, "none"), "deeper"), "x") != "" || !awsapi.Has(p, "s") || awsapi.Has(p, "none") {
		t.Error("lookups through nothing do not work")
	}
}

// What goes to the control plane as JSON and comes back has its times again.
func TestCBORThroughJSON(t *testing.T) {
	t.Parallel()
	call := &awsapi.Call{Params: map[string]any{"StartTime": at, "Names": []any{"x"}, "N": uint64(7)}}
	body, err := call.JSONInput()
	if err != nil || string(body) != `{"N":7,"Names":["x"],"StartTime":1767323045.678}` {
		t.Errorf("%s, %v", body, err)
	}
	model := table(t).Named("cloudwatch")
	got := model.FromJSON(map[string]any{"Alarms": []any{map[string]any{"StateUpdatedTimestamp": json.Number("1767323045.678"), "Period": json.Number("60")}},
		"Timestamps": []any{json.Number("1767323045")}, "MetricWidgetImage": "AQI="})
	alarm := awsapi.Maps(got, "Alarms")[0]
	if v, ok := alarm["StateUpdatedTimestamp"].(time.Time); !ok || !v.Equal(at) {
		t.Errorf("time is %v", alarm["StateUpdatedTimestamp"])
	}
	if _, ok := awsapi.List(got, "Timestamps")[0].(time.Time); !ok || alarm["Period"] != json.Number("60") || !reflect.DeepEqual(got["MetricWidgetImage"], []byte{1, 2}) {
		t.Errorf("%v", got)
	}
}

func FuzzDecodeXML(f *testing.F) {
	f.Add([]byte(`<a><member>1</member><b x="y">2</b></a>`))
	f.Add([]byte(`<a>&#x1;</a>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if v, err := awsapi.DecodeXML(body); err == nil && v == nil {
			t.Error("neither a value nor an error")
		}
	})
}
