package redact_test

import (
	"encoding/json"
	"strings"
	"testing"

	"example.com/landfall/internal/redact"
)

func TestName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"password", "dbPassword", "DB_PASSWORD", "db-passwd", "MasterUserPassword", "pwd",
		"secret", "secretKey", "clientSecret", "aws_secret_access_key", "accessKeyId", "accessKey",
		"token", "sessionToken", "credentials", "apiKey", "x.api.key", "privateKey",
		"AccountKey", "connectionString", "Authorization", "Set-Cookie",
	} {
		if !redact.Name(name) {
			t.Errorf("Name(%q) = false", name)
		}
	}
	for _, name := range []string{
		"name", "secretArn", "secretName", "secretId", "tokenCount", "passwordVersion", "secretVersion",
		"key", "keyId", "kmsKeyId", "primaryKey", "bucketKeys", "subject", "credentialType", "",
	} {
		if redact.Name(name) {
			t.Errorf("Name(%q) = true", name)
		}
	}
}

func TestReference(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"arn:aws:secretsmanager:us-east-1:123456789012:secret:bookshop/db-AbCdEf",
		"arn:aws-us-gov:iam::123456789012:role/reader",
		"https://bookshop-kv.vault.azure.net/secrets/db-password/0123456789abcdef",
		"/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v",
		"{{resolve:secretsmanager:bookshop/db:SecretString:password}}",
		"env:PGPASSWORD", "ref:bookshop/db", "sha256:" + strings.Repeat("0a", 32),
	} {
		if !redact.Reference(text) {
			t.Errorf("Reference(%q) = false", text)
		}
	}
	for _, text := range []string{
		"", "hunter2", "arn:aws", "env:", "ref: hunter2", "sha256:00", "https://vault.azure.net/secrets/x",
		"https://example.com/secrets/x", "{{resolve:secretsmanager:x}} hunter2", "hunter2\nenv:X",
	} {
		if redact.Reference(text) {
			t.Errorf("Reference(%q) = true", text)
		}
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"-----BEGIN RSA PRIVATE KEY-----\nMIIE", "-----BEGIN PRIVATE KEY-----",
		"dial postgres://shop:hunter2@db:5432/shop: refused",
		"DefaultEndpointsProtocol=https;AccountName=a;AccountKey=Zm9vYmFyYmF6cXV4;",
		"https://a.blob.core.windows.net/c/b?sv=2024&sig=abcdefghijklmnop%3D",
		"https://b.s3.amazonaws.com/k?X-Amz-Signature=0123456789abcdef0123",
		"Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln",
	} {
		if !redact.Value(text) {
			t.Errorf("Value(%q) = false", text)
		}
	}
	for _, text := range []string{
		"", "postgres://db:5432/shop", "https://example.com/a?b=c@d", "-----BEGIN CERTIFICATE-----",
		"arn:aws:iam::123456789012:role/x", "2026-01-01T00:00:00Z",
	} {
		if redact.Value(text) {
			t.Errorf("Value(%q) = true", text)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, want string }{
		{`{}`, ""},
		{`{"password":"hunter2"}`, "password"},
		{`{"password":""}`, ""},
		{`{"password":null,"secretRotated":true,"token":false}`, ""},
		{`{"password":"env:PGPASSWORD"}`, ""},
		{`{"pin":1,"password":1234}`, "password"},
		{`{"db":{"users":[{"name":"a"},{"name":"b","password":"x"}]}}`, "db.users[1].password"},
		{`{"secrets":["arn:aws:secretsmanager:us-east-1:123456789012:secret:x"]}`, ""},
		{`{"secrets":["x"]}`, "secrets[0]"},
		{`{"password":{"value":"hunter2"}}`, "password.value"},
		{`{"secret":{"arn":"anything","version":3,"id":"x"}}`, ""},
		{`{"secret":{"name":{"value":"x"}}}`, "secret.name.value"},
		{`{"note":"postgres://a:b@c/d"}`, "note"},
		{`{"b":{"password":"x"},"a":{"token":"y"}}`, "a.token"},
	} {
		var value any
		if err := json.Unmarshal([]byte(c.body), &value); err != nil {
			t.Fatal(err)
		}
		got, found := redact.Find(value)
		if got != c.want || found != (c.want != "") {
			t.Errorf("Find(%s) = %q, %v, want %q", c.body, got, found, c.want)
		}
	}
}

func TestFindInABareText(t *testing.T) {
	t.Parallel()
	if path, found := redact.Find("postgres://a:b@c/d"); !found || path != "" {
		t.Errorf("Find = %q, %v, want the value itself", path, found)
	}
}
