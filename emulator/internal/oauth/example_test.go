package oauth_test

import (
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/oauth"
)

// A token that is good for an hour, until the user revokes the grant.
func ExampleServer() {
	server := oauth.New(oauth.Options{
		Clients: []oauth.Client{{ID: "app", Secret: "secret", Project: "1"}}, User: "visitor@example.com",
	}, time.Now)
	tokens := server.Grant("app", "", []string{google.ScopeAppend})
	caller, err := server.Caller(tokens.AccessToken)
	fmt.Println(caller.User, caller.May(google.ScopeAppend), caller.May(google.ScopeRead), err)

	if err := server.Revoke(tokens.RefreshToken); err != nil {
		fmt.Println(err)
	}
	_, err = server.Caller(tokens.AccessToken)
	fmt.Println(err != nil)
	// Output:
	// visitor@example.com true false <nil>
	// true
}
