package kinds

import "example.com/landfall/internal/inventory"

func acmRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::CertificateManager::Certificate",
			Move: map[string]string{
				"Options.CertificateTransparencyLoggingPreference": "CertificateTransparencyLoggingPreference", "Options.Export": "CertificateExport",
			},
			// Who uses it is the users' configuration; the state of a renewal passes.
			Drop: []string{"RenewalSummary", "InUseBy"}, Unordered: []string{"SubjectAlternativeNames", "DomainValidationOptions"}, Shape: acmValidation,
			ID: idAt("CertificateArn"), Name: nameAt("DomainName"), Aliases: []string{"CertificateArn"},
			Marks: when(inventory.Deleted, "Status", "VALIDATION_TIMED_OUT", "REVOKED", "FAILED"),
		},
	}
}

// acmValidation keeps of the validation's options what a template says of them;
// the records that prove the domain are an attribute.
func acmValidation(r *Reading) {
	if r.Properties["ValidationMethod"] == nil {
		fill(r.Properties, "ValidationMethod", within(r.Item, "DomainValidationOptions.ValidationMethod"))
	}
}
