package doctor

import "github.com/gondola-sync/gondola/fault"

// Refused returns the finding of a service that refuses the credentials, or could
// not be asked: why says what cannot be done then, login is the command that
// stores credentials.
func Refused(err error, why, login string) Finding {
	f := Finding{Level: Problem, What: err.Error(), Why: why, Remedy: fault.HintOf(err)}
	switch fault.CodeOf(err) {
	case fault.Auth, fault.Scope:
		f.Credentials = true
		if f.Remedy == "" {
			f.Remedy = login
		}
	case fault.Unreachable, fault.Rate, fault.Server, fault.Protocol:
		f.Level, f.Why, f.Remedy = Warning, "whether the credentials are valid could not be found out", "run gondola doctor again when the service answers"
	}
	return f
}
