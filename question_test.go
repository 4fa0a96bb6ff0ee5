package gondola_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// changes each make another question of a plain one.
var changes = map[string]func(*gondola.Options){
	"window":   func(o *gondola.Options) { o.Window.Start = time.Date(2026, 1, 8, 0, 0, 0, 0, time.UTC) },
	"types":    func(o *gondola.Options) { o.Filter.Types = []string{"video"} },
	"include":  func(o *gondola.Options) { o.Filter.Include = []string{"GX01000*"} },
	"exclude":  func(o *gondola.Options) { o.Filter.Exclude = []string{"*0003*"} },
	"maxItems": func(o *gondola.Options) { o.Filter.MaxItems = 5 },
	"quality":  func(o *gondola.Options) { o.Source = qualified{o.Source, "1080"} },
	"album":    func(o *gondola.Options) { o.Album = "Lagoon" },
}

// qualified is a source that says in which quality it lists its items.
type qualified struct {
	station.Source
	quality string
}

func (q qualified) Quality() string { return q.quality }

// qualityOf returns what the source of some options says of its quality; "" if it
// says nothing.
func qualityOf(o gondola.Options) string {
	if q, ok := o.Source.(qualified); ok {
		return q.quality
	}
	return ""
}

// TestAnotherQuestionIsAnotherSession asks one question after another of a
// library, in both orders: each is answered, and nothing is sent twice.
func TestAnotherQuestionIsAnotherSession(t *testing.T) {
	for name, change := range changes {
		for _, plainFirst := range []bool{true, false} {
			t.Run(fmt.Sprint(name, plainFirst), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					src, lib := pair(31, 12)
					plain := options(t, src, lib)
					plain.SessionID = ""
					other := plain
					change(&other)
					asked := []gondola.Options{plain, other, plain}
					if !plainFirst {
						asked = []gondola.Options{other, plain, other}
					}
					var ids []string
					for _, o := range asked {
						ids = append(ids, mustSync(t, o).SessionID)
					}
					if ids[0] == ids[1] || ids[0] != ids[2] {
						t.Errorf("sessions %q", ids)
					}
					wantArrived(t, src, lib)
					if most := sizeOf(src); lib.received != most {
						t.Errorf("%d bytes sent, want each of %d once", lib.received, most)
					}
				})
			})
		}
	}
}

func sizeOf(src *memorySource) (n int64) {
	for _, data := range src.bytes {
		n += int64(len(data))
	}
	return n
}

func TestDeriveSessionID(t *testing.T) {
	day := time.Date(2026, 1, 8, 0, 0, 0, 0, time.UTC)
	plain := gondola.Question{From: "gopro:", To: "gphotos:"}
	january := plain
	january.Window = media.Window{Start: day, End: day.Add(48*time.Hour - 1)}
	for want, q := range map[string]gondola.Question{
		"gopro-gphotos-everything":          plain,
		"gopro-gphotos-20260108-20260109":   january,
		"gopro-gphotos-20260108T083000-now": {From: "gopro:", To: "gphotos:", Quality: "source", Window: media.Window{Start: day.Add(510 * time.Minute)}},
	} {
		if got := gondola.DeriveSessionID(q); got != want {
			t.Errorf("DeriveSessionID(%+v) = %s, want %s", q, got, want)
		}
	}
	alike := [][2]gondola.Question{
		{{Filter: media.Filter{Types: []string{"photo", "Burst"}}}, {Filter: media.Filter{Types: []string{"burst", "PHOTO", "photo"}}}},
		{{Filter: media.Filter{Include: []string{"GX*"}}}, {Filter: media.Filter{Include: []string{"gx*"}}}},
		{{Album: "Cafe\u0301 "}, {Album: "Café"}},
		{{Quality: "1080"}, {Quality: "01080"}},
		{{Quality: "Source"}, {}},
	}
	for _, pair := range alike {
		if a, b := gondola.DeriveSessionID(pair[0]), gondola.DeriveSessionID(pair[1]); a != b {
			t.Errorf("%+v and %+v ask the same, but %s and %s", pair[0], pair[1], a, b)
		}
	}
	seen := map[string]string{gondola.DeriveSessionID(plain): "plain"}
	for name, change := range changes {
		o := gondola.Options{}
		change(&o)
		id := gondola.DeriveSessionID(gondola.Question{
			From: "gopro:", To: "gphotos:", Window: o.Window, Filter: o.Filter, Album: o.Album, Quality: qualityOf(o),
		})
		if before := seen[id]; before != "" {
			t.Errorf("%s and %s are both %s", name, before, id)
		}
		seen[id] = name
	}
}

