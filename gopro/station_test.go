package gopro_test

import (
	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/gopro"
)

var (
	_ gondola.Source   = (*gopro.Source)(nil)
	_ gondola.Preparer = (*gopro.Source)(nil)
)
