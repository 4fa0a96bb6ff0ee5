package stationtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// Destination is what a test provides of a station to carry to.
type Destination struct {
	// Open opens the station, each time as another process would.
	Open func(t *testing.T) station.Destination
	// File returns the nth file, of exactly size bytes, with a name that the
	// destination takes. Different files have different bytes.
	File func(n int, size int64) File
	// Least is the size in bytes from which on Create takes what File returns.
	Least int64
	// Large is the size in bytes of files that are uploaded in a way that can be
	// resumed.
	Large int64
	// Sizes are further sizes of uploads worth a try, such as those around the
	// length of a segment.
	Sizes []int64
	// Held returns what the destination holds.
	Held func(t *testing.T) []Held
	// Refused are items that Refuse refuses, each with the refusal's code.
	Refused []Refused

	// Title, if not nil, returns what Held shows of the title of an album.
	Title func(title string) string
	// Spoiled, if not nil, returns the nth file that Upload takes and Create
	// refuses.
	Spoiled func(n int) File
	// Drop, if not nil, drops the connection of the next upload when n bytes of it
	// have passed.
	Drop func(t *testing.T, n int64)
	// Forget, if not nil, lets the destination forget all uploads that are not
	// finished.
	Forget func(t *testing.T)
	// Other, if not nil, opens the station for another account.
	Other func(t *testing.T) station.Destination
	// StaleAfter is how old receipts get; 0 if they do not age.
	StaleAfter time.Duration
}

// Held is an item that a destination holds.
type Held struct {
	ID     string
	Name   string
	SHA256 string // lower-case hex
	Size   int64  // bytes
	Albums []string
}

// Refused is an item and the code with which it is refused.
type Refused struct {
	Item media.Item
	Code string
}

// destinationTest is one test of a destination.
type destinationTest struct {
	name string
	// needs, if not nil, reports whether the harness has what the test needs.
	needs func(h Destination) bool
	run   func(t *testing.T, h Destination)
}

// RunDestination tests the destination that newHarness provides, a fresh one per
// test.
func RunDestination(t *testing.T, newHarness func(t *testing.T) Destination) {
	other := func(h Destination) bool { return h.Other != nil }
	spoils := func(h Destination) bool { return h.Spoiled != nil }
	drops := func(h Destination) bool { return h.Drop != nil }
	for _, test := range []destinationTest{
		{"Names", nil, testNames},
		{"AccountsApart", other, testAccountsApart},
		{"Refuse", nil, testRefuse},
		{"RefusedOnOpening", nil, testRefusedOnOpening},
		{"Upload", nil, testUpload},
		{"ConcurrentUploads", nil, testConcurrentUploads},
		{"SavedFirst", nil, testSavedFirst},
		{"SaveFails", nil, testSaveFails},
		{"Resume", nil, testResume},
		{"ResumeFinished", nil, testResumeFinished},
		{"ResumeForgotten", func(h Destination) bool { return h.Forget != nil }, testResumeForgotten},
		{"ResumeElsewhere", other, testResumeElsewhere},
		{"ResumeNonsense", nil, testResumeNonsense},
		{"ResumeChanged", nil, testResumeChanged},
		{"ResumeUnversioned", nil, testResumeUnversioned},
		{"ChangedMidway", nil, testChangedMidway},
		{"SourceDrops", nil, testSourceDrops},
		{"SourceEndsEarly", nil, testSourceEndsEarly},
		{"SourceFails", nil, testSourceFails},
		{"Drop", drops, testUploadDrops},
		{"CancelUpload", nil, testCancelUpload},
		{"Create", nil, testCreate},
		{"CreateTooMany", nil, testCreateTooMany},
		{"CreateSpoiled", spoils, testCreateSpoiled},
		{"CreateAgain", nil, testCreateAgain},
		{"CreateEqual", nil, testCreateEqual},
		{"CancelCreate", nil, testCancelCreate},
		{"Albums", nil, testAlbums},
		{"Filed", nil, testFiled},
		{"FiledSpoiled", nil, testFiledSpoiled},
		{"Renamed", nil, testRenamed},
		{"Gate", nil, testGate},
		{"Stale", nil, testStale},
		{"Inspect", nil, testInspect},
		{"Recall", nil, testRecall},
		{"Annotate", nil, testAnnotate},
		{"Lock", nil, testLock},
		{"Meter", nil, testDestinationMeter},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t)
				if test.needs != nil && !test.needs(h) {
					t.Skip("the harness does not offer what this takes")
				}
				test.run(t, h)
			})
		})
	}
}

