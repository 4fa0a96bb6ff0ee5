package cli

import (
	"github.com/spf13/cobra"
)

func newLogin(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Store credentials, and say what is valid and until when",
		Args:  cobra.ArbitraryArgs,
		RunE:  a.group,
	}
	cmd.AddCommand(newLoginGoPro(a), newLoginGoogle(a), newLoginStatus(a))
	return cmd
}
