package gopro_test

import (
	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/station"
)

var (
	_ station.Source     = (*gopro.Source)(nil)
	_ station.Prefetcher = (*gopro.Source)(nil)
)
