package profile_test

import (
	"context"
	"fmt"
	"os"

	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/profile"
)

func Example() {
	home, err := os.MkdirTemp("", "home")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(home)
	sources, err := config.Load([]string{"HOME=" + home}, home, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	profiles, err := profile.Open(sources, profile.Services{"gopro": {profile.KeyToken}}, profile.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	anna, err := profiles.Profile(profile.ID{Service: "gopro", Name: "anna"})
	if err != nil {
		fmt.Println(err)
		return
	}
	stored, err := anna.Store("token")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := stored.Write([]byte("secret")); err != nil {
		fmt.Println(err)
		return
	}
	token, err := anna.Token(context.Background(), "token")
	names, _ := profiles.Names("gopro")
	fmt.Println(anna, names, token.Reveal(), err)
	// Output: gopro@anna [anna] secret <nil>
}
