package aws

import (
	"context"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
)

// A service file holds one function that returns the service: its name, where
// it lives, and the calls that read it, as a table of steps. The table is
// data: who may be denied what, which call hides which kinds, and which
// permissions a scan needs are all read off it. autoscaling.go and elbv2.go
// are the examples to follow.
//
//	type queueReader interface { // reads only: a call that writes does not compile
//		sqs.ListQueuesAPIClient
//		GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
//		ListQueueTags(context.Context, *sqs.ListQueueTagsInput, ...func(*sqs.Options)) (*sqs.ListQueueTagsOutput, error)
//	}
//
//	func sqsService() service {
//		return service{name: "sqs", steps: func(config sdk.Config) []*step {
//			var api queueReader = sqs.NewFromConfig(config)
//			return []*step{
//				list(api.ListQueues).items("QueueUrls", "AWS::SQS::Queue").as("QueueUrl").with(
//					get(api.GetQueueAttributes, "QueueUrl", "AttributeNames:All").into("Attributes", ""),
//					get(api.ListQueueTags, "QueueUrl").into("Tags", "Tags"),
//				),
//			}
//		}}
//	}
//
// Every step is one API operation. A root step is called once for the region;
// a step under with is called once for each element of the step above it, and
// its input is filled from that element. An element is the API's answer as a
// JSON tree (see Tree); when all its into steps are done it is handed to
// kinds.AllFromAPI, and then its other steps run. Paging, pacing, trying again,
// resuming, and the account of what was not read are the framework's.
type service struct {
	// name is the prefix of its operations, as in IAM: "ec2:DescribeVpcs". It
	// also chooses the rate (rates.go).
	name string
	// global services have one endpoint for the account and are read once, in
	// the partition's own region.
	global bool
	// rate is the name of its rate, if not its own.
	rate string
	// steps connects and returns the calls.
	steps func(config sdk.Config) []*step
}

// step is one API operation: what to ask, where in the answer the elements
// are, and where they go: each a resource of its own (items), or into the
// element above (into).
type step struct {
	operation string // "DescribeVpcs"
	batch     int    // elements of the step above per call; 0: one, or a root step
	call      call

	path    string // of the elements in the answer: "Reservations.Instances"; "" is the answer itself
	name    string // of the elements when they are plain text
	carry   []pair // fields copied from the element above
	where   func(item) bool
	when    func(item) bool
	home    func(item) cloud.Region
	match   pair
	matched string
	none    []string
	out     []string
	words   string
	private bool
	quits   bool
	early   bool

	kind  cloud.Kind
	via   inventory.Source
	emit  convert
	merge bool   // into was called
	field string // of the element above; "" merges

	steps []*step
	fixed []item // a step without a call: these elements
	check []error
}

// convert turns an element into resources.
type convert func(*kinds.Converter, kinds.Place, item) ([]inventory.Resource, error)

// call makes one call for the elements above (none for a root step, one, or a
// batch) and the page's token, at the region if not "".
type call struct {
	input func(above []item) (any, error) // *XInput, nil to leave the call out
	do    func(ctx context.Context, in any, token string, at cloud.Region) (answer any, next string, err error)
	find  func(path string) error // whether the answer has the path
}

type pair struct{ to, from string }

// api is a read method of an SDK client.
type api[I, O, P any] func(context.Context, *I, ...func(*P)) (*O, error)

// list reads all pages of an operation. The fields fill its input:
//
//	"RoleName"               from the element above, under the same name
//	"ResourceArn=QueueArn"   from the element above, under another name ("A.B" goes down)
//	"Owners:self"            a fixed text, number, or true/false; for a list, parts at commas
//
// Paging is found by itself: a token of the answer (NextToken, NextMarker,
// Marker, Position ...) is given back in the input.
func list[I, O, P any](f func(context.Context, *I, ...func(*P)) (*O, error), fields ...string) *step {
	return newStep(api[I, O, P](f), filled[I](fields))
}

// get is list under the name that reads better for an operation that answers
// one thing.
func get[I, O, P any](f func(context.Context, *I, ...func(*P)) (*O, error), fields ...string) *step {
	return newStep(api[I, O, P](f), filled[I](fields))
}

// ask is list for an input that fields cannot say. The element is nil for a
// root step; a nil input leaves the call out.
func ask[I, O, P any](f func(context.Context, *I, ...func(*P)) (*O, error), input func(item) *I) *step {
	return newStep(api[I, O, P](f), filling[I]{build: func(above []item) *I {
		if len(above) == 0 {
			return input(nil)
		}
		return input(above[0])
	}})
}

