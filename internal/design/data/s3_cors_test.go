package data_test

import "testing"

// A method that a blob service does not know leaves the rule, and is told.
func TestCORSMethods(t *testing.T) {
	t.Parallel()
	d := checked(t, `
Parameters:
  Method: {Type: String}
Resources:
  Assets:
    Type: AWS::S3::Bucket
    Properties:
      CorsConfiguration:
        CorsRules:
          - {AllowedOrigins: ["*"], AllowedMethods: [get, !Ref Method]}
          - {AllowedOrigins: ["*"], AllowedMethods: [BREW]}
`)
	wantToDo(t, decisionOf(t, d, "AWS::S3::Bucket", "Assets"), `add method "BREW" to the CORS rules`)
}
