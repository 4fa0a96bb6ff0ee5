package sample_test

import (
	"fmt"
	"image/jpeg"
	"io"
	"time"

	"github.com/gondola-sync/gondola/emulator/sample"
)

// A photo of a megabyte that shows its number and says when it was taken.
func ExampleNewPhoto() {
	photo := sample.NewPhoto(sample.Shot{Number: 7, Taken: time.Date(2025, 6, 1, 9, 0, 0, 0, time.UTC)}, 1<<20)
	picture, err := jpeg.Decode(io.NewSectionReader(photo, 0, photo.Size()))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(photo.Size(), picture.Bounds().Dx())
	// Output: 1048576 96
}

// A library with a medium of one's own.
func ExampleLibrary() {
	name := "GOPR0001.JPG"
	l := append(sample.Many(3, 1), sample.Medium{
		ID: "mine", Type: "Photo", Filename: &name, Captured: time.Date(2025, 6, 1, 9, 0, 0, 0, time.UTC),
		Sources: []sample.Object{{Name: name, Content: sample.Bytes("no picture at all")}},
	})
	fmt.Println(len(l), l[3].Sources[0].Content.Size())
	// Output: 4 17
}
