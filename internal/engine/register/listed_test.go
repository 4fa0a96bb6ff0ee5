package register

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/gondola-sync/gondola/media"
)

// TestAlbumsAwaitTheirSource: the title of an album depends on those that the source
// lists before it.
func TestAlbumsAwaitTheirSource(t *testing.T) {
	first, second := media.Album{ID: "1", Title: "Summer"}, media.Album{ID: "2", Title: "Summer"}
	for name, c := range map[string]struct {
		then func(r *Registrar, listed chan struct{}, cancel func())
		want error
	}{
		"it is listed":         {func(r *Registrar, _ chan struct{}, _ func()) { r.AlbumListed(second) }, nil},
		"everything is listed": {func(_ *Registrar, listed chan struct{}, _ func()) { close(listed) }, nil},
		"the run ends":         {func(_ *Registrar, _ chan struct{}, cancel func()) { cancel() }, context.Canceled},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			listed, ended := make(chan struct{}), make(chan error, 1)
			r := &Registrar{Options: Options{Listed: listed}, another: make(chan struct{})}
			go func() { ended <- r.awaitAlbum(ctx, second) }()
			r.AlbumListed(first)
			synctest.Wait()
			if len(ended) != 0 {
				t.Errorf("%s: did not wait", name)
			}
			c.then(r, listed, cancel)
			if err := <-ended; err != c.want {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		})
	}
}
