// Package azureaccount is an Azure Storage account as the environment
// describes it: name, key, endpoints, and the signature of Shared Key.
//
// The blob and the queue driver share it. It reads no environment itself and
// never prints the key.
package azureaccount
