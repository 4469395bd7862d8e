// Payment Hub: one engine over every payment provider. See README.md.
package main

import (
	"os"

	"paymenthub/internal/cli"
)

func main() { os.Exit(cli.Execute()) }
