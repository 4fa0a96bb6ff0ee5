package emulator

// GoogleOptions are the switches of the Google half.
type GoogleOptions struct{}

// Google is the Google account.
type Google struct{ e *Emulator }

func newGoogle(e *Emulator, _ GoogleOptions) (*Google, error) { return &Google{e: e}, nil }

func (e *Emulator) googleRoutes() []route { return nil }
