// Command gen writes the table of AWS services and REST routes that package
// awsapi embeds, out of the service models that botocore ships:
//
//	go run ./internal/sandbox/awsgate/awsapi/gen -models DIR -version 1.44.5 >table.txt
//
// DIR is botocore's data folder (one folder per service, in it one per API
// version). Only facts are taken: names, methods, paths, versions. It is run by
// hand when the sandbox moves to another moto; the table is committed.
package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

type member struct {
	Shape        string `json:"shape"`
	Location     string `json:"location"`
	LocationName string `json:"locationName"`
}

type model struct {
	Metadata struct {
		APIVersion     string   `json:"apiVersion"`
		EndpointPrefix string   `json:"endpointPrefix"`
		Protocol       string   `json:"protocol"`
		Protocols      []string `json:"protocols"`
		SigningName    string   `json:"signingName"`
		TargetPrefix   string   `json:"targetPrefix"`
		XMLNamespace   string   `json:"xmlNamespace"`
	} `json:"metadata"`
	Operations map[string]struct {
		HTTP struct {
			Method     string `json:"method"`
			RequestURI string `json:"requestUri"`
		} `json:"http"`
		Input struct {
			Shape string `json:"shape"`
		} `json:"input"`
		Deprecated bool `json:"deprecated"`
	} `json:"operations"`
	Shapes map[string]shape `json:"shapes"`
}

type shape struct {
	Type     string            `json:"type"`
	Required []string          `json:"required"`
	Members  map[string]member `json:"members"`
	Member   member            `json:"member"`
}

func main() {
	models := flag.String("models", "", "botocore's data folder")
	version := flag.String("version", "", "botocore's version, named in the table")
	flag.Parse()
	if err := run(os.Stdout, *models, *version); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// routed lists the REST services whose routes are kept: those that moto serves
// and those that discovery asks and that must be named in CloudTrail though
// nothing answers. Of the others only the service line is kept, because all
// routes of botocore are 800 kB of text.
func routed() []string {
	return strings.Fields(`
		accessanalyzer account amp amplify apigateway apigatewayv2 appconfig appmesh appsync backup
		batch bedrock cloudfront codeartifact drs ebs efs eks emr-containers emr-serverless es fis
		glacier grafana greengrass guardduty imagebuilder inspector2 iot iot-data kafka kafkaconnect
		lambda location m2 macie2 managedblockchain mediaconnect medialive mediapackage
		mgn mq mwaa networkmanager opensearch outposts pipes polly ram rds-data
		resiliencehub resource-explorer-2 resource-groups rolesanywhere route53 s3 s3control s3tables
		scheduler schemas securityhub servicecatalog-appregistry sesv2 signer synthetics vpc-lattice
		wellarchitected workspaces-web xray`)
}

func run(out io.Writer, folder, version string) error {
	routes := routed()
	services, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "# Facts of botocore %s, written by gen; do not edit. A service line is\n", version)
	fmt.Fprintln(w, "# = model signing-name endpoint-prefix protocols api-version target-prefix xml-namespace")
	fmt.Fprintln(w, "# a type line + time or + blob: the members of services that speak CBOR that are such")
	fmt.Fprintln(w, "# and a route line: method path operation [required query or header:header names].")
	for _, s := range services {
		if !s.IsDir() {
			continue
		}
		m, err := load(filepath.Join(folder, s.Name()))
		if err != nil {
			return fmt.Errorf("read model %q: %w", s.Name(), err)
		}
		service(w, s.Name(), m)
		if slices.Contains(m.Metadata.Protocols, "smithy-rpc-v2-cbor") {
			writeTyped(w, "time", "timestamp", m)
			writeTyped(w, "blob", "blob", m)
		}
		if slices.Contains(routes, s.Name()) {
			writeRoutes(w, s.Name(), m)
		}
	}
	return w.Flush()
}

// load reads the newest API version of a service.
func load(folder string) (*model, error) {
	versions, err := filepath.Glob(filepath.Join(folder, "*", "service-2.json*"))
	if err != nil || len(versions) == 0 {
		return nil, fmt.Errorf("no service-2.json: %w", err)
	}
	versions = slices.DeleteFunc(versions, func(p string) bool {
		return !strings.HasSuffix(p, "service-2.json") && !strings.HasSuffix(p, "service-2.json.gz")
	})
	slices.Sort(versions)
	f, err := os.Open(versions[len(versions)-1])
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(f.Name(), ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, err
		}
	}
	m := &model{}
	return m, json.NewDecoder(r).Decode(m)
}

func service(w io.Writer, name string, m *model) {
	md := m.Metadata
	signing := md.SigningName
	if signing == "" {
		signing = md.EndpointPrefix
	}
	protocols := md.Protocols
	if len(protocols) == 0 {
		protocols = []string{md.Protocol}
	}
	fmt.Fprintln(w, "=", name, signing, md.EndpointPrefix, strings.Join(protocols, ","),
		md.APIVersion, dash(md.TargetPrefix), dash(md.XMLNamespace))
}

// writeTyped lists the members that are always of the type, alone or in a
// list: JSON does not tell a time from a number, CBOR does, and who turns one
// into the other has to know.
func writeTyped(w io.Writer, label, kind string, m *model) {
	types := map[string][]string{}
	for _, s := range m.Shapes {
		for name, mem := range s.Members {
			target := m.Shapes[mem.Shape]
			if target.Type == "list" {
				target = m.Shapes[target.Member.Shape]
			}
			types[name] = append(types[name], target.Type)
		}
	}
	var names []string
	for name, kinds := range types {
		other := func(k string) bool { return k != kind && k != "structure" }
		if slices.Contains(kinds, kind) && !slices.ContainsFunc(kinds, other) {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		slices.Sort(names)
		fmt.Fprintln(w, "+", label, strings.Join(names, ","))
	}
}

func writeRoutes(w io.Writer, name string, m *model) {
	if !strings.HasPrefix(m.Metadata.Protocol, "rest") {
		return
	}
	var lines []string
	for op, o := range m.Operations {
		// S3 keeps superseded operations under the same route as their
		// successors (PutBucketLifecycle); the successor's name is the one
		// that clients know.
		if _, successor := m.Operations[op+"Configuration"]; name == "s3" && successor {
			continue
		}
		// Directory buckets share "GET /" with ListBuckets and live on other hosts.
		if name == "s3" && op == "ListDirectoryBuckets" {
			continue
		}
		line := o.HTTP.Method + " " + o.HTTP.RequestURI + " " + op
		// Only S3 tells operations apart by required parameters that the
		// path does not name: UploadPart is PutObject with an uploadId.
		if name == "s3" {
			line += required(m, o.Input.Shape)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	for _, l := range lines {
		fmt.Fprintln(w, l)
	}
}

func required(m *model, shape string) string {
	var names []string
	for _, r := range m.Shapes[shape].Required {
		switch mem := m.Shapes[shape].Members[r]; mem.Location {
		case "querystring":
			names = append(names, mem.LocationName)
		case "header":
			names = append(names, "header:"+mem.LocationName)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return " " + strings.Join(names, ",")
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
