package kinds

import "strings"

func sqsRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::SQS::Queue", Move: map[string]string{"QueueArn": "Arn"},
			Drop:  []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible", "LastModifiedTimestamp", "Policy"},
			Shape: shapes(parsed("RedrivePolicy", "RedriveAllowPolicy"), lastOf("Arn", ":", "QueueName"), sqsNumbers), ID: idAt("Arn", "QueueName"), Name: nameAt("QueueName"),
			Aliases: []string{"QueueUrl", "QueueName", "Arn"}, Children: sqsChildren,
		},
		{
			Kind: "AWS::SQS::QueuePolicy", Shape: parsed("PolicyDocument"), Drop: []string{"QueueArn"}, ID: sqsPolicyID,
			Name: func(r *Reading) string { return after(strings.TrimSuffix(string(r.ID), "|policy"), ":") },
		},
	}
}

// sqsNumbers: the attributes of a queue are all text in the API; the number of
// retries inside the redrive policy is one or the other, as it was given.
func sqsNumbers(r *Reading) {
	policy, ok := r.Properties["RedrivePolicy"].(map[string]any)
	if !ok {
		return
	}
	if count, ok := numberAt(policy, "maxReceiveCount"); ok {
		policy["maxReceiveCount"] = count
	}
}

func sqsChildren(r *Reading) []Child {
	policy := textAt(r.Item, "Policy")
	if policy == "" {
		return nil
	}
	return []Child{{"AWS::SQS::QueuePolicy", map[string]any{"Queues": []any{r.said("QueueUrl")}, "QueueArn": string(r.ID), "PolicyDocument": policy}}}
}

// sqsPolicyID hangs the policy on its queue, which is named by URL.
func sqsPolicyID(r *Reading) string {
	if arn := r.said("QueueArn"); arn != "" {
		return arn + "|policy"
	}
	var url string
	if list, ok := r.Properties["Queues"].([]any); ok && len(list) > 0 {
		url, _ = list[0].(string)
	}
	return ARN("AWS::SQS::Queue", r.Place, after(url, "/")) + "|policy"
}
