// Package listing puts the listings of a bucket and of a container side by
// side: it cuts a bucket into shards by prefixes, as far as the shards are worth
// their requests, hands over to them what it has read for that, reads both sides
// of a shard in pages ahead of their use, and merges them by name while holding
// two pages of each. A service that lists out of the order of bytes is found
// out, and sorted on disk then.
//
// What it is not: it decides nothing about an object and opens none. Called by
// objects.
package listing