// TestSessionsOfEarlierVersionsAreResumed: they are named by stations and window
// alone, whatever else they were asked.
func TestSessionsOfEarlierVersionsAreResumed(t *testing.T) {
	const earlier = "gopro-gphotos-everything"
	for name, change := range changes {
		if name == "window" {
			continue // was part of the id
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src, lib := pair(32, 8)
				o := options(t, src, lib)
				o.SessionID = earlier
				change(&o)
				first := mustSync(t, o)
				o.SessionID = ""
				if s := mustSync(t, o); s.SessionID != earlier || s.Items.Outcomes[state.OutcomeCreated] != first.Items.Outcomes[state.OutcomeCreated] {
					t.Errorf("the same command resumes %s, %v", s.SessionID, s.Items)
				}
				plain := o
				plain.Filter, plain.Album, plain.Source = media.Filter{}, "", src
				s := mustSync(t, plain)
				if s.SessionID == earlier || s.Items.Total != 8 {
					t.Errorf("the plain command resumes %s, %v", s.SessionID, s.Items)
				}
				if again := mustSync(t, plain); again.SessionID != s.SessionID {
					t.Errorf("the plain command resumes %s, then %s", s.SessionID, again.SessionID)
				}
				wantArrived(t, src, lib)
			})
		})
	}
}

// TestNamedSessionRefusesAnotherQuestion, in a plan as well, and says what
// differs.
func TestNamedSessionRefusesAnotherQuestion(t *testing.T) {
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src, lib := pair(33, 8)
				o := options(t, src, lib)
				mustSync(t, o)
				src.add("new", "GX010099.MP4", []byte("shot since"))
				other, received := o, lib.received
				change(&other)
				_, err := gondola.Sync(t.Context(), other)
				_, planErr := gondola.MakePlan(t.Context(), other, func(gondola.PlannedItem) error { return nil })
				for _, err := range []error{err, planErr} {
					if !errors.Is(err, gondola.ErrOtherQuestion) || !strings.Contains(fault.HintOf(err), "--session-id") {
						t.Errorf("asked for another question: %v", err)
					}
				}
				if lib.received != received {
					t.Errorf("%d bytes sent", lib.received-received)
				}
				if s := mustSync(t, o); s.Items.Total != 9 {
					t.Errorf("then, what it keeps: %v", s.Items)
				}
			})
		})
	}
}

// TestNamedSessionKeepsWhatIsLeftOut: a command that names a session need not
// repeat its question.
func TestNamedSessionKeepsWhatIsLeftOut(t *testing.T) {
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src, lib := pair(34, 8)
				o := options(t, src, lib)
				asked := o
				change(&asked)
				first := mustSync(t, asked)
				if s := mustSync(t, o); s.Items.Total != first.Items.Total {
					t.Errorf("%v, then %v", first.Items, s.Items)
				}
				stored, err := o.Backend.Session(t.Context(), "s")
				if err != nil {
					t.Fatal(err)
				}
				if asked.Album != stored.Album || !asked.Filter.Equal(stored.Filter) || qualityOf(asked) != "" && qualityOf(asked) != stored.Quality {
					t.Errorf("stored %+v", stored)
				}
				mustSync(t, asked)
			})
		})
	}
}

