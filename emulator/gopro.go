package emulator

// tokenCookie is the cookie that carries the GoPro token.
const tokenCookie = "gp_access_token"

// GoProOptions are the switches of the GoPro half.
type GoProOptions struct{}

// GoPro is the GoPro account.
type GoPro struct{ e *Emulator }

func newGoPro(e *Emulator, library Library, o GoProOptions) (*GoPro, error) {
	return &GoPro{e: e}, nil
}

func (e *Emulator) goproRoutes() []route { return nil }
