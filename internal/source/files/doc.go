// Package files reads what exists at the source from exported files: the
// driver of port source for everything that is not the live account.
//
// An input is a format and a path (a file, a folder, a pattern with "*" and
// "**"). The files behind it are found, told apart by their content, and read
// by the format's own package; "auto" takes the format from the content alone,
// never from the name's ending. A file that cannot be read or understood is
// refused by name with the reason and the line, and the rest goes on; nothing
// is dropped without a word.
//
// A run goes in three steps. Each file is read once for its fingerprint and to
// find copies: the same content twice counts once, packed or recoded as well.
// Then the files that have to be known together are learned (which AWS Config
// item is the newest, which account a folder of outputs is of). Then they are
// read. Several files are read at a time; what comes out does not depend on
// their order.
//
// Folders are walked without leaving them: links that lead out are refused,
// circles end, hidden folders (.git, .terraform) are passed over. Called by
// wire.
package files
