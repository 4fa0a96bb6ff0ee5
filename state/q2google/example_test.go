package q2google_test

import (
	"fmt"

	"github.com/gondola-sync/gondola/state/q2google"
)

// An item that q2google has carried and registered, as it says.
func Example() {
	it, ours, err := q2google.DecodeItem([]byte(`{"file_name": "GX010001000.MP4", "discovery_status": "completed",
		"transfer_status": "completed", "create_status": "completed", "upload_token": "CAIS", "media_type": "video"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(it.Name, it.Kind, it.Create, ours)

	// No answer of the service proves it: it is registered again.
	q2google.NewEvidence(it.CarriedAt).Settle(it)
	fmt.Println(it.Awaits())
	// Output:
	// GX010001000.MP4 video completed false
	// create
}
