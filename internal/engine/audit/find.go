package audit

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/internal/engine/verify"
	"github.com/gondola-sync/gondola/state"
)

// finding is an item that is looked for.
type finding struct {
	Item
	sha     string   // of its bytes, by what is on record or by the source; "" if not known
	digest  bool     // the source was asked for it
	blocked []*place // that may hold it and could not be asked
	why     []string // clauses
}

// learn takes over what a record says of the item's bytes.
func (f *finding) learn(sha string, size int64) {
	if f.sha == "" && sha != "" {
		f.sha, f.Item.Item.Size = sha, size
	}
}

// explain adds a clause to the reason, once.
func (f *finding) explain(p *place, clause string) {
	if clause = strings.TrimSuffix(p.Name, ":") + ": " + clause; !slices.Contains(f.why, clause) {
		f.why = append(f.why, clause)
	}
}

// unasked notes that a place which may hold the item could not be asked.
func (f *finding) unasked(p *place) {
	f.blocked = append(f.blocked, p)
	f.explain(p, "it could not be asked")
}

// finder returns the id under which a place may hold an item, "" for none.
type finder func(ctx context.Context, p *place, f *finding) (id string, err error)

// ask looks for items of the page at a place.
func (a *auditor) ask(ctx context.Context, p *place, find finder) error {
	var claims []*claim
	for _, f := range a.page {
		if unready(f.Item.Item) || len(f.At) > 0 && (!a.All || slices.Contains(f.At, p.Name)) {
			continue
		}
		id, err := find(ctx, p, f)
		if err != nil {
			return err
		}
		if id != "" {
			claims = append(claims, newClaim(f, id))
		}
	}
	if len(claims) == 0 {
		return nil
	}
	p.Asked += len(claims)
	for some := range slices.Chunk(claims, p.to.Limits().Batch) {
		if err := p.judge(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// claim says that a place may hold an item under an id.
type claim struct {
	f    *finding
	item *verify.Item
}

func newClaim(f *finding, id string) *claim {
	item := state.Item{Item: f.Item.Item, DestinationID: id, SHA256: f.sha}
	return &claim{f, &verify.Item{Item: item}}
}

// judge asks a place for at most as many items as it takes in one call.
func (p *place) judge(ctx context.Context, claims []*claim) error {
	items := make([]*verify.Item, len(claims))
	for i, c := range claims {
		items[i] = c.item
	}
	if p.Err == nil {
		p.Err = p.verifier.Judge(ctx, items)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, c := range claims {
		switch {
		case p.Err != nil:
			c.f.unasked(p)
		case c.item.Verdict == verify.Verified:
			c.f.At = append(c.f.At, p.Name)
			p.Found++
		default:
			c.f.explain(p, c.item.Reason)
		}
	}
	return nil
}

// byKey finds an item by its identity.
func (a *auditor) byKey(ctx context.Context, p *place, f *finding) (string, error) {
	said, err := a.onRecord(ctx, p, f)
	if err != nil {
		return "", err
	}
	if said != nil {
		f.learn(said.SHA256, said.Size)
	} else if p.recaller == nil {
		return "", nil
	}
	if !a.reach(ctx, p) {
		if said != nil || p.proof == "" {
			f.unasked(p)
		}
		return "", ctx.Err()
	}
	if p.recaller != nil {
		return a.recalled(ctx, p, f, said != nil)
	}
	return said.DestinationID, nil
}

// recalled asks a place that knows by itself what it holds. said says that the
// store knows the item to be there.
func (a *auditor) recalled(ctx context.Context, p *place, f *finding, said bool) (string, error) {
	held, err := p.recaller.Recall(ctx, f.Item.Item)
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		p.Err = err
		f.unasked(p)
	case held != nil && a.vouches(held.Session) && sameVersion(held.Version, f.Item.Item.Version):
		f.learn(held.SHA256, held.Size)
		return held.ID, nil
	case said:
		f.explain(p, "it is not there any more")
	}
	return "", nil
}

// onRecord returns what the ledger, or a session, says of an item at a place, or
// nil.
func (a *auditor) onRecord(ctx context.Context, p *place, f *finding) (*state.LedgerEntry, error) {
	item := f.Item.Item
	keys := slices.Compact([]string{item.LedgerKey(), item.ID.Key()})
	for _, key := range keys {
		entry, err := a.Backend.Recall(ctx, p.Account, key)
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err != nil || a.vouches(entry.Session) && sameVersion(entry.Version, item.Version) {
			return entry, err
		}
	}
	return a.inSessions(ctx, p, f)
}

// inSessions looks for an item in the sessions that went into a place.
func (a *auditor) inSessions(ctx context.Context, p *place, f *finding) (*state.LedgerEntry, error) {
	item := f.Item.Item
	for _, h := range p.sessions {
		if h.Window != nil && !h.Window.Contains(item.CapturedAt) {
			continue
		}
		it, err := a.Backend.Item(ctx, h.ID, item.ID.Key())
		switch {
		case errors.Is(err, state.ErrNotFound):
		case err != nil:
			return nil, err
		case it.Refusal != nil:
			f.explain(p, it.Refusal.Reason)
		case it.Awaits() != "":
			f.explain(p, verify.WhyPending(it))
		case it.DestinationID != "" && sameVersion(it.Version, item.Version):
			entry := lifecycle.LedgerEntry(it)
			return &entry, nil
		}
	}
	return nil, nil
}

// vouches reports whether what a session recorded says something of the source's
// items: identities of another origin may be equal to those of this one.
func (a *auditor) vouches(sessionID string) bool { return !a.foreign[sessionID] }

// sameVersion reports whether two versions may be of the same bytes.
func sameVersion(a, b string) bool { return a == "" || b == "" || a == b }

// byBytes finds an item by its bytes: it may have been carried under another
// identity.
func (a *auditor) byBytes(ctx context.Context, p *place, f *finding) (string, error) {
	if f.Item.Item.Size <= 0 || f.sha == "" && a.digester == nil {
		return "", nil
	}
	entry, err := a.bytesInLedger(ctx, p, f)
	if err != nil {
		return "", err
	}
	if entry == nil && p.recaller == nil {
		return "", a.doubt(ctx, p, f)
	}
	if !a.reach(ctx, p) {
		if entry != nil {
			f.unasked(p)
		}
		return "", ctx.Err()
	}
	if p.recaller == nil {
		return entry.DestinationID, nil
	}
	held, err := p.recaller.RecallBytes(ctx, f.Item.Item.Size, func() (string, error) { return a.digestOf(ctx, f) })
	if held == nil || err != nil { // what cannot be read is not found
		return "", ctx.Err()
	}
	return held.ID, nil
}

// bytesInLedger returns what the ledger says of an item's bytes at a place, or nil.
func (a *auditor) bytesInLedger(ctx context.Context, p *place, f *finding) (*state.LedgerEntry, error) {
	if f.sha == "" {
		_, err := a.Backend.Recall(ctx, p.Account, lifecycle.SizeKey(f.Item.Item.Size))
		if errors.Is(err, state.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	sum, err := a.digestOf(ctx, f)
	if err != nil {
		return nil, ctx.Err() // what cannot be read is not found
	}
	entry, err := a.Backend.Recall(ctx, p.Account, lifecycle.BytesKey(sum))
	if errors.Is(err, state.ErrNotFound) {
		return nil, nil
	}
	return entry, err
}

// errUndigested says that the source does not tell the bytes of an item.
var errUndigested = errors.New("the bytes of the item are not known")

// digestOf returns the SHA-256 of an item's bytes; the source is asked once.
func (a *auditor) digestOf(ctx context.Context, f *finding) (string, error) {
	if f.sha == "" && a.digester != nil && !f.digest {
		f.digest = true
		sum, err := a.digester.Digest(ctx, f.Item.Item)
		if err != nil {
			return "", err
		}
		f.sha = sum
	}
	if f.sha == "" {
		return "", errUndigested
	}
	return f.sha, nil
}
