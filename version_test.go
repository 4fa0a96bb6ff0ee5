package gondola_test

import (
	"testing"
	"testing/synctest"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

// TestAChangedFileIsCarriedAgain in the same session and in another one, and a
// file of the same version, or of none, never.
func TestAChangedFileIsCarriedAgain(t *testing.T) {
	for _, session := range []string{"s", "another"} {
		synctest.Test(t, func(t *testing.T) {
			src, lib := pair(46, 4)
			for i := range 3 {
				src.items[i].Version = "1"
			}
			o := options(t, src, lib)
			mustSync(t, o)
			sent := lib.received

			o.SessionID = session
			changed := &src.items[1]
			changed.Version, changed.Size = "2", 9
			src.bytes[changed.ID.Key()] = []byte("new bytes")
			if s := mustSync(t, o); lib.received != sent+9 || s.Items.Outcomes[state.OutcomeFailed] != 0 {
				t.Errorf("session %s: %d bytes sent, want those of the changed file: %v", session, lib.received-sent, s.Items)
			}
			if len(lib.items) != 5 {
				t.Errorf("the library holds %d items, want both versions of the file and the others", len(lib.items))
			}
			if mustSync(t, o); lib.received != sent+9 {
				t.Error("an unchanged file was carried again")
			}
			o.SessionID = "third"
			if mustSync(t, o); lib.received != sent+9 {
				t.Error("another session carries what the ledger has in this version")
			}
		})
	}
}

// TestAnotherOriginIsAnotherSession: two logins that run the same command have a
// session each, and a session that is named is refused to the other.
func TestAnotherOriginIsAnotherSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mine, lib := pair(47, 3)
		theirs, _ := pair(48, 2)
		theirs.origin = "gopro:them"
		o := options(t, mine, lib)
		o.SessionID = ""
		first := mustSync(t, o)
		o.Source = theirs
		second := mustSync(t, o)
		if second.SessionID == first.SessionID || second.Items.Total != 2 {
			t.Errorf("sessions %s and %s, %v", first.SessionID, second.SessionID, second.Items)
		}
		if again := mustSync(t, o); again.SessionID != second.SessionID {
			t.Errorf("the same command resumes %s, then %s", second.SessionID, again.SessionID)
		}
		o.SessionID = first.SessionID
		if _, err := gondola.Sync(t.Context(), o); fault.CodeOf(err) != fault.Auth {
			t.Errorf("a session of another origin: %v", err)
		}
		o.Source = mine
		mustSync(t, o)
	})
}
