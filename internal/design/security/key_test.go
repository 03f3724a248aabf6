package security_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

func designed(t *testing.T, resources string) *design.Design {
	t.Helper()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, "Resources:\n"+resources)...)
	designtest.Check(t, d)
	designtest.Prose(t, d)
	return d
}

func decided(t *testing.T, d *design.Design, logicalID string) design.Decision {
	t.Helper()
	for _, one := range d.Decisions {
		if strings.HasSuffix(string(one.Source), "/"+logicalID) {
			return one
		}
	}
	t.Fatalf("no decision for %s", logicalID)
	return design.Decision{}
}

// Every spec and usage of KMS, as a key of a vault or as what a person decides.
func TestEveryKey(t *testing.T) {
	t.Parallel()
	cases := []struct{ spec, usage, kty, size, operations, gaps string }{
		{"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RSA-HSM", "3072", "encrypt decrypt wrapKey unwrapKey", "kms.symmetric"},
		{"RSA_2048", "ENCRYPT_DECRYPT", "RSA-HSM", "2048", "encrypt decrypt wrapKey unwrapKey", ""},
		{"RSA_3072", "SIGN_VERIFY", "RSA-HSM", "3072", "sign verify", ""},
		{"RSA_4096", "SIGN_VERIFY", "RSA-HSM", "4096", "sign verify", ""},
		{"ECC_NIST_P256", "SIGN_VERIFY", "EC-HSM", "P-256", "sign verify", ""},
		{"ECC_NIST_P384", "SIGN_VERIFY", "EC-HSM", "P-384", "sign verify", ""},
		{"ECC_NIST_P521", "KEY_AGREEMENT", "EC-HSM", "P-521", "sign verify", "kms.agreement"},
		{"ECC_SECG_P256K1", "SIGN_VERIFY", "EC-HSM", "P-256K", "sign verify", ""},
		{"HMAC_256", "GENERATE_VERIFY_MAC", "", "", "", "kms.spec"},
		{"SM2", "SIGN_VERIFY", "", "", "", "kms.spec"},
		{"ML_DSA_65", "SIGN_VERIFY", "", "", "", "kms.spec"},
	}
	var text strings.Builder
	for i, c := range cases {
		fmt.Fprintf(&text, "  Key%d: {Type: AWS::KMS::Key, Properties: {KeySpec: %s, KeyUsage: %s}}\n  Alias%d: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/shop-%d, TargetKeyId: !Ref Key%d}}\n", i, c.spec, c.usage, i, i, i)
	}
	d := designed(t, text.String())
	bodies := map[string]map[string]any{}
	for _, r := range designtest.Resources(d, "Microsoft.KeyVault/vaults/keys") {
		bodies[r.Name[strings.LastIndexByte(r.Name, '/')+1:]] = r.Body
	}
	for i, c := range cases {
		got := decided(t, d, fmt.Sprintf("Key%d", i))
		if gaps := strings.Join(designtest.GapIDs(got), " "); gaps != c.gaps {
			t.Errorf("%s meets %q, want %q", c.spec, gaps, c.gaps)
		}
		name := ""
		for known := range bodies {
			if strings.HasSuffix(known, fmt.Sprintf("shop-%d", i)) {
				name = known
			}
		}
		if c.kty == "" {
			if got.Action != design.Manual || name != "" {
				t.Errorf("%s is %s as %q", c.spec, got.Action, name)
			}
			continue
		}
		body := bodies[name]
		have := []string{design.Text(body, "properties.kty"), design.Text(body, "properties.keySize") + design.Text(body, "properties.curveName"), strings.Join(design.Texts(design.At(body, "properties.keyOps")), " ")}
		if want := []string{c.kty, c.size, c.operations}; !slices.Equal(have, want) {
			t.Errorf("%s is %q, want %q", c.spec, have, want)
		}
		if alias := decided(t, d, fmt.Sprintf("Alias%d", i)); alias.Action != design.Replace {
			t.Errorf("the alias of %s is %s", c.spec, alias.Action)
		}
	}
	// Keys in hardware are of premium vaults (Microsoft Learn, "About keys").
	if got := design.Text(designtest.One(t, d, "Microsoft.KeyVault/vaults").Body, "properties.sku.name"); got != "premium" {
		t.Errorf("the vault of keys in hardware is %s", got)
	}
}