// batch asks for up to n elements of the step above at once: field is the
// input's list ("ResourceArns=LoadBalancerArn"); the other fields are as in
// list. With match, the answer's elements go to the elements they belong to;
// with items, they are elements of their own, and carry takes from the first.
func batch[I, O, P any](f func(context.Context, *I, ...func(*P)) (*O, error), n int, field string, fields ...string) *step {
	s := newStep(api[I, O, P](f), filled[I](fields, field))
	s.batch = n
	return s
}

// batchOf is batch for an input that fields cannot say.
func batchOf[I, O, P any](f func(context.Context, *I, ...func(*P)) (*O, error), n int, input func([]item) *I) *step {
	s := newStep(api[I, O, P](f), filling[I]{build: input})
	s.batch = n
	return s
}

// fixed is no call: the elements are given. It is the root for calls that
// must be made for each of a known list ("for each scope of WAF").
func fixed(items ...item) *step { return &step{fixed: items, via: inventory.Live} }

// items makes each element at the path a resource of the kind. A path goes
// through lists ("Reservations.Instances"); "" is the whole answer. An empty
// kind makes no resource: the elements only serve the steps below.
func (s *step) items(path string, kind cloud.Kind) *step {
	s.path, s.kind = path, kind
	return s.checked(path)
}

// into puts what stands at the path into the element above, as the field; with
// the field "", the fields found are put into the element itself. The lists of
// several pages are joined. For a step with as or with, each member is an
// element first.
func (s *step) into(path, field string) *step {
	s.path, s.field, s.merge = path, field, true
	return s.checked(path)
}

// as names the field that a plain text element becomes: a queue's URL turns
// into {"QueueUrl": URL}.
func (s *step) as(name string) *step { s.name = name; return s }

// with adds steps that are made for each element.
func (s *step) with(steps ...*step) *step { s.steps = append(s.steps, steps...); return s }

// carrying copies fields of the element above into each element ("RestApiId",
// "RestApiId=Id").
func (s *step) carrying(fields ...string) *step {
	for _, f := range fields {
		s.carry = append(s.carry, readPair(f))
	}
	return s
}

// only keeps the elements for which keep is true; the others are not things of
// the account (the public images).
func (s *step) only(keep func(item) bool) *step { s.where = keep; return s }

// given leaves the call out unless the element above is so.
func (s *step) given(is func(item) bool) *step { s.when = is; return s }

// absent names the API's error codes that mean "there is none"
// (NoSuchBucketPolicy), which is an answer and not a failure.
func (s *step) absent(codes ...string) *step { s.none = append(s.none, codes...); return s }

// matching gives a batch's elements to the elements above whose field equals
// theirs, "ResourceArn=LoadBalancerArn" (answer's = above's): of each, what
// stands at the path ("" is all of it). Use it with batch and into.
func (s *step) matching(fields, path string) *step {
	s.match, s.matched = readPair(fields), path
	return s.checked(strings.Trim(s.path+"."+s.match.to, ".")).checked(strings.Trim(s.path+"."+path, "."))
}

// at says in which region each element lives, if not in the one that is read:
// its own steps call there.
func (s *step) at(region func(item) cloud.Region) *step { s.home = region; return s }

// bringing says in words what the elements are, if they are of no one kind.
func (s *step) bringing(words string) *step { s.words = words; return s }

// quitting makes no further call of the operation once several in a row were
// refused: all of them will be.
func (s *step) quitting() *step { s.quits = true; return s }

// unkept keeps the answers out of the journal: they may be secret in a way
// that does not show.
func (s *step) unkept() *step { s.private = true; return s }

// leaving takes fields out of the answer before anything sees it: secrets that
// the API puts into a list ("VpnConnections.CustomerGatewayConfiguration").
func (s *step) leaving(paths ...string) *step {
	for _, path := range paths {
		s.checked(path)
	}
	s.out = append(s.out, paths...)
	return s
}

// first makes an into step before the element's other steps, which need what
// it brings.
func (s *step) first() *step { s.early = true; return s }

// emitting replaces kinds.AllFromAPI, for what is read through another
// service's lists.
func (s *step) emitting(via inventory.Source, f convert) *step {
	s.via, s.emit = via, f
	return s
}
