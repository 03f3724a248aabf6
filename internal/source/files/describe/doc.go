// Package describe reads the outputs of the AWS CLI: a folder of files such as
// describe-instances.json, or single ones.
//
// What an output holds is told by its members ("Reservations"), where several
// services use a name by the members of its elements, and by the name of the
// file ("rds/describe-db-instances.json", "ec2-describe-instances.json"). The
// table operations.txt says which operation gives which kind. Lists that
// --query made of an output are read where their elements are whole. JSON, JSON
// after JSON, and YAML are read; --output text and table are not.
//
// An output does not say where it was taken: account and region come from ARNs,
// zones and owners in the element, from the names of folders and file, from
// the rest of the file, from what is assumed, and from the other files of the
// run, in this order.
//
// What a failed command left behind (an empty file, "An error occurred
// (AccessDenied) ...") is unread, and so is what follows the last page of an
// output that ends with a token. Called by files, with one Set per run.
package describe
