package sessioncopy

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/state"
)

// restless is an original that is saved while it is being read.
type restless struct {
	state.Backend
	t *testing.T
}

func (r restless) Batches(ctx context.Context, id string) iter.Seq2[*state.Batch, error] {
	s, err := r.Session(ctx, id)
	must(r.t, err)
	must(r.t, r.PutSession(ctx, s))
	return r.Backend.Batches(ctx, id)
}

// forgetful is a store that loses one field.
type forgetful struct{ state.Backend }

func (f forgetful) PutItems(ctx context.Context, id string, items ...*state.Item) error {
	for _, it := range items {
		it.SHA256 = ""
	}
	return f.Backend.PutItems(ctx, id, items...)
}

func TestWhatIsNotTheSameIsFound(t *testing.T) {
	from, to := open(t, t.TempDir()), open(t, t.TempDir())
	s := stored(t, from, 2)
	if _, err := Copy(t.Context(), restless{from, t}, to, s.ID, Options{}); !errors.Is(err, ErrChanged) {
		t.Errorf("an original that changes: %v", err)
	}
	if _, err := Copy(t.Context(), from, forgetful{to}, s.ID, Options{}); err == nil || !strings.Contains(err.Error(), "not the same") {
		t.Errorf("a store that loses something: %v", err)
	}
	if _, err := to.Session(t.Context(), s.ID); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("what was left: %v, want nothing", err)
	}
}

func TestCanonical(t *testing.T) {
	for _, same := range [][]string{
		{`{"b":1,"a":[1.0,{"d":null,"c":"é"}]}`, `{ "a": [1, {"c":"\u00e9", "d":null}], "b":1e0 }`},
		{`[12345678901234567890]`, `[1.2345678901234567e19]`},
		{`[0.1]`, `[1e-1]`},
	} {
		a, err := canonical([]byte(same[0]))
		must(t, err)
		b, err := canonical([]byte(same[1]))
		must(t, err)
		if string(a) != string(b) {
			t.Errorf("%s and %s", a, b)
		}
	}
	for _, other := range [][]string{{`[9007199254740993]`, `[9007199254740992]`}, {`[1]`, `["1"]`}, {`{"a":null}`, `{}`}} {
		a, _ := canonical([]byte(other[0]))
		b, _ := canonical([]byte(other[1]))
		if string(a) == string(b) {
			t.Errorf("%s and %s are not told apart", other[0], other[1])
		}
	}
}
