// Package certs makes and renews the certificates of one engine's folder, and
// gives the server its TLS settings.
//
// The folder has an authority of its own, which signs two certificates: one
// that all services of the server show, to clients and to each other, and one
// for clients. A peer without a certificate of that authority is refused, so
// being able to read the folder is what makes a client. TLS below 1.3 is
// refused: both sides are ours.
//
// It trusts no other authority and knows no user; who approves what is decided
// elsewhere. The caller is the command's serve.
package certs
