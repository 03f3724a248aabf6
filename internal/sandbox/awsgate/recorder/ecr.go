package recorder

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

const typeRepository = "AWS::ECR::Repository"

type ecrReader struct {
	*reader
	client *ecr.Client
}

func (r *reader) ecr() family {
	e := ecrReader{r, ecr.NewFromConfig(r.config)}
	return family{name: "ecr", services: []string{"ecr"}, kinds: []kind{{[]string{typeRepository}, e.repositories}}}
}

func (e ecrReader) repositories(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, ecr.NewDescribeRepositoriesPaginator(e.client, &ecr.DescribeRepositoriesInput{}), func(out *ecr.DescribeRepositoriesOutput) {
		for _, one := range out.Repositories {
			name := text(one.RepositoryName)
			it := e.item(typeRepository, name, name, text(one.RepositoryArn))
			it.created = when(one.CreatedAt)
			it.configuration = map[string]any{
				"Arn": it.arn, "RepositoryName": name, "RepositoryUri": text(one.RepositoryUri),
				"ImageTagMutability": string(one.ImageTagMutability),
			}
			if one.ImageScanningConfiguration != nil {
				it.configuration["ImageScanningConfiguration"] = pascal(one.ImageScanningConfiguration)
			}
			if one.EncryptionConfiguration != nil {
				it.configuration["EncryptionConfiguration"] = pascal(one.EncryptionConfiguration)
				it.relate(associated, typeKey, keyID(one.EncryptionConfiguration.KmsKey))
			}
			items = append(items, it)
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range items {
		out, err := e.client.ListTagsForResource(ctx, &ecr.ListTagsForResourceInput{ResourceArn: &items[i].arn})
		if err != nil {
			return nil, err
		}
		items[i].tags = tagged(out.Tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
	}
	return items, nil
}
