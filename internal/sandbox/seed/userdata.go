package seed

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// shopEnvironment is the shop's configuration as its instances get it, with
// what the programs beside it on the machine read. The database password is
// not in it: the script that starts the shop reads the secret that is named.
func (s *seeder) shopEnvironment() [][2]string {
	return [][2]string{
		{"AWS_REGION", string(s.o.Region)},
		{"BOOKSHOP_LISTEN", fmt.Sprintf("0.0.0.0:%d", shopPort)},
		{"BOOKSHOP_PUBLIC_URL", fmt.Sprintf("https://%s", shopName)},
		{"BOOKSHOP_DATABASE_SECRET", s.id("secret/database")},
		{"BOOKSHOP_DATABASE_HOST", s.id("db-endpoint")},
		{"BOOKSHOP_DATABASE_PORT", fmt.Sprint(s.o.DatabasePort)},
		{"BOOKSHOP_BLOBS", "s3://" + s.bucket("bookshop-covers")},
		{"BOOKSHOP_INVOICES", "s3://" + s.bucket("bookshop-invoices")},
		{"BOOKSHOP_QUEUE", queueLocation(s.id("queue/bookshop-orders"))},
		{"BOOKSHOP_SESSIONS_TABLE", sessionsTable},
		{"BOOKSHOP_CACHE", "rediss://" + s.id("cache-endpoint") + ":6379"},
		{"BOOKSHOP_TOPIC", s.id("topic")},
	}
}

// queueLocation is a queue's URL in the form that the shop takes: "sqs://" in
// place of the scheme.
func queueLocation(url string) string {
	if _, rest, found := strings.Cut(url, "://"); found {
		return "sqs://" + rest
	}
	return url
}

// userData is the cloud-init document that an instance of the shop starts
// with, in the base64 form that EC2 wants.
func userData(environment [][2]string) string {
	var b strings.Builder
	b.WriteString(`#cloud-config
package_update: true
packages:
  - awscli
  - ca-certificates
  - jq
  - amazon-cloudwatch-agent
users:
  - name: shop
    system: true
    shell: /usr/sbin/nologin
fs_setup:
  - device: /dev/xvdb
    filesystem: ext4
mounts:
  - [/dev/xvdb, /var/lib/bookshop, ext4, "defaults,nofail", "0", "2"]
write_files:
  - path: /etc/bookshop/environment
    permissions: "0640"
    content: |
`)
	for _, e := range environment {
		fmt.Fprintf(&b, "      %s=%s\n", e[0], e[1])
	}
	b.WriteString(`  - path: /usr/local/bin/bookshop-start
    permissions: "0755"
    content: |
      #!/bin/sh
      set -eu
      secret=$(aws secretsmanager get-secret-value --secret-id "$BOOKSHOP_DATABASE_SECRET" --query SecretString --output text)
      field() { printf '%s' "$secret" | jq -r ".$1|@uri"; }
      BOOKSHOP_DATABASE_URL="postgres://$(field username):$(field password)@$BOOKSHOP_DATABASE_HOST:$BOOKSHOP_DATABASE_PORT/$(field dbname)?sslmode=require"
      export BOOKSHOP_DATABASE_URL
      exec /usr/local/bin/bookshop serve
  - path: /etc/systemd/system/bookshop.service
    content: |
      [Unit]
      Description=bookshop
      After=network-online.target var-lib-bookshop.mount
      [Service]
      User=shop
      EnvironmentFile=/etc/bookshop/environment
      ExecStart=/usr/local/bin/bookshop-start
      Restart=always
      RestartSec=2
      [Install]
      WantedBy=multi-user.target
runcmd:
  - [systemctl, daemon-reload]
  - [systemctl, enable, --now, bookshop.service]
`)
	return base64.StdEncoding.EncodeToString([]byte(b.String()))
}