// Rotation, imported material, replicas and waits each have their words.
func TestKeySettings(t *testing.T) {
	t.Parallel()
	for properties, want := range map[string][2]string{
		"{EnableKeyRotation: true}":                             {"kms.symmetric", "P365D"},
		"{EnableKeyRotation: true, RotationPeriodInDays: 90}":   {"kms.symmetric", "P90D"},
		"{EnableKeyRotation: true, RotationPeriodInDays: 2560}": {"kms.symmetric", "P2560D"},
		"{EnableKeyRotation: false, RotationPeriodInDays: 90}":  {"kms.symmetric", ""},
		"{MultiRegion: true}":                                   {"kms.multi-region kms.symmetric", ""},
		"{Origin: EXTERNAL}":                                    {"kms.imported kms.symmetric", ""},
		"{PendingWindowInDays: 7}":                              {"kms.pending kms.symmetric", ""},
		"{Enabled: false}":                                      {"kms.symmetric", ""},
		"{KeyPolicy: {Statement: [{Effect: Allow, Principal: {AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}, Action: 'kms:*', Resource: '*'}]}}":        {"kms.symmetric", ""},
		"{KeyPolicy: {Statement: [{Effect: Allow, Principal: {AWS: 'arn:aws:iam::123456789012:root'}, Action: 'kms:*', Resource: '*'}]}}":                  {"kms.symmetric", ""},
		"{KeyPolicy: {Statement: [{Effect: Allow, Principal: {AWS: '123456789012'}, Action: 'kms:*', Resource: '*'}]}}":                                    {"kms.symmetric", ""},
		"{KeyPolicy: {Statement: [{Effect: Allow, Principal: {AWS: 'arn:aws:iam::210987654321:root'}, Action: 'kms:*', Resource: '*'}]}}":                  {"kms.policy kms.symmetric", ""},
		"{KeyPolicy: {Statement: [{Effect: Allow, Principal: {AWS: '210987654321'}, Action: 'kms:*', Resource: '*'}]}}":                                    {"kms.policy kms.symmetric", ""},
		"{KeyPolicy: {Statement: [{Effect: Allow, Principal: '*', Action: 'kms:*', Resource: '*'}]}}":                                                      {"kms.policy kms.symmetric", ""},
		"{KeyPolicy: {Statement: {Effect: Allow, Principal: {Service: logs.us-east-1.amazonaws.com}, Action: 'kms:Encrypt', Resource: '*'}}}":              {"kms.policy kms.symmetric", ""},
		"{KeyPolicy: {Statement: [{Effect: Deny, Principal: {AWS: 'arn:aws:iam::123456789012:root'}, Action: 'kms:ScheduleKeyDeletion', Resource: '*'}]}}": {"kms.policy kms.symmetric", ""},
	} {
		d := designed(t, "  Key: {Type: AWS::KMS::Key, Properties: "+properties+"}\n")
		ids := designtest.GapIDs(decided(t, d, "Key"))
		slices.Sort(ids)
		body := designtest.One(t, d, "Microsoft.KeyVault/vaults/keys").Body
		got := [2]string{strings.Join(ids, " "), design.Text(body, "properties.rotationPolicy.lifetimeActions.trigger.timeAfterCreate")}
		if got != want {
			t.Errorf("%s: %q, want %q", properties, got, want)
		}
		if design.At(body, "properties.attributes.enabled") != nil != strings.Contains(properties, "Enabled: false") {
			t.Errorf("%s: attributes are %v", properties, design.At(body, "properties.attributes"))
		}
	}
}

// An attachment whose target is no text still says whose address the secret
// holds.
func TestAttachmentsOfAnyForm(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{"!Ref Db": "the address of Db,", "false": "the address of false,", "7": "the address of 7,"} {
		d := designed(t, "  Secret: {Type: AWS::SecretsManager::Secret, Properties: {Name: shop}}\n  Db: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceClass: db.t3.micro}}\n"+
			"  Link: {Type: AWS::SecretsManager::SecretTargetAttachment, Properties: {SecretId: !Ref Secret, TargetType: AWS::RDS::DBInstance, TargetId: "+said+"}}\n")
		if got := strings.Join(decided(t, d, "Link").ToDo, "; "); !strings.Contains(got, want) {
			t.Errorf("%s: %q", said, got)
		}
	}
}
