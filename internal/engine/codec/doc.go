// Package codec keeps what Landfall writes into the engine unreadable to
// whoever holds the engine's file, its backups or its network traffic.
//
// Every payload (arguments, results, heartbeats, signals, the texts and stack
// traces of failures) is sealed with AES-256-GCM under a key of a Keyring. The
// id of the key stands in the payload's metadata, so that a key can be
// replaced while older payloads stay readable.
//
// It reads and writes no file: package host and the engine do. It hides no
// names: ids of workflows and activities, task queues and search attributes
// are plain to the server, and so no secret belongs into them. A payload that is
// not sealed is refused. It has no opinion on what may be in a payload;
// credentials may not, sealed or not.
package codec
