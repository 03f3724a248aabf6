package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"

	"example.com/landfall/internal/fault"
)

// Settings is what landfall.yaml says about the source. Credentials are not
// part of it: they come from the SDK's own chain.
type Settings struct {
	Region   string
	Profile  string
	Endpoint string
}

// SDK returns the SDK's configuration for the settings. It reads the SDK's
// own files and variables and makes no request. Error kind: fault.Invalid.
func SDK(ctx context.Context, s Settings) (aws.Config, error) {
	// The SDK would write its own remarks to standard error.
	options := []func(*awsconfig.LoadOptions) error{awsconfig.WithAppID("landfall"), awsconfig.WithLogger(logging.Nop{})}
	if s.Region != "" {
		options = append(options, awsconfig.WithRegion(s.Region))
	}
	if s.Profile != "" {
		options = append(options, awsconfig.WithSharedConfigProfile(s.Profile))
	}
	if s.Endpoint != "" {
		options = append(options, awsconfig.WithBaseEndpoint(s.Endpoint))
	}
	config, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, fault.Of(fault.Invalid, "load AWS settings", s.Profile, err).
			Hintf("aws configure list --profile %s", orDefault(s.Profile))
	}
	// Without a region the SDK sends each request into a riddle about endpoint
	// rules; the reader of one line should learn what to set.
	if config.Region == "" {
		return aws.Config{}, fault.Newf(fault.Invalid, "no AWS region is configured").
			Hintf("set source.regions in landfall.yaml, or: export AWS_REGION=us-east-1")
	}
	return config, nil
}

func orDefault(profile string) string {
	if profile == "" {
		return "default"
	}
	return profile
}