// sum returns the SHA-256 of data as receipts have it.
func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// carried is a file with its receipt.
type carried struct {
	File
	receipt station.Receipt
}

func (c carried) entry() station.Entry { return station.Entry{Item: c.Item, Receipt: c.receipt} }

// carry uploads a file, which must work.
func carry(t *testing.T, d station.Destination, f File) carried {
	t.Helper()
	r, err := d.Upload(t.Context(), station.Upload{Item: f.Item, Open: newFileSource(f).open, Save: discard})
	if err != nil {
		t.Fatalf("upload %s (%d bytes): %v", f.Item.Name, len(f.Data), err)
	}
	checkReceipt(t, r, f)
	return carried{f, r}
}

// checkReceipt compares a receipt with the file that it is of.
func checkReceipt(t *testing.T, r station.Receipt, f File) {
	t.Helper()
	if r.Size != int64(len(f.Data)) || r.SHA256 != "" && r.SHA256 != sum(f.Data) {
		t.Errorf("the receipt of %s is of %d bytes with SHA-256 %s, want %d with %s", f.Item.Name, r.Size, r.SHA256, len(f.Data), sum(f.Data))
	}
	if age := time.Since(r.At); age < 0 || age > time.Hour || r.At.Location() != time.UTC {
		t.Errorf("the receipt of %s is of %v", f.Item.Name, r.At)
	}
}

// create registers files in one call, and returns the result of each.
func create(t *testing.T, d station.Destination, album string, files ...carried) []station.Result {
	t.Helper()
	b := station.Batch{AlbumID: album}
	for _, c := range files {
		b.Entries = append(b.Entries, c.entry())
	}
	made, err := d.Create(t.Context(), b)
	if err != nil {
		t.Fatalf("create %d items: %v", len(files), err)
	}
	if len(made.Results) != len(files) {
		t.Fatalf("%d results for %d entries", len(made.Results), len(files))
	}
	for _, response := range made.Responses {
		if !json.Valid([]byte(response)) {
			t.Errorf("a response is no JSON document: %q", response)
		}
	}
	return made.Results
}

// mustCreate registers files in one call, all of which must work, and returns
// their ids.
func mustCreate(t *testing.T, d station.Destination, files ...carried) (ids []string) {
	t.Helper()
	for i, r := range create(t, d, "", files...) {
		if r.Err != nil || r.ID == "" {
			t.Fatalf("%s was not created: id %q, %v", files[i].Item.Name, r.ID, r.Err)
		}
		ids = append(ids, r.ID)
	}
	return ids
}

// wantHeld compares all that the destination holds with files, by their bytes.
func (h Destination) wantHeld(t *testing.T, want ...File) {
	t.Helper()
	count := map[string]int{}
	for _, it := range h.Held(t) {
		count[it.SHA256]++
	}
	for _, f := range want {
		digest := sum(f.Data)
		if count[digest] != 1 {
			t.Errorf("%s (%d bytes) is held %d times, want once", f.Item.Name, len(f.Data), count[digest])
		}
		delete(count, digest)
	}
	for _, it := range h.Held(t) {
		if count[it.SHA256] > 0 {
			t.Errorf("%s (%d bytes) is held, and is none of the files", it.Name, it.Size)
		}
	}
}

// sizes are the lengths of uploads that the suite tries.
func (h Destination) sizes() []int64 {
	return append([]int64{1, 100, 4095, 4096, 64<<10 - 1, 64<<10 + 1, 256 << 10, 256<<10 + 1, 1<<20 + 7, h.Large}, h.Sizes...)
}
