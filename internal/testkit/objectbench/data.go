package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"example.com/landfall/internal/move/objects/checksum"
)

// The sets.
const (
	setSmall, setMid, setBig = "small", "mid", "big"
)

// set is what lies in one bucket.
type set struct {
	name     string
	objects  int
	size     int64
	prefixes int
	// part is the size of the parts that objects are uploaded in, 0 for one body.
	part int64
}

const mebibyte = 1 << 20

// setOf returns a set at a part of its full size. The smallest still has more
// than one prefix, and large objects of several blocks.
func setOf(name string, scale float64) set {
	count := func(full, least int) int { return max(int(float64(full)*scale), least) }
	switch name {
	case setSmall:
		return set{name: name, objects: count(20_000, 40), size: 4 << 10, prefixes: 20}
	case setMid:
		return set{name: name, objects: count(2_000, 4), size: mebibyte, prefixes: 4}
	}
	return set{name: setBig, objects: count(8, 2), size: max(int64(512*scale), 24) * mebibyte, prefixes: 1, part: 8 * mebibyte}
}

func (s set) bytes() int64 { return int64(s.objects) * s.size }

func (s set) key(i int) string { return fmt.Sprintf("dir%02d/object-%06d.bin", i%s.prefixes, i) }

// content is what is known of an object.
type content struct {
	size int64
	crc  uint64
}

// noise gives the same bytes for the same object on every machine.
func (s set) noise(i int) *rand.ChaCha8 {
	h := fnv.New64a()
	h.Write([]byte(s.name))
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], h.Sum64())
	binary.LittleEndian.PutUint64(seed[8:], uint64(i))
	return rand.NewChaCha8(seed)
}

// store is the server that the movers read from.
type store struct {
	url, key, secret string
}

const region = "us-east-1"

func (s store) client() *s3.Client {
	return s3.NewFromConfig(s.config(), func(o *s3.Options) { o.UsePathStyle = true })
}

func (s store) config() aws.Config {
	transport := &http.Transport{MaxIdleConnsPerHost: uploads}
	return aws.Config{
		Region: region, BaseEndpoint: &s.url, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider(s.key, s.secret, ""),
	}
}

// uploads is how many objects are put at once.
const uploads = 8

// fill makes a bucket of the set's name and returns what lies in it. Objects get
// the checksum that S3 gives those that come without one (Amazon S3 User Guide,
// "Checking object integrity in Amazon S3": CRC-64/NVME of the full object).
func (s store) fill(ctx context.Context, of set) (map[string]content, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	client := s.client()
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &of.name}); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	all := make(map[string]content, of.objects)
	todo := make(chan int)
	var workers sync.WaitGroup
	for range uploads {
		workers.Go(func() {
			for i := range todo {
				put := putWhole
				if of.part > 0 {
					put = putParts
				}
				one, err := put(ctx, client, of, i)
				if err != nil {
					cancel(fmt.Errorf("fill the bucket %s: %w", of.name, err))
					continue
				}
				mu.Lock()
				all[of.key(i)] = one
				mu.Unlock()
			}
		})
	}
	for i := range of.objects {
		todo <- i
	}
	close(todo)
	workers.Wait()
	return all, context.Cause(ctx)
}

func putWhole(ctx context.Context, client *s3.Client, of set, i int) (content, error) {
	body := make([]byte, of.size)
	of.noise(i).Read(body) // never an error
	one := content{of.size, checksum.CRC64(body)}
	_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &of.name, Key: aws.String(of.key(i)), Body: bytes.NewReader(body), ChecksumCRC64NVME: aws.String(checksum.S3CRC64(one.crc))})
	return one, err
}

func putParts(ctx context.Context, client *s3.Client, of set, i int) (content, error) {
	key, random := of.key(i), of.noise(i)
	begun, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &of.name, Key: &key, ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme, ChecksumType: types.ChecksumTypeFullObject,
	})
	if err != nil {
		return content{}, err
	}
	one := content{size: of.size}
	body := make([]byte, of.part)
	var done []types.CompletedPart
	for from, n := int64(0), int32(1); from < of.size; from, n = from+of.part, n+1 {
		part := body[:min(of.part, of.size-from)]
		random.Read(part) // never an error
		one.crc = checksum.UpdateCRC64(one.crc, part)
		sum := aws.String(checksum.S3CRC64(checksum.CRC64(part)))
		answer, err := client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &of.name, Key: &key, UploadId: begun.UploadId, PartNumber: &n, Body: bytes.NewReader(part), ChecksumCRC64NVME: sum,
		})
		if err != nil {
			return one, err
		}
		done = append(done, types.CompletedPart{ETag: answer.ETag, PartNumber: &n, ChecksumCRC64NVME: sum})
	}
	_, err = client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &of.name, Key: &key, UploadId: begun.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
		ChecksumType: types.ChecksumTypeFullObject, ChecksumCRC64NVME: aws.String(checksum.S3CRC64(one.crc)),
	})
	return one, err
}
