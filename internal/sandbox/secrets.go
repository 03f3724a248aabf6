package sandbox

import (
	"crypto/rand"

	"github.com/google/uuid"
)

// secrets are the credentials of one sandbox, made when it starts and gone
// with it. They lie in a file that only the user can read.
type secrets struct {
	// RootKey and RootSecret are the account's root: the sandbox's own use.
	RootKey    string `json:"rootKey"`
	RootSecret string `json:"rootSecret"`
	// OperatorKey and OperatorSecret belong to the IAM user that people and
	// Landfall act as; empty until that user is made.
	OperatorKey    string `json:"operatorKey"`
	OperatorSecret string `json:"operatorSecret"`
	// ObjectKey and ObjectSecret are versitygw's root, for the gate alone.
	ObjectKey    string `json:"objectKey"`
	ObjectSecret string `json:"objectSecret"`
	// SourceOwner and TargetOwner are the passwords of the clusters' owners,
	// whom a managed service hands to nobody.
	SourceOwner string `json:"sourceOwner"`
	TargetOwner string `json:"targetOwner"`
	// SourcePassword is that of the master user, TargetPassword that of the
	// administrator.
	SourcePassword string `json:"sourcePassword"`
	// MoverPassword is that of the login by which Landfall moves the shop's database.
	MoverPassword  string `json:"moverPassword"`
	TargetPassword string `json:"targetPassword"`
	// ClientSecret is the service principal's at Azure.
	ClientSecret string `json:"clientSecret"`
	// StorageKey is the key of the first storage account.
	StorageKey string `json:"storageKey"`
}

func newSecrets() secrets {
	return secrets{
		// The form of AWS: four letters for the kind of key and 16 more.
		RootKey: "AKIA" + rand.Text()[:16], RootSecret: rand.Text() + rand.Text()[:14],
		ObjectKey: "sandbox" + rand.Text()[:8], ObjectSecret: rand.Text(),
		SourceOwner: rand.Text(), TargetOwner: rand.Text(),
		SourcePassword: rand.Text(), TargetPassword: rand.Text(), MoverPassword: rand.Text(),
		ClientSecret: rand.Text(),
	}
}

// The names in a sandbox that do not change.
const (
	account      = "123456789012"
	region       = "us-east-1"
	targetRegion = "eastus2"
	// operatorUser is the IAM user behind the credentials of "sandbox env".
	operatorUser = "landfall-operator"
	// masterUser and adminUser are the two users of the databases that their
	// services hand out.
	masterUser = "bookshop"
	adminUser  = "landfall"
	// moverUser is Landfall's own login at the source: the shop uses the master user,
	// and whom Landfall shares a login with it could not shut out.
	moverUser = "landfall"
	// storageAccount is there from the start, so that Azure Storage can be
	// tried before anything is deployed.
	storageAccount = "landfallsandbox"
)

// azureIDs are the identifiers of the Azure side. They follow from the seed:
// the same sandbox has the same ids, and artefacts that hold them stay equal.
type azureIDs struct{ Tenant, Subscription, Client string }

func newAzureIDs(seed uint64) azureIDs {
	id := func(name string) string {
		var b [8]byte
		for i := range b {
			b[i] = byte(seed >> (8 * i))
		}
		return uuid.NewSHA1(uuid.NameSpaceURL, append(b[:], name...)).String()
	}
	return azureIDs{Tenant: id("tenant"), Subscription: id("subscription"), Client: id("client")}
}
