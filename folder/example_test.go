package folder_test

import (
	"fmt"
	"os"
	"time"

	"github.com/gondola-sync/gondola/folder"
	"github.com/gondola-sync/gondola/media"
)

// A layout says where a file is put.
func ExampleParseLayout() {
	layout, err := folder.ParseLayout("{year}/{camera}/{stem} {{{medium}}.{ext}")
	if err != nil {
		fmt.Println(err)
		return
	}
	item := media.Item{
		ID: media.ID{Station: "gopro", Medium: "k7Qp2m", Part: 1, Label: "source"}, Name: "GX010042.MP4",
		CapturedAt: time.Date(2026, 1, 1, 1, 30, 0, 0, time.UTC),
	}
	fmt.Println(layout.Path(item, time.FixedZone("-03:00", -3*60*60)))
	_, err = folder.ParseLayout("{yaer}/{name}")
	fmt.Println(err)
	// Output:
	// 2025/GX010042 {k7Qp2m}.MP4
	// layout "{yaer}/{name}": there is no field {yaer}; the fields are {year} {month} {day} {name} {stem} {ext} {camera} {album} {medium} {kind}
}

func ExampleProbe() {
	root, err := os.OpenRoot(os.TempDir())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer root.Close()
	disk, err := folder.Probe(root, ".")
	fmt.Println(disk.NameBytes > 100, disk.TimeStep > 0, err)
	// Output: true true <nil>
}
