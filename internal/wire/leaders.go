package wire

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/route53"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/source/aws"
	"example.com/landfall/internal/target/azure"
	"example.com/landfall/internal/traffic"
	zones "example.com/landfall/internal/traffic/route53"
	"example.com/landfall/internal/traffic/trafficmanager"
)

// leaders builds what leads users, from the same credentials and addresses as
// everything else.
func leaders(c *config.Config) app.Leaders {
	return app.Leaders{
		Zones: func(ctx context.Context) (traffic.Switch, error) {
			conf, err := aws.SDK(ctx, settings(c))
			if err != nil {
				return nil, err
			}
			return zones.New(route53.NewFromConfig(conf)), nil
		},
		Profiles: func() (traffic.Switch, error) {
			m, err := azure.NewManager(azureSettings(c))
			if err != nil {
				return nil, err
			}
			return trafficmanager.New(m), nil
		},
	}
}
