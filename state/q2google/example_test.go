package q2google_test

import (
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/q2google"
)

// An item that q2google has carried and registered, as it says.
func Example() {
	it, err := q2google.Codec{}.DecodeItem([]byte(`{"file_name": "GX010001000.MP4", "discovery_status": "completed",
		"transfer_status": "completed", "create_status": "completed", "upload_token": "CAIS", "media_type": "video"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(it.Name, it.Kind, it.Create)

	// No answer of the service proves it: it is registered again.
	d := &state.Document{Session: &state.Session{ID: "january", UpdatedAt: time.Now()}, Items: []*state.Item{it}}
	session, err := q2google.Read(d, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	for write := range session.Adopt(false) {
		for _, item := range write.Items {
			fmt.Println(item.Seq, item.Outcome, item.Next)
		}
	}
	// Output:
	// GX010001000.MP4 video completed
	// 1 pending create
}
