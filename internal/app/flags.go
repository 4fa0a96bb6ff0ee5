package app

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gondola-sync/gondola/internal/config"
)

// Role is what a command uses a station as.
type Role string

// The roles of a station.
const (
	AsSource      Role = "source"
	AsDestination Role = "destination"
)

// SourceFlags is implemented by openers whose stations have flags of their own as
// sources. Source opens a station with the values.
type SourceFlags interface {
	Source
	AddSourceFlags(cmd *cobra.Command)
}

// DestinationFlags is implemented by openers whose stations have flags of their own
// as destinations. Destination opens a station with the values.
type DestinationFlags interface {
	Destination
	AddDestinationFlags(cmd *cobra.Command)
}

// Arranger is implemented by openers of destinations whose flags set a layout. A
// layout is part of what a session is asked, see [DestinationOptions].
type Arranger interface {
	DestinationFlags
	// Layout returns the template that the flags set; "" if they set none.
	Layout() string
}

// add returns the method of an opener that adds the flags of the role, or nil.
func (role Role) add(opener Opener) func(*cobra.Command) {
	if o, ok := opener.(SourceFlags); ok && role == AsSource {
		return o.AddSourceFlags
	}
	if o, ok := opener.(DestinationFlags); ok && role == AsDestination {
		return o.AddDestinationFlags
	}
	return nil
}

// Openers are the openers of one command.
type Openers struct {
	byScheme map[string]Opener
	flags    []roleFlag
}

// roleFlag is a flag that stations of one kind have in one role.
type roleFlag struct {
	*pflag.Flag
	scheme string
	role   Role
}

// Of returns the opener of a scheme, or nil.
func (o Openers) Of(scheme string) Opener { return o.byScheme[scheme] }

// AddFlags adds to a command the flags of the kinds, and those that their stations
// have in the roles in which the command uses them. It returns the openers that
// get the values. A command has no two flags of one name: it panics.
func (r Registry) AddFlags(cmd *cobra.Command, roles ...Role) Openers {
	openers := r.Openers()
	for _, k := range r {
		opener := openers.Of(k.Scheme)
		opener.AddFlags(cmd)
		for _, role := range roles {
			openers.addRole(cmd, k, role)
		}
	}
	return openers
}

// addRole adds to a command the flags that stations of a kind have in a role.
func (o *Openers) addRole(cmd *cobra.Command, k Kind, role Role) {
	add := role.add(o.Of(k.Scheme))
	if add == nil {
		return
	}
	var own cobra.Command
	add(&own)
	own.Flags().VisitAll(func(f *pflag.Flag) {
		cmd.Flags().AddFlag(f)
		o.flags = append(o.flags, roleFlag{f, k.Scheme, role})
	})
}

// check returns a usage error for a flag on the command line that a station does
// not have in a role. A setting from elsewhere, such as the config file, is for the
// stations that have the flag.
func (o Openers) check(uri URI, role Role, origins config.Origins) error {
	for _, f := range o.flags {
		given := origins[f.Name] == config.Flag && f.Value.String() != f.DefValue
		if given && f.role == role && f.scheme != uri.Scheme {
			return usagef("--%s is a flag of %s: as the %s, and the %s is %s; leave it out", f.Name, f.scheme, role, role, uri)
		}
	}
	return nil
}
