package seed

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

const manifestType = "application/vnd.docker.distribution.manifest.v2+json"

// ecr makes the shop's repository with two images. Only manifests are put:
// the layers they name exist nowhere.
func (s *scope) ecr() {
	name := aws.String("bookshop/shop")
	tags := tagList(tagsOf(s.owner), func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} })
	uri := get(s, s.clients.ecr.CreateRepository, &ecr.CreateRepositoryInput{
		RepositoryName: name, Tags: tags, ImageTagMutability: types.ImageTagMutabilityImmutable, ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: true},
	}, func(o *ecr.CreateRepositoryOutput) string { return aws.ToString(o.Repository.RepositoryUri) })
	if s.err == nil {
		s.made(Resource{Kind: "AWS::ECR::Repository", ID: *name, Name: *name})
	}
	s.set("repository", uri)
	do(s, s.clients.ecr.PutLifecyclePolicy, &ecr.PutLifecyclePolicyInput{RepositoryName: name, LifecyclePolicyText: aws.String(mustJSON(map[string]any{"rules": []any{map[string]any{
		"rulePriority": 1, "description": "keep ten", "selection": map[string]any{"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10}, "action": map[string]any{"type": "expire"}}}}))})
	for _, tag := range []string{"1.14.1", "1.14.2"} {
		do(s, s.clients.ecr.PutImage, &ecr.PutImageInput{RepositoryName: name, ImageTag: &tag, ImageManifestMediaType: aws.String(manifestType), ImageManifest: aws.String(imageManifest(tag))})
	}
}

func imageManifest(tag string) string {
	blob := func(kind string, sizeBytes int, of string) map[string]any {
		sum := sha256.Sum256([]byte(of))
		return map[string]any{"mediaType": kind, "size": sizeBytes, "digest": "sha256:" + hex.EncodeToString(sum[:])}
	}
	return mustJSON(map[string]any{"schemaVersion": 2, "mediaType": manifestType,
		"config": blob("application/vnd.docker.container.image.v1+json", 1837, "config "+tag),
		"layers": []any{blob("application/vnd.docker.image.rootfs.diff.tar.gzip", 31_357_624, "base"), blob("application/vnd.docker.image.rootfs.diff.tar.gzip", 14_204_911, "shop "+tag)}})
}
