package app

import (
	"strings"

	"example.com/landfall/internal/design"
)

// longestAnswer is how many seconds a function may take to answer over HTTP,
// whatever its timeout is: the front end's load balancer ends the connection
// then (Microsoft Learn, "Function app timeout duration").
const longestAnswer = 230

// options names the settings of a function that its app has otherwise.
func (t *told) options() {
	p := t.r.Properties
	if wait := design.Int(p, "Timeout", 3); wait > longestAnswer && calledOverHTTP(t.c, t.r) {
		t.gap("lambda.http-timeout", "Timeout="+shown(wait))
	}
	// A scan shows the group that every function has by itself.
	if group := t.text("LoggingConfig.LogGroup"); group != "" && group != "/aws/lambda/"+t.r.Name || strings.EqualFold(t.text("LoggingConfig.LogFormat"), "JSON") {
		t.gapOf("lambda.logs", "LoggingConfig")
	}
	if strings.EqualFold(t.text("RecursiveLoop"), "Terminate") {
		t.todo("guard %s against calling itself in a circle: nothing stops a loop between a function and its queue here", t.r.Name)
	}
	if when := t.text("RuntimeManagementConfig.UpdateRuntimeOn"); when != "" && !strings.EqualFold(when, "Auto") {
		t.todo("know that the host of %s takes patches of its runtime by itself, and not on %s as now", t.r.Name, when)
	}
	if design.True(p, "VpcConfig.Ipv6AllowedForDualStack") {
		t.todo("know that %s reaches its network by IPv4 alone", t.r.Name)
	}
}

// code says where the program of a function lies.
func (t *told) code() string {
	part := func(name string) string { return t.text("Code." + name) }
	place := "where its pipeline keeps it"
	switch {
	case part("ImageUri") != "":
		place = "the image " + part("ImageUri")
	case part("S3Bucket") != "":
		place = "s3://" + part("S3Bucket") + "/" + part("S3Key")
		if version := part("S3ObjectVersion"); version != "" {
			place += " in version " + version
		}
	case said(t.at("Code.ZipFile")):
		place = "in the template"
	}
	if key := part("SourceKMSKeyArn"); key != "" {
		place += ", encrypted with " + key
	}
	return place
}

// logLevels sets what the program and the host log, as settings that override
// host.json (Microsoft Learn, "How to configure monitoring for Azure
// Functions").
func (t *told) logLevels() []setting {
	var out []setting
	for _, one := range []setting{{name: "Function", value: "ApplicationLogLevel"}, {name: "Host", value: "SystemLogLevel"}} {
		level := map[string]string{"TRACE": "Trace", "DEBUG": "Debug", "INFO": "Information", "WARN": "Warning", "ERROR": "Error", "FATAL": "Critical"}[strings.ToUpper(t.text("LoggingConfig."+one.value))]
		if level != "" {
			out = append(out, setting{name: "AzureFunctionsJobHost__logging__logLevel__" + one.name, value: level})
		}
	}
	return out
}
