package seed

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/landfall/internal/fault"
)

const (
	sessionsTable = "bookshop-sessions"
	sessionCount  = 200
	// batchLimit is how many items one BatchWriteItem takes.
	batchLimit = 25
)

// dynamodb makes the sessions table with an index, a time to live, a stream
// and items.
func (s *scope) dynamodb() {
	tags := tagList(tagsOf(s.owner), func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} })
	attribute := func(name string, kind types.KeyType) types.KeySchemaElement {
		return types.KeySchemaElement{AttributeName: &name, KeyType: kind}
	}
	named(s, Resource{Kind: "AWS::DynamoDB::Table", Name: sessionsTable}, s.clients.dynamodb.CreateTable, &dynamodb.CreateTableInput{
		TableName: aws.String(sessionsTable), BillingMode: types.BillingModePayPerRequest, Tags: tags,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("session_id"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("customer_id"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("started_at"), AttributeType: types.ScalarAttributeTypeN},
		},
		KeySchema: []types.KeySchemaElement{attribute("session_id", types.KeyTypeHash)},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String("by-customer"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
			KeySchema: []types.KeySchemaElement{attribute("customer_id", types.KeyTypeHash), attribute("started_at", types.KeyTypeRange)},
		}},
		StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages},
		SSESpecification:    &types.SSESpecification{Enabled: aws.Bool(true), SSEType: types.SSETypeKms, KMSMasterKeyId: aws.String(s.id("key-arn"))},
	})
	table := aws.String(sessionsTable)
	do(s, s.clients.dynamodb.UpdateTimeToLive, &dynamodb.UpdateTimeToLiveInput{TableName: table,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("expires_at"), Enabled: aws.Bool(true)}})
	do(s, s.clients.dynamodb.UpdateContinuousBackups, &dynamodb.UpdateContinuousBackupsInput{TableName: table,
		PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)}})
	s.sessions()
}

func (s *scope) sessions() {
	r := s.random("sessions")
	var batch []types.WriteRequest
	for i := range sessionCount {
		started := s.o.Now.Unix() - int64(r.IntN(7*24*3600))
		batch = append(batch, types.WriteRequest{PutRequest: &types.PutRequest{Item: map[string]types.AttributeValue{
			"session_id":  &types.AttributeValueMemberS{Value: fmt.Sprintf("s-%016x", r.Uint64())},
			"customer_id": &types.AttributeValueMemberS{Value: fmt.Sprintf("c-%05d", r.IntN(4000))},
			"started_at":  &types.AttributeValueMemberN{Value: fmt.Sprint(started)},
			// Every fifth has expired and waits for DynamoDB to remove it.
			"expires_at": &types.AttributeValueMemberN{Value: fmt.Sprint(s.o.Now.Unix() + int64(i%5-1)*3600 + 1800)},
			"basket": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
				"isbn": &types.AttributeValueMemberS{Value: fmt.Sprintf("978%010d", r.Int64N(1e10))}, "count": &types.AttributeValueMemberN{Value: fmt.Sprint(1 + r.IntN(3))}}}}},
			"flags": &types.AttributeValueMemberSS{Value: []string{"web", "v2"}},
			"token": &types.AttributeValueMemberB{Value: []byte{byte(i), 0, 255, byte(i >> 8)}},
		}}})
		if len(batch) == batchLimit || i == sessionCount-1 {
			s.writeSessions(batch)
			batch = nil
		}
	}
}

// writeSessions writes one batch. DynamoDB may take a part of it and answer
// 200 with the rest; a seed with holes is none.
func (s *scope) writeSessions(batch []types.WriteRequest) {
	left := get(s, s.clients.dynamodb.BatchWriteItem, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{sessionsTable: batch}},
		func(o *dynamodb.BatchWriteItemOutput) int { return len(o.UnprocessedItems[sessionsTable]) })
	if left > 0 {
		s.err = fault.Newf(fault.Throttled, "seed by dynamodb BatchWriteItem: %d of %d items were not taken", left, len(batch))
	}
}
