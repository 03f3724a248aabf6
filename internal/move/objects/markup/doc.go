// Package markup walks through the XML in which S3 and Blob list: tags and
// text, in one pass, through a window of fixed size. A listing is all that a
// pass without changes needs, and encoding/xml costs ten times what the rest of
// such a pass does.
//
// What it is not: an XML parser. It knows elements, character references and
// the five named entities, which is what the two services write; it checks
// neither nesting nor names. It keeps what XML 1.0 forbids or would change (raw
// control characters, a raw CR), because a key may hold them and some servers
// write them as they are.
//
// Called by objects/s3 and objects/blob.
package markup
