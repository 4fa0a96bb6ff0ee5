package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/profile"
	"github.com/gondola-sync/gondola/internal/suggest"
)

// profileKeys are the services with profiles, and the keys of their tables.
var profileKeys = profile.Services{
	gopro.Scheme:   {profile.KeyToken, profile.KeyCommand, profile.KeyStore},
	gphotos.Scheme: {profile.KeyCredentials, profile.KeyToken, profile.KeyStore},
}

// loginOf are the words behind "gondola login" for each service.
var loginOf = map[string]string{gopro.Scheme: "gopro", gphotos.Scheme: "google"}

// loginCommand is the command that stores a profile's credentials.
func loginCommand(id profile.ID) string {
	command := "gondola login " + loginOf[id.Service]
	if id.Name != "" {
		command += " --profile " + id.Name
	}
	return command
}

// use makes messages name the login command of this profile.
func (a *app) use(id profile.ID) {
	if a.using == nil {
		a.using = map[string]string{}
	}
	a.using[id.Service] = id.Name
}

// withProfiles names the profile in the login commands of a text: stations know
// the command of the default profile alone.
func (a *app) withProfiles(text string) string {
	for service, name := range a.using {
		if name != "" {
			text = strings.ReplaceAll(text, loginCommand(profile.ID{Service: service}), loginCommand(profile.ID{Service: service, Name: name}))
		}
	}
	return text
}

// profile returns a named profile, which must exist.
func (a *app) profile(id profile.ID) (*profile.Profile, error) {
	a.use(id)
	p, err := a.profiles.Profile(id)
	if err != nil || p.Exists() {
		return p, err
	}
	names, err := a.profiles.Names(id.Service)
	if err != nil {
		return nil, err
	}
	return nil, &fault.Error{
		Class: fault.Session, Code: fault.Auth, Op: "read the credentials of " + id.String(),
		Err:  fmt.Errorf("there is no profile %q%s", id.Name, suggest.DidYouMean(id.Name, names...)),
		Hint: "run: " + loginCommand(profile.ID{Service: id.Service}),
	}
}

// newProfile returns a named profile to log in, which need not exist yet. It is a
// usage error if it cannot have that name.
func (a *app) newProfile(id profile.ID) (*profile.Profile, error) {
	if err := profile.CheckName(id.Name); err != nil {
		return nil, usagef("--profile: %w", err)
	}
	a.use(id)
	return a.profiles.Profile(id)
}

// addProfile adds the flag of a login for a named profile.
func addProfile(a *app, cmd *cobra.Command, name *string, service string) {
	cmd.Flags().StringVar(name, "profile", "", "store the credentials of the profile `NAME`, which gopro@NAME: or gphotos@NAME: opens (default: the profile without a name)")
	must(cmd.RegisterFlagCompletionFunc("profile", func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return a.profileNames(cmd, service), cobra.ShellCompDirectiveNoFileComp
	}))
}

// profileNames returns the names of a service's profiles, for completion.
func (a *app) profileNames(cmd *cobra.Command, service string) []cobra.Completion {
	if err := a.start(cmd, nil); err != nil {
		return nil
	}
	names, err := a.profiles.Names(service)
	if err != nil {
		return nil
	}
	return names
}

// storedToken is the name of the file with the token of a GoPro profile.
const storedToken = "token"

// profileToken returns the GoPro token of a named profile, the zero Secret if
// nothing is stored.
func (a *app) profileToken(ctx context.Context, name string) (config.Secret, error) {
	p, err := a.profile(profile.ID{Service: gopro.Scheme, Name: name})
	if err != nil {
		return config.Secret{}, err
	}
	if text, ok := a.tokens[name]; ok {
		return text, nil
	}
	token, err := p.Token(ctx, storedToken)
	if err != nil {
		return token, &fault.Error{
			Class: fault.Session, Code: fault.Auth, Op: "read the GoPro token of " + p.String(), Err: err,
			Hint: "mend the table [" + gopro.Scheme + "." + name + "] of the config file, or run: " + loginCommand(profile.ID{Service: gopro.Scheme}),
		}
	}
	if a.tokens == nil {
		a.tokens = map[string]config.Secret{}
	}
	a.tokens[name] = token
	return token, nil
}

// profileGoogle returns where the Google login of a named profile is.
func (a *app) profileGoogle(p *profile.Profile) (googleFiles, error) {
	for _, flag := range []string{"credentials", "token"} {
		if a.origins[flag] == config.Flag {
			return googleFiles{}, usagef("--%s names a file of the default profile: for %s, set the keys %s and %s of the table [%s.%s] in the config file",
				flag, p, profile.KeyCredentials, profile.KeyToken, p.Service, p.Name)
		}
	}
	client, err := p.Client("client_secret.json")
	if err != nil {
		return googleFiles{}, err
	}
	stored, err := p.Store("token.json")
	if err != nil {
		return googleFiles{}, err
	}
	return googleFiles{Pair: config.Pair{Client: client, Token: stored.Path(), Origin: config.File}, stored: stored}, nil
}
