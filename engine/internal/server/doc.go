// Package server runs a Temporal server in this process, on two SQLite files
// and on loopback.
//
// All four services run, with one history shard and with addresses that are
// known beforehand, so that nothing has to be discovered. All of them speak
// TLS with a certificate on both sides. The server checks for new versions of
// itself nowhere, exports no metrics and opens no other port.
//
// It makes no certificate and no file and hosts no worker of Landfall. The
// caller is the command's serve.
package server
