package aws

import (
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"example.com/landfall/internal/cloud"
)

// assumed returns the configuration with the credentials of the account's
// role, which are fetched when they are first needed and renewed before they
// expire; without a role it is the configuration itself.
func assumed(config sdk.Config, a AccountRole) sdk.Config {
	own := config.Copy()
	if a.RoleARN == "" {
		return own
	}
	own.Credentials = sdk.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(config), a.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "landfall"
		if a.ExternalID != "" {
			o.ExternalID = sdk.String(a.ExternalID)
		}
	}))
	return own
}

// ForAccounts returns the configurations of the accounts, for drivers that read
// in all of them. An account that is not listed, and "", has the credentials of
// the configuration itself; region "" has its region.
func ForAccounts(config sdk.Config, accounts []AccountRole) func(cloud.Account, cloud.Region) sdk.Config {
	own := make(map[cloud.Account]sdk.Config, len(accounts))
	for _, a := range accounts {
		own[a.ID] = assumed(config, a)
	}
	return func(account cloud.Account, region cloud.Region) sdk.Config {
		c, ok := own[account]
		if !ok {
			c = config
		}
		c = c.Copy()
		if region != "" && region != "global" {
			c.Region = string(region)
		}
		return c
	}
}
