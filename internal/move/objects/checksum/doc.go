// Package checksum says what the hashes that S3 and Azure Blob Storage hold of
// a content prove about each other.
//
// Both services know CRC-64/NVME. S3 calls it CRC64NVME and writes it
// big-endian, Azure calls it x-ms-content-crc64 and writes it little-endian.
// The checksums of blocks make up that of the whole in O(log n), in any order
// (Total), so that one compare proves an object that was sent in blocks. Where
// S3 holds no such checksum, PlanOf says which other hash is worth computing on
// the way, Hash and Parts compute it, and Compare judges the two sides.
//
// What it is not: it reads and sends nothing. What a service computed itself
// and what it merely keeps for a writer are told apart by Side.Claimed, because
// only the first one proves anything about the bytes that it stores.
//
// Called by the drivers (parsing and writing headers) and by the pipeline.
package checksum
