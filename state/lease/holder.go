package lease

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/state"
)

// Holder is a process that holds a session.
type Holder struct {
	Session string    `json:"session" bson:"_id"`
	Token   string    `json:"token" bson:"token"` // random; no other taking of any lease has it
	Host    string    `json:"host" bson:"host"`
	PID     int       `json:"pid" bson:"pid"`
	Machine string    `json:"machine" bson:"machine"` // where PID means something; see [Machine]
	Since   time.Time `json:"since" bson:"since"`     // UTC, by the holder's clock
	Until   time.Time `json:"until" bson:"until"`     // UTC, by the store's clock: when the lease runs out
}

// thisProcess returns a holder for a new taking by this process.
func thisProcess(session string, now time.Time) Holder {
	host, _ := os.Hostname()
	return Holder{Session: session, Token: rand.Text(), Host: host, PID: os.Getpid(), Machine: Machine(), Since: now.UTC()}
}

// deadHere reports whether the holder was a process of this machine that is no
// longer there. False also means that this cannot be known.
func (h Holder) deadHere() bool {
	return h.Machine != "" && h.Machine == Machine() && h.PID > 0 && h.PID != os.Getpid() && !alive(h.PID)
}

// Holds reports whether the holder has the session at now, by the store's clock:
// its lease has not run out, and it is no process of this machine that has died.
func (h Holder) Holds(now time.Time) bool { return now.Before(h.Until) && !h.deadHere() }

// Locked is the error for others while h holds its session.
func (h Holder) Locked() *state.LockedError {
	return &state.LockedError{Session: h.Session, Host: h.Host, PID: h.PID, Since: h.Since, Until: h.Until}
}

// Machine identifies what process ids belong to: this boot of this host and, on
// Linux, this container; where the system does not tell boots apart, this
// installation of it. It is a digest and reveals nothing else. It is "" where
// nothing identifies the machine: its name does not, since others may have it.
var Machine = sync.OnceValue(func() string { return machineOf(boot()) })

func machineOf(boot string) string {
	if boot == "" {
		return ""
	}
	host, _ := os.Hostname()
	sum := sha256.Sum256([]byte(host + "\n" + boot))
	return hex.EncodeToString(sum[:8])
}
