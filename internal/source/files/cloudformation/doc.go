// Package cloudformation reads CloudFormation templates, YAML or JSON, into
// canonical observations: every resource of the template and of the templates
// nested in it, with all intrinsic functions evaluated as far as the template,
// its default parameters and the options allow.
//
// What cannot be known from a template stays in a text form inside the value,
// never as an error and never as a guess:
//
//	${ref:<id>} and ${ref:<id>#<Attribute>}  a resource of the run (inventory.Reference)
//	${param:<Name>}      a parameter without a known value, or one that must not be kept (NoEcho)
//	${ssm:<name>}        the value of the Systems Manager parameter of this name
//	${import:<name>}     an export that no template of the run has
//	${AWS::<Name>}       a pseudo parameter that the options do not give
//	${az:<region>#<n>}   the n-th availability zone of the region, counted from 0
//	${undefined:<Name>}  a name that the template does not define
//	${Fn::<Name>:<JSON>} a function whose arguments (the JSON) are not all known
//
// Where a condition cannot be decided, a property keeps both branches in the
// text form of Fn::If: ${Fn::If:["<condition>",<then>,<else>]} with the JSON of
// the branches; one that removes the property is {"Ref":"AWS::NoValue"}.
// User data of which a part is not known stays plain inside ${Fn::Base64:"…"}.
//
// Resources under a condition that is false or undecided stay in the inventory
// with the mark conditional. Attributes of a template's resource: condition,
// conditionValue, dependsOn (references), deletionPolicy, updateReplacePolicy,
// creationPolicy, updatePolicy, metadata (names only), generatedFrom (the
// serverless resource it was expanded from), codeUri and application (where a
// serverless resource's code or template is, when no property can say it),
// template and stack (of a nested stack), and properties that the kind's
// schema does not have, under their own names.
//
// A stack is named after its file, a nested one after its parent and its
// logical id. Rules, inline policies and attachments that stand as resources of
// their own are in the property of what they belong to as well.
//
// The package does no I/O of its own: package files hands in the bytes and a
// function that opens the templates beside them. Its parts: template (text to
// tree), eval (functions and conditions), sam (the serverless transform).
package cloudformation
