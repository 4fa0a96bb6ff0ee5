//go:build unix

package pgserver

import (
	"fmt"
	"os"
	"os/exec"
	osuser "os/user"
	"strconv"
	"syscall"
)

// user is a user of this system.
type user struct{ uid, gid int }

// serverUser returns the user to run a server as: this one, unless it is root.
func serverUser() (*user, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	found, err := osuser.Lookup("postgres")
	if err != nil {
		return nil, &errMissing{fmt.Sprintf("PostgreSQL does not run as root, and there is no user to run it as: %v", err)}
	}
	uid, uidErr := strconv.Atoi(found.Uid)
	gid, gidErr := strconv.Atoi(found.Gid)
	if uidErr != nil || gidErr != nil {
		return nil, fmt.Errorf("user postgres has ids %q and %q", found.Uid, found.Gid)
	}
	return &user{uid, gid}, nil
}

// own gives a file to the user.
func (u *user) own(path string) error {
	if u == nil {
		return nil
	}
	return os.Chown(path, u.uid, u.gid)
}

// run lets a command run as the user, and out of reach of the terminal's
// Ctrl-C, which is for the tests.
func (u *user) run(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if u != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(u.uid), Gid: uint32(u.gid)}
	}
}

// Signals that a server takes as words of how to stop.
var (
	stopFast = os.Interrupt    // disconnect everybody, write what is to be written
	stopDead = syscall.SIGQUIT // at once, as in a crash; the next start recovers
)
