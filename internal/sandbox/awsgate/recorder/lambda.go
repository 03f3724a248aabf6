package recorder

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

const typeFunction = "AWS::Lambda::Function"

type lambdaReader struct {
	*reader
	client *lambda.Client
}

func (r *reader) lambda() family {
	l := lambdaReader{r, lambda.NewFromConfig(r.config)}
	return family{name: "lambda", services: []string{"lambda"}, kinds: []kind{{[]string{typeFunction}, l.functions}}}
}

func (l lambdaReader) functions(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, lambda.NewListFunctionsPaginator(l.client, &lambda.ListFunctionsInput{}), func(out *lambda.ListFunctionsOutput) {
		for _, one := range out.Functions {
			name := text(one.FunctionName)
			it := l.item(typeFunction, name, name, text(one.FunctionArn))
			it.configuration = camel(one)
			// Values of environment variables are often secrets; AWS Config
			// leaves the variables out.
			delete(it.configuration, "environment")
			if at, err := time.Parse("2006-01-02T15:04:05.000-0700", text(one.LastModified)); err == nil {
				it.configuration["lastModified"] = at.UTC().Format(timeForm)
			}
			if one.VpcConfig != nil {
				it.relate(containedIn, typeVPC, text(one.VpcConfig.VpcId))
				it.relateAll(containedIn, typeSubnet, one.VpcConfig.SubnetIds)
				it.relateAll(associated, typeSecurityGroup, one.VpcConfig.SecurityGroupIds)
			}
			it.relate(associated, typeRole, text(one.Role))
			items = append(items, it)
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range items {
		out, err := l.client.ListTags(ctx, &lambda.ListTagsInput{Resource: &items[i].arn})
		if err != nil {
			return nil, err
		}
		items[i].tags = out.Tags
	}
	return items, nil
}
