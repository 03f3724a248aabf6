// Package format is what the readers of exported files share: what they are
// given (Request), how they hand over what they found (Output), how they tell
// where a resource lies when the file does not say it in so many words
// (ParseARN, FromPath, Votes), and how they turn an ARN alone into a resource.
//
// Called by the format packages beside it. It reads no file itself.
package format
