package state

import "testing"

// Documents of earlier versions kept what the destination reads of a checkpoint
// beside the other members, and knew receipts of one sort only.
func TestUploadsOfEarlierVersions(t *testing.T) {
	const checkpoint = `{"url":"https://u.example/?upload_id=1","size":9,"confirmed":4,"granularity":262144,"started_at":"2026-01-08T09:00:00Z","version":"v","account":"gphotos:a","hash_at":2,"hash_state":"AQI="}`
	it, _, err := DecodeItem([]byte(`{"file_name":"a","upload_token":"t","gondola":{"id":"gopro/m/1/source","checkpoint":` + checkpoint + `,"receipt":{"size":9}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if c := it.Checkpoint; c.Size != 9 || c.Confirmed != 4 || c.Version != "v" || c.Account != "gphotos:a" || c.HashAt != 2 || string(c.Resume) != checkpoint {
		t.Errorf("checkpoint = %+v", c)
	}
	if r := it.Receipt; r.Token != "t" || !r.Once {
		t.Errorf("receipt = %+v", r)
	}
	data, err := EncodeItem(it)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := DecodeItem(data)
	if err != nil || string(again.Checkpoint.Resume) != checkpoint {
		t.Errorf("stored again: %s, %v", data, err)
	}
}
