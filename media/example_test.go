package media_test

import (
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/media"
)

func Example() {
	now := time.Date(2026, 2, 10, 0, 0, 0, 0, time.UTC)
	w, err := media.ParseWindow("2026-01", "2026-01-15", now)
	if err != nil {
		fmt.Println(err)
		return
	}
	item := media.Item{
		ID:         media.ID{Station: "gopro", Medium: "k7Qp2mVx9Rt4b", Part: 2, Label: "source"},
		Name:       media.SafeName("GX020042.MP4"),
		MIME:       media.MIMEByName("GX020042.MP4"),
		CapturedAt: time.Date(2026, 1, 15, 18, 30, 0, 0, time.UTC),
	}
	fmt.Println(w, w.Contains(item.CapturedAt))
	fmt.Println(item.ID.Key(), media.KindOf(item.MIME))
	fmt.Println(media.Distinguish(item.Name, item.ID.Medium))
	// Output:
	// 2026-01-01 to 2026-01-15 true
	// gopro/k7Qp2mVx9Rt4b/2/source video
	// GX020042 k7Qp2mVx9Rt4b.MP4
}
