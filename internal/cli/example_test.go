package cli_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/gondola-sync/gondola/internal/cli"
)

func ExampleRun() {
	args := []string{"sync", "dropbox:", "gphotos:"}
	code := cli.Run(context.Background(), args, strings.NewReader(""), os.Stdout, os.Stdout, []string{"HOME=/nowhere"})
	fmt.Println("exit code", code)
	// Output:
	// gondola: "dropbox:" is not a station; this version knows gopro:, gphotos:, folder:
	//   gondola help shows every command, gondola COMMAND --help its flags
	// exit code 2
}
