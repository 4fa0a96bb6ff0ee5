package jsondir

import (
	"crypto/sha256"
	"slices"

	"github.com/gondola-sync/gondola/state"
)

// print stands for a text that would be too long to keep for every item. Two
// texts with the same print among a million are less likely than one in 2^56.
type print [12]byte

func printOf(text string) print {
	sum := sha256.Sum256([]byte(text))
	return print(sum[:12])
}

// claims tells which item a text belongs to.
type claims map[print]slot

func (c claims) of(text string) slot {
	if s, ok := c[printOf(text)]; ok {
		return s
	}
	return none
}

// word is a stage or an outcome in one byte.
type word uint8

var words = []string{
	"", string(state.Discovery), string(state.Transfer), string(state.Create), string(state.Filing),
	string(state.OutcomeCreated), string(state.OutcomeAlreadyThere), string(state.OutcomeSkipped),
	string(state.OutcomeFailed), string(state.OutcomePending),
}

func wordOf[T ~string](w T) word { return word(slices.Index(words, string(w))) }
