package gondola_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/station"
)

// forgetful is a library whose first answer lacks its first item.
type forgetful struct {
	*inspectable
	answered bool
}

func (l *forgetful) Inspect(ctx context.Context, ids []string) ([]*station.RemoteItem, error) {
	held, err := l.inspectable.Inspect(ctx, ids)
	if !l.answered {
		l.answered, held[0] = true, nil
	}
	return held, err
}

// TestOneAnswerDoesNotSendBack: what one answer lacks is not carried again.
func TestOneAnswerDoesNotSendBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(40, 4)
		o := options(t, src, lib)
		mustSync(t, o)
		at := &forgetful{inspectable: inspect(lib)}
		v, _ := verify(t, gondola.VerifyOptions{SessionID: "s", Destination: at, Backend: o.Backend})
		wantVerdicts(t, v, true, map[gondola.Verdict]int{gondola.VerdictVerified: 4})
		if !at.answered || len(at.asked) != 2 {
			t.Errorf("asked for %v ids, want 4 and the one", at.asked)
		}
	})
}