// TestAlbumTitlesAreCheckedBeforeAnythingMoves, and a title that an earlier
// version stored although it can be none is replaced.
func TestAlbumTitlesAreCheckedBeforeAnythingMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(35, 4)
		o := options(t, src, lib)
		long := strings.Repeat("x", 501)
		for _, title := range []string{long, " ", "Caf\xe9", "a\nb"} {
			o.Album = title
			if _, err := gondola.Sync(t.Context(), o); err == nil || lib.received != 0 {
				t.Errorf("album %.20q: %v, %d bytes sent", title, err, lib.received)
			}
		}
		old := state.NewSession("s", media.Window{}, time.Now())
		old.From, old.To, old.Album, old.Quality = "gopro:", "gphotos:", long, "source"
		if err := o.Backend.PutSession(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		o.Album = " Cafe\u0301"
		mustSync(t, o)
		if len(lib.albums) != 1 || len(lib.albums["Café"]) != 4 {
			t.Errorf("albums %v", lib.albums)
		}
		o.Album = "Another"
		if _, err := gondola.Sync(t.Context(), o); !errors.Is(err, gondola.ErrOtherQuestion) {
			t.Errorf("another title for an album that is open: %v", err)
		}
	})
}

// TestSessionWithNothingThereTakesAnAlbum, one that has sent something does not.
func TestSessionWithNothingThereTakesAnAlbum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(36, 4)
		o := options(t, src, lib)
		lib.fail = &fault.Error{Class: fault.Session, Code: fault.Quota, Op: "create"}
		if _, err := gondola.Sync(t.Context(), o); fault.CodeOf(err) != fault.Quota {
			t.Fatal(err)
		}
		lib.fail = nil
		o.Album = "Lagoon"
		mustSync(t, o)
		if len(lib.albums["Lagoon"]) != 4 {
			t.Errorf("albums %v", lib.albums)
		}
	})
}

// TestBusyItemIsTakenUnderALimit: it counts as one of the most, and comes when
// it is ready, whatever else is listed before it.
func TestBusyItemIsTakenUnderALimit(t *testing.T) {
	for busy := range 3 {
		t.Run(fmt.Sprint(busy), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src, lib := pair(37, 6)
				src.items[busy].Refusal = &media.Refusal{Code: media.RefusedTranscoding, Reason: "not ready"}
				o := options(t, src, lib)
				o.Filter.MaxItems = 3
				if s := mustSync(t, o); s.Items.Total != 3 || s.Items.Outcomes[state.OutcomeCreated] != 2 {
					t.Fatalf("items %v", s.Items)
				}
				src.items[busy].Refusal = nil
				slices.Reverse(src.items) // what is new is listed first
				plan, err := gondola.MakePlan(t.Context(), o, func(gondola.PlannedItem) error { return nil })
				if err != nil || plan.Items != 1 || plan.AlreadyThere != 2 {
					t.Errorf("plan %+v, %v", plan, err)
				}
				if s := mustSync(t, o); s.Items.Total != 3 || s.Items.Outcomes[state.OutcomeCreated] != 3 {
					t.Errorf("ready now: %v", s.Items)
				}
			})
		})
	}
}

// TestQ2googleSessionTakesWhatItDoesNotKnow from the first command, and refuses
// another window and a filter that it was not begun with.
func TestQ2googleSessionTakesWhatItDoesNotKnow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(38, 6)
		o := options(t, src, lib)
		day := time.Date(2026, 1, 8, 0, 0, 0, 0, time.UTC)
		theirs := state.NewSession("s", media.Window{Start: day, End: day.Add(24*time.Hour - 1)}, time.Now())
		theirs.Window = nil
		if err := o.Backend.PutSession(t.Context(), theirs); err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]func(*gondola.Options){
			"window": func(o *gondola.Options) { o.Window.Start = day.Add(time.Hour) },
			"type":   func(o *gondola.Options) { o.Filter.Types = []string{"photo"} },
		} {
			other := o
			change(&other)
			if _, err := gondola.Sync(t.Context(), other); !errors.Is(err, gondola.ErrOtherQuestion) {
				t.Errorf("%s: %v", name, err)
			}
		}
		o.Window = media.Window{Start: day, End: day.Add(24*time.Hour - time.Second)}
		o.Source, o.Album, o.Filter.MaxItems = qualified{src, "1080"}, "Lagoon", 3
		for range 2 {
			if s := mustSync(t, o); s.Items.Outcomes[state.OutcomeCreated] != 6 || len(lib.albums["Lagoon"]) != 6 {
				t.Errorf("items %v, albums %v", s.Items, lib.albums)
			}
			o.Window = media.Window{}
		}
	})
}
