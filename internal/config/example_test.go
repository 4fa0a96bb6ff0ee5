package config_test

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/gondola-sync/gondola/internal/config"
)

func Example() {
	flags := pflag.NewFlagSet("gondola", pflag.ContinueOnError)
	dir := flags.String("state-dir", "", "where sessions are kept")

	environ := []string{"HOME=/nowhere", "GONDOLA_STATE_DIR=/srv/sessions"}
	sources, err := config.Load(environ, ".", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	origins, err := sources.Apply(flags)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*dir, origins["state-dir"] == config.Environment)
	// Output: /srv/sessions true
}
