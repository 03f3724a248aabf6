package catalog

import (
	_ "embed"
	"fmt"
	"strings"

	"example.com/landfall/internal/cloud"
)

//go:embed services.tsv
var servicesTSV string

// Fit says how far an Azure service answers to an AWS kind.
type Fit string

// The fits. A kind that the catalogue does not know is FitUnknown, which is not
// the same as FitNone.
const (
	// FitDirect means the same concept with the same meaning.
	FitDirect Fit = "direct"
	// FitDiffers means a counterpart whose limits or settings differ.
	FitDiffers Fit = "differs"
	// FitRedesign means that the workload's code or operation has to change.
	FitRedesign Fit = "redesign"
	// FitNone means that Azure has no counterpart.
	FitNone Fit = "none"
	// FitUnknown means that nobody has looked.
	FitUnknown Fit = "unknown"
)

// Service is one row of the service map.
type Service struct {
	// Pattern is the kind, with "*" for any run of characters.
	Pattern string
	// Property and Prefix narrow the row to kinds whose property begins with
	// the prefix, in any case; "" for none.
	Property, Prefix string
	// AWS names the service, Area what it is about ("compute"), Azure its
	// counterpart.
	AWS, Area, Azure string
	Fit              Fit
}

// Services is the service map. The zero value knows nothing.
type Services struct{ byService map[string][]Service }

// LoadServices returns the embedded service map. A row that cannot be read is
// a defect of the program and an error.
func LoadServices() (Services, error) {
	m := Services{byService: map[string][]Service{}}
	for n, line := range strings.Split(servicesTSV, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 5 {
			return Services{}, fmt.Errorf("service map line %d has %d cells, want 5", n+1, len(cells))
		}
		row := Service{Pattern: cells[0], AWS: cells[1], Area: cells[2], Fit: Fit(cells[3]), Azure: cells[4]}
		if pattern, condition, ok := strings.Cut(row.Pattern, "?"); ok {
			row.Pattern = pattern
			row.Property, row.Prefix, _ = strings.Cut(condition, "=")
		}
		service := strings.TrimRight(cloud.Kind(row.Pattern).Service(), "*")
		m.byService[service] = append(m.byService[service], row)
	}
	return m, nil
}

// For returns the row for a kind with the given properties: the first of the
// table that matches. ok is false for a kind that the table does not know.
func (m Services) For(kind cloud.Kind, properties map[string]any) (Service, bool) {
	service := kind.Service()
	for end := len(service); end > 1; end-- {
		// "AWS::EMR*" stands for EMRServerless too.
		for _, row := range m.byService[service[:end]] {
			if row.matches(string(kind), properties) {
				return row, true
			}
		}
	}
	return Service{Fit: FitUnknown}, false
}

func (s Service) matches(kind string, properties map[string]any) bool {
	head, tail, wild := strings.Cut(s.Pattern, "*")
	switch {
	case !wild && kind != head:
		return false
	case wild && (len(kind) < len(head)+len(tail) || !strings.HasPrefix(kind, head) || !strings.HasSuffix(kind, tail)):
		return false
	case s.Property == "":
		return true
	}
	value, ok := properties[s.Property]
	return ok && strings.HasPrefix(strings.ToLower(fmt.Sprint(value)), strings.ToLower(s.Prefix))
}

// Course is a Microsoft course for people who know the AWS side of an area.
type Course struct{ Code, Title string }

// CourseFor returns the course for an area of the service map. Codes and titles are
// those of Microsoft's catalogue of instructor-led training; areas without a
// course of their own get the administrator's.
func CourseFor(area string) Course {
	switch area {
	case "networking":
		return Course{"AZ-700T00", "Designing and Implementing Microsoft Azure Networking Solutions"}
	case "databases":
		return Course{"DP-300T00", "Administering Microsoft Azure SQL Solutions"}
	case "serverless", "messaging", "integration", "containers":
		return Course{"AZ-204T00", "Developing Solutions for Microsoft Azure"}
	case "security", "identity":
		return Course{"AZ-500T00", "Microsoft Azure Security Technologies"}
	case "devops":
		return Course{"AZ-400T00", "Designing and Implementing Microsoft DevOps Solutions"}
	case "analytics":
		return Course{"DP-700T00", "Microsoft Fabric Data Engineer"}
	case "ai":
		return Course{"AI-102T00", "Designing and Implementing a Microsoft Azure AI Solution"}
	}
	return Course{"AZ-104T00", "Microsoft Azure Administrator"}
}
