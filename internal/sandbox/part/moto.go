package part

import (
	"bytes"
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"example.com/landfall/internal/sandbox/tools"
)

// MotoOptions configures Moto.
type MotoOptions struct {
	// Account is the AWS account number; 123456789012 when empty.
	Account string
	// ManagedPolicies loads the policies that AWS itself keeps in each account.
	ManagedPolicies bool
	Port            int
}

// Moto is the AWS control plane. Its state lives in memory only.
func Moto(o MotoOptions) Server {
	if o.Account == "" {
		o.Account = "123456789012"
	}
	return Server{
		Name: "moto", Tool: tools.Moto,
		Ports:       []Port{{Fixed: o.Port}},
		ReadyWithin: 3 * time.Minute, // Python compiles its modules on the first start after an install
		Lost:        "its state, which it keeps in memory, is lost: run \"landfall sandbox down\", then \"landfall sandbox up\"",
		Command: func(s Site) Command {
			host, port := splitAddress(s.Address(0))
			env := []string{
				"MOTO_ACCOUNT_ID=" + o.Account,
				// Code of Lambda functions goes to /tmp/data otherwise, which
				// two sandboxes would share and "down" would leave.
				"MOTO_LAMBDA_DATA_DIR=" + filepath.Join(s.Dir, "lambda"),
				// The account would otherwise own the snapshots of hundreds of
				// images that nobody made.
				"MOTO_EC2_LOAD_DEFAULT_AMIS=false",
				// A certificate is issued when it is asked for. A minute later, moto's own
				// way, looks like a change of the account to whoever compares it.
				"MOTO_ACM_VALIDATION_WAIT=-1",
				"PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=",
			}
			if o.ManagedPolicies {
				env = append(env, "MOTO_IAM_LOAD_MANAGED_POLICIES=true")
			}
			args := append([]string{}, s.Tool.Command[1:]...)
			return Command{
				Path: s.Tool.Command[0], Args: append(args, "-H", host, "-p", port), Env: env,
				// Asked politely, it waits for every open connection to end. It
				// has nothing to save, so it need not be asked.
				StopSignal: syscall.SIGKILL,
			}
		},
		Healthy: func(ctx context.Context, s Site) error { return askSTS(ctx, s.URL(0), o.Account) },
	}
}

// askSTS asks who we are, the one AWS call that needs no resource. moto finds
// the service by the credential scope and checks no signature.
func askSTS(ctx context.Context, url, account string) error {
	body := strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/", body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=health/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0")
	answer, err := exchange(req)
	if err != nil {
		return err
	}
	if answer.status != http.StatusOK || !bytes.Contains(answer.body, []byte("<Account>"+account+"</Account>")) {
		return answer.refused(req)
	}
	return nil
}
