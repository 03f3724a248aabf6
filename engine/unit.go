package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"example.com/landfall/internal/fault"
)

func unitCommand(s streams, folder folderCommand) *cobra.Command {
	return &cobra.Command{
		Use: "unit", Short: "print a systemd unit that keeps the engine of the folder running", Args: cobra.NoArgs,
		Long: `Print a systemd unit that keeps the engine of the folder running, for a
machine that may be restarted in the weeks of a run. As a user's unit:

  landfall-engine unit --dir FOLDER > ~/.config/systemd/user/landfall-engine.service
  systemctl --user daemon-reload
  systemctl --user enable --now landfall-engine
  loginctl enable-linger`,
		RunE: folder(func(_ *cobra.Command, dir string) error {
			exe, err := os.Executable()
			if err != nil {
				return fault.Wrap(err, "find the path of this program", "")
			}
			text, err := unit(exe, dir)
			if err != nil {
				return err
			}
			return say(s.out, text)
		}),
	}
}

// unit is the text of a systemd unit. Under systemd the engine never ends by
// itself: it would be started again.
func unit(exe, dir string) (string, error) {
	if strings.ContainsAny(exe+dir, "\n\r\x00") {
		return "", fault.Newf(fault.Invalid, "write a unit for %q: a path with a line break cannot stand in one", dir)
	}
	return fmt.Sprintf(`[Unit]
Description=Landfall engine
After=network.target

[Service]
Type=exec
ExecStart=%s serve --dir %s --hours 0
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=%s
KillSignal=SIGTERM
TimeoutStopSec=60
UMask=0077
NoNewPrivileges=true

[Install]
WantedBy=default.target
`, quoted(exe), quoted(dir), hopeless()), nil
}

// hopeless lists the exit codes after which another start would end likewise,
// until somebody mends what the log says.
func hopeless() string {
	var codes []string
	for _, kind := range []fault.Kind{fault.Usage, fault.Invalid, fault.NotFound, fault.Conflict, fault.Denied, fault.Unsupported} {
		codes = append(codes, strconv.Itoa(fault.ExitCode(&fault.Error{Kind: kind})))
	}
	return strings.Join(codes, " ")
}

// quoted writes a path as one word of an ExecStart line, in which percent and
// dollar signs have meanings of their own (systemd.service, "Command lines").
func quoted(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`, `$`, `$$`).Replace(path) + `"`
}
