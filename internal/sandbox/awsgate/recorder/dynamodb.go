package recorder

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const typeTable = "AWS::DynamoDB::Table"

type dynamodbReader struct {
	*reader
	client *dynamodb.Client
}

func (r *reader) dynamodb() family {
	d := dynamodbReader{r, dynamodb.NewFromConfig(r.config)}
	return family{name: "dynamodb", services: []string{"dynamodb"}, kinds: []kind{{[]string{typeTable}, d.tables}}}
}

func (d dynamodbReader) tables(ctx context.Context) ([]item, error) {
	var names []string
	err := pages(ctx, dynamodb.NewListTablesPaginator(d.client, &dynamodb.ListTablesInput{}), func(out *dynamodb.ListTablesOutput) {
		names = append(names, out.TableNames...)
	})
	if err != nil {
		return nil, err
	}
	var items []item
	for _, name := range names {
		it, err := d.table(ctx, name)
		if err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, nil
}

func (d dynamodbReader) table(ctx context.Context, name string) (item, error) {
	out, err := d.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		return item{}, err
	}
	one := out.Table
	it := d.item(typeTable, name, name, text(one.TableArn))
	it.created = when(one.CreationDateTime)
	it.configuration = without(camel(one), "itemCount", "tableSizeBytes")
	if one.CreationDateTime != nil {
		it.configuration["creationDateTime"] = one.CreationDateTime.UTC().Truncate(time.Millisecond).Format(timeForm)
	}
	if one.SSEDescription != nil {
		it.relate(associated, typeKey, keyID(one.SSEDescription.KMSMasterKeyArn))
	}
	tags, err := d.client.ListTagsOfResource(ctx, &dynamodb.ListTagsOfResourceInput{ResourceArn: one.TableArn})
	if err != nil {
		return item{}, err
	}
	it.tags = tagged(tags.Tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
	backups, err := d.client.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &name})
	if err != nil {
		return item{}, err
	}
	if description := backups.ContinuousBackupsDescription; description != nil {
		status := camel(description)
		if recovery, ok := status["pointInTimeRecoveryDescription"].(map[string]any); ok {
			without(recovery, "earliestRestorableDateTime", "latestRestorableDateTime")
		}
		it.supplementary = map[string]any{"ContinuousBackups": status}
	}
	return it, nil
}
