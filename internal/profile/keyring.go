package profile

import (
	"errors"
	"time"

	"github.com/zalando/go-keyring"
)

const (
	keyringService = "gondola" // names the program in the keyring
	inKeyring      = "the system keyring"
)

// Keyring keeps secrets by service and user.
type Keyring interface {
	Get(service, user string) (string, error)
	Set(service, user, secret string) error
}

// System is the keyring of the system: the Keychain of macOS, the Credential
// Manager of Windows, the Secret Service of a desktop elsewhere. A keyring that
// does not answer for half a minute, as one that waits to be unlocked, is an
// error.
type System struct{}

// Get implements [Keyring].
func (System) Get(service, user string) (string, error) {
	return answered(func() (string, error) { return keyring.Get(service, user) })
}

// Set implements [Keyring].
func (System) Set(service, user, secret string) error {
	_, err := answered(func() (string, error) { return "", keyring.Set(service, user, secret) })
	return err
}

// keyringPatience is how long a person may take to unlock the keyring.
const keyringPatience = 30 * time.Second

var errSilent = errors.New("no answer within 30 seconds")

// answered calls f, which cannot be interrupted, and waits for it at most
// keyringPatience.
func answered(f func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		text, err := f()
		done <- answer{text, err}
	}()
	select {
	case a := <-done:
		return a.text, a.err
	case <-time.After(keyringPatience):
		return "", errSilent
	}
}
