package seed

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// shopEnvironment is the shop's configuration as its instances get it. The
// database password is not in it: the shop reads the secret that is named.
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
		{"BOOKSHOP_QUEUE", s.id("queue/bookshop-orders")},
		{"BOOKSHOP_SESSIONS_TABLE", sessionsTable},
		{"BOOKSHOP_CACHE", "rediss://" + s.id("cache-endpoint") + ":6379"},
		{"BOOKSHOP_TOPIC", s.id("topic")},
	}
}

// userData is the cloud-init document that an instance of the shop starts
// with, in the base64 form that EC2 wants.
func userData(environment [][2]string) string {
	var b strings.Builder
	b.WriteString(`#cloud-config
package_update: true
packages:
  - ca-certificates
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
	b.WriteString(`  - path: /etc/systemd/system/bookshop.service
    content: |
      [Unit]
      Description=bookshop
      After=network-online.target var-lib-bookshop.mount
      [Service]
      User=shop
      EnvironmentFile=/etc/bookshop/environment
      ExecStart=/usr/local/bin/bookshop serve
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
