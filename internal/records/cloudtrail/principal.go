package cloudtrail

import "strings"

// identity reads userIdentity.
func (d *decoder) identity(s *scanner) verdict {
	w := &d.who
	return s.members(func(name []byte) (bool, verdict) {
		var to *string
		switch string(name) {
		case "type":
			to = &w.kind
		case "principalId":
			to = &w.principalID
		case "arn":
			to = &w.arn
		case "accountId":
			to = &w.account
		case "userName":
			to = &w.user
		case "invokedBy":
			to = &w.invokedBy
		case "identityProvider":
			to = &w.provider
		case "sessionContext":
			return false, d.session(s)
		case "onBehalfOf":
			return false, d.behalf(s)
		default:
			return false, s.skip()
		}
		b, v := s.value()
		*to = d.word(b)
		return false, v
	})
}

func (d *decoder) session(s *scanner) verdict {
	w := &d.who
	return s.members(func(name []byte) (bool, verdict) {
		switch string(name) {
		case "sessionIssuer":
			return false, s.members(func(name []byte) (bool, verdict) {
				b, v := s.value()
				switch string(name) {
				case "arn":
					w.issuerARN = d.word(b)
				case "type":
					w.issuer = d.word(b)
				}
				return false, v
			})
		case "webIdFederationData":
			return false, s.members(func(name []byte) (bool, verdict) {
				b, v := s.value()
				if string(name) == "federatedProvider" {
					w.federated = d.word(b)
				}
				return false, v
			})
		}
		return false, s.skip()
	})
}

func (d *decoder) behalf(s *scanner) verdict {
	return s.members(func(name []byte) (bool, verdict) {
		b, v := s.value()
		if string(name) == "userId" {
			d.who.behalf = d.word(b)
		}
		return false, v
	})
}

// attribute says who acted (CloudTrail user guide, "CloudTrail userIdentity
// element").
func (d *decoder) attribute() {
	e, w := &d.e, &d.who
	e.Identity, e.InvokedBy, e.PrincipalAccount = w.kind, w.invokedBy, w.account
	e.Provider = w.provider
	if e.Provider == "" {
		e.Provider = w.federated
	}
	switch w.kind {
	case "AssumedRole":
		e.Principal, e.Session = w.issuerARN, sessionName(w.arn, w.principalID)
		if e.Principal == "" {
			e.Principal = roleOf(w.arn)
		}
	case "FederatedUser":
		// The user that asked for the federation token is who is answerable.
		e.Principal, e.Session = w.issuerARN, sessionName(w.arn, w.principalID)
	case "AWSService":
		e.Principal = w.invokedBy
	case "AWSAccount":
		e.Session = w.principalID
		if w.account != "" && w.arn == "" {
			e.Principal = "arn:" + partition(e.Region) + ":iam::" + w.account + ":root"
		}
	case "WebIdentityUser", "SAMLUser":
		e.Principal, e.Session = e.Provider, w.user
	case "IdentityCenterUser":
		if w.behalf != "" {
			e.Principal = "arn:" + partition(e.Region) + ":identitystore:::user/" + w.behalf
		}
	}
	if e.Principal == "" {
		e.Principal = first(w.arn, w.invokedBy, w.user, w.principalID)
	}
	if e.Principal == "" && (w.kind == "" || e.Type == "AwsServiceEvent") {
		// Service events and some sign-ins have no identity but their service.
		e.Principal = first(service(e.Address), e.Service+".amazonaws.com")
	}
	if e.Principal == "" {
		e.Principal = w.kind
	}
}

// service returns the address where it is the name of an AWS service.
func service(address string) string {
	if strings.HasSuffix(address, ".amazonaws.com") {
		return address
	}
	return ""
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// sessionName is what stands last in "arn:aws:sts::1:assumed-role/Role/name",
// or behind the colon of "AROA…:name".
func sessionName(arn, principalID string) string {
	if i := strings.LastIndexByte(arn, '/'); i >= 0 {
		return arn[i+1:]
	}
	_, name, _ := strings.Cut(principalID, ":")
	return name
}

// roleOf turns the ARN of a session into the role's, for records without
// session issuer. The role's path is not in it.
func roleOf(arn string) string {
	head, rest, ok := strings.Cut(arn, ":assumed-role/")
	if !ok {
		return arn
	}
	role, _, _ := strings.Cut(rest, "/")
	return strings.Replace(head, ":sts:", ":iam:", 1) + ":role/" + role
}

// partition is the part of AWS that a region belongs to.
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
