package cloudtrail

import "time"

// Event is one record, as far as it tells who used what.
type Event struct {
	// ID is the eventID; records before event version 1.01 have none.
	ID   string
	Time time.Time
	// Version is the event's ("1.11"), Type "AwsApiCall", "AwsServiceEvent",
	// "AwsConsoleSignIn" …, Category "Management", "Data", "Insight",
	// "NetworkActivity".
	Version, Type, Category string
	// Principal is the ARN of the user or of the role behind the session, or the
	// name of an AWS service ("autoscaling.amazonaws.com").
	Principal string
	// Identity is the type of userIdentity: "AssumedRole", "IAMUser", "Root",
	// "AWSService", "AWSAccount", "FederatedUser", "WebIdentityUser", "SAMLUser",
	// "IdentityCenterUser" …
	Identity string
	// Session is the name of the role session: an instance id for an instance
	// profile, the function's name for Lambda.
	Session string
	// InvokedBy is the AWS service that made the call for the principal.
	InvokedBy string
	// Provider is where a federated principal comes from.
	Provider string
	// PrincipalAccount is the caller's, Account the recipient's.
	PrincipalAccount, Account string
	// Service is the event source without ".amazonaws.com"; Action the event name.
	Service, Action, Region string
	// Resources are ARNs or names, the first being what the call is about.
	Resources []string
	// Created names what the call made, by ARN, id or name, the surest first; nil
	// for a call that made nothing or failed. The parts of one ARN, id and name of
	// one thing stand in one entry.
	Created        []Made
	Address, Agent string
	// Endpoint is the VPC endpoint that the call came through.
	Endpoint string
	// Error is the error code, "" for a call that worked.
	Error               string
	ReadOnly, DataEvent bool
}

// Made is one thing that a call made.
type Made struct {
	// ID is its ARN, or else its id, or else its name; Name is the name of which
	// later calls speak, "" when that is the ID.
	ID, Name string
}

// maxResources bounds how many resources of one event are kept.
const maxResources = 16

func (e *Event) reset() {
	resources, created := e.Resources[:0], e.Created[:0]
	*e = Event{Resources: resources, Created: created}
}
