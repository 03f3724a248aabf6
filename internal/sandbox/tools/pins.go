package tools

import _ "embed"

// The pins are data files, so that a change of a version is a reviewable diff
// and the ordinary tools (pip, npm) can read them.
var (
	//go:embed pins/moto.txt
	motoPins string
	//go:embed pins/awscli.txt
	awscliPins string
	//go:embed pins/azurite/package.json
	azuriteManifest string
	//go:embed pins/azurite/package-lock.json
	azuriteLock string
	//go:embed pins/bicepgrammar/package.json
	bicepGrammarManifest string
	//go:embed pins/bicepgrammar/package-lock.json
	bicepGrammarLock string
)
