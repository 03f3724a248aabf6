package format

import (
	"log/slog"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source/files/document"
)

// Request is one file to read.
type Request struct {
	Document *document.Document
	Kinds    *kinds.Converter
	// Account and Region are what to assume where the file and its path say
	// nothing; either may be "".
	Account cloud.Account
	Region  cloud.Region
	// Log is never nil.
	Log *slog.Logger
}
