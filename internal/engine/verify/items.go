package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// Judge asks the destination for items and sets their verdicts. It waits, as long
// as the options say, for what is still processed. Unlike Run it stores nothing.
func (v *Verifier) Judge(ctx context.Context, items []*Item) error {
	if err := v.look(ctx, items); err != nil {
		return err
	}
	return v.await(ctx, items)
}

// look asks the destination for items and judges what it says.
func (v *Verifier) look(ctx context.Context, items []*Item) error {
	var ids []string
	for _, it := range items {
		ids = append(ids, it.Item.DestinationID)
	}
	held, err := v.inspect(ctx, ids)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	for _, it := range items {
		it.At = now
		it.judge(held[it.Item.DestinationID])
	}
	return nil
}

// inspect returns what is held under each id. Items of equal content have one
// id, which is asked for once. What is not there is asked for twice: one answer
// may be a fault of the destination.
func (v *Verifier) inspect(ctx context.Context, ids []string) (map[string]*station.RemoteItem, error) {
	slices.Sort(ids)
	held := map[string]*station.RemoteItem{}
	missing, err := v.ask(ctx, slices.Compact(ids), held)
	if err == nil {
		_, err = v.ask(ctx, missing, held)
	}
	return held, err
}

// ask enters into held what is held under each id, and returns the ids under
// which there is nothing.
func (v *Verifier) ask(ctx context.Context, ids []string, held map[string]*station.RemoteItem) (missing []string, err error) {
	for some := range slices.Chunk(ids, v.Destination.Limits().Batch) {
		answers, err := inspect(ctx, v.inspector, some)
		if err != nil {
			return nil, err
		}
		for i, id := range some {
			if held[id] = answers[i]; answers[i] == nil {
				missing = append(missing, id)
			}
		}
	}
	return missing, nil
}

func inspect(ctx context.Context, at station.Inspector, ids []string) ([]*station.RemoteItem, error) {
	answers, err := at.Inspect(ctx, ids)
	if err == nil && len(answers) != len(ids) {
		err = &fault.Error{
			Class: fault.Session, Code: fault.Protocol, Op: "look for items",
			Err: fmt.Errorf("%d answers for %d ids", len(answers), len(ids)),
		}
	}
	return answers, err
}

func (it *Item) judge(held *station.RemoteItem) {
	it.Held, it.Verdict, it.Reason = held, Verified, ""
	switch {
	case held == nil:
		it.Verdict, it.Reason = Missing, "not at the destination"
	case it.isAnother():
		it.Held, it.Verdict = nil, Missing
		it.Reason = fmt.Sprintf("another item, %s, is at the destination under its id", held.Name)
	case held.Readiness == station.Processing:
		it.Verdict, it.Reason = Processing, "the destination still processes it"
	case held.Readiness == station.Altered:
		it.Verdict, it.Reason = Altered, "it was changed at the destination since it was put there"
	case held.Readiness == station.Unusable:
		it.Verdict, it.Reason = Unusable, "the destination could not process it"
	default:
		it.Reason = it.remarks()
	}
}

// isAnother reports whether what is held is not this item. Only a name and a
// kind that both differ say so: a destination keeps the name under which it had
// the same bytes first, and a name may lie about the kind. If the item was
// carried again for that reason already, and came to lie where it lay, then it
// is the item.
func (it *Item) isAnother() bool {
	h, item := it.Held, it.Item
	if !item.MissedAt.IsZero() && item.RegisteredAt.After(item.MissedAt) {
		return false
	}
	return it.renamed() && h.Kind != "" && item.Kind != "" && h.Kind != item.Kind
}

func (it *Item) renamed() bool {
	name := it.Held.Name
	return name != "" && name != it.Item.Name && name != it.Item.BaseName() && name != it.Item.LegacyName
}

// remarks says how what is held differs from what the source says of the item.
// Neither a name nor a measure proves anything against it: sources state those
// of the recording, not always those of the file.
func (it *Item) remarks() string {
	var remarks []string
	if remark := it.Item.Remark(); remark != "" {
		remarks = append(remarks, remark)
	}
	if it.renamed() {
		remarks = append(remarks, "the destination calls it "+it.Held.Name)
	}
	h, item := it.Held, it.Item
	if !sameShape(h.Width, h.Height, item.Width, item.Height) {
		remarks = append(remarks, fmt.Sprintf("the destination measures %d × %d pixels, the source %d × %d", h.Width, h.Height, item.Width, item.Height))
	}
	return strings.Join(remarks, "; ")
}

// sameShape compares measures as far as both are known. A picture may have been
// turned upright.
func sameShape(w, h, width, height int) bool {
	if w == 0 || h == 0 || width == 0 || height == 0 {
		return true
	}
	return min(w, h) == min(width, height) && max(w, h) == max(width, height)
}

// follow looks for what is missing under the id that the ledger knows: another
// session may have carried it again.
func (v *Verifier) follow(ctx context.Context, items []*Item) error {
	var moved []*Item
	missed := map[*Item]Item{}
	for _, it := range items {
		if it.Verdict != Missing || it.Item.ID.IsZero() {
			continue
		}
		entry, err := v.elsewhere(ctx, &it.Item)
		if err != nil {
			return err
		}
		if entry == nil {
			continue
		}
		missed[it] = *it
		it.Item.DestinationID, it.Item.RegisteredAt = entry.DestinationID, entry.At
		if entry.SHA256 != "" {
			it.Item.SHA256, it.Item.Carried = entry.SHA256, entry.Size
		}
		moved = append(moved, it)
	}
	if err := v.look(ctx, moved); err != nil {
		return err
	}
	var found []*state.Item
	for _, it := range moved {
		if it.Verdict == Missing {
			*it = missed[it]
			continue
		}
		found = append(found, &it.Item)
	}
	return v.Store.Put(found...)
}

// elsewhere returns what the ledger knows of an item under another id than its own,
// or nil: by its identity, or else by its bytes.
func (v *Verifier) elsewhere(ctx context.Context, it *state.Item) (*state.LedgerEntry, error) {
	keys := []string{it.LedgerKey()}
	if it.SHA256 != "" && v.oneOfEach() {
		keys = append(keys, lifecycle.BytesKey(it.SHA256))
	}
	for _, key := range keys {
		entry, err := v.Store.Recall(ctx, key)
		switch {
		case errors.Is(err, state.ErrNotFound):
		case err != nil:
			return nil, err
		case entry.DestinationID != it.DestinationID:
			return entry, nil
		}
	}
	return nil, nil
}

// oneOfEach reports whether the destination has one item for equal bytes. One that
// knows by itself what it holds keeps two files.
func (v *Verifier) oneOfEach() bool {
	_, ok := v.Destination.(station.Recaller)
	return !ok
}

// sendBack lets what is missing await its transfer. The ledger forgets it
// first: no other session may take it for there.
func (v *Verifier) sendBack(ctx context.Context, items []*Item) error {
	if !v.SendBack {
		return nil
	}
	var gone []state.LedgerEntry
	var lost []*state.Item
	for _, it := range items {
		if it.Verdict != Missing || it.sentBack {
			continue
		}
		it.sentBack = true
		v.Log.Info("item is missing at the destination", "item", it.Item.Name, "id", it.Item.DestinationID)
		again := it.Item
		lifecycle.Missed(&again, it.At)
		lost = append(lost, &again)
		gone = append(gone, forgotten(it)...)
	}
	if err := v.Store.Record(gone...); err != nil {
		return err
	}
	return v.Store.Put(lost...)
}

// forgotten returns the entries that take back what the ledger says of a missing
// item.
func forgotten(it *Item) (gone []state.LedgerEntry) {
	var keys []string
	if !it.Item.ID.IsZero() {
		keys = append(keys, it.Item.LedgerKey())
	}
	if it.Item.SHA256 != "" {
		keys = append(keys, lifecycle.BytesKey(it.Item.SHA256))
	}
	for _, key := range keys {
		gone = append(gone, state.LedgerEntry{Key: key, DestinationID: it.Item.DestinationID, At: it.At, Gone: true})
	}
	return gone
}

// remember enters into the ledger the bytes of what is at the destination, where an
// earlier version has entered identities only.
func (v *Verifier) remember(ctx context.Context, items []*Item) error {
	if !v.SendBack || !v.oneOfEach() {
		return nil
	}
	var entries []state.LedgerEntry
	for _, it := range items {
		if it.Verdict != Verified || it.Item.SHA256 == "" {
			continue
		}
		_, err := v.Store.Recall(ctx, lifecycle.BytesKey(it.Item.SHA256))
		if errors.Is(err, state.ErrNotFound) {
			entries = append(entries, lifecycle.BytesEntries(&it.Item)...)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return v.Store.Record(entries...)
}

// Pauses between two looks at what the destination processes.
const (
	firstPause   = 30 * time.Second
	longestPause = 5 * time.Minute
)

// await looks again, ever more seldom, at what is not ready yet.
func (v *Verifier) await(ctx context.Context, items []*Item) error {
	for pause := firstPause; v.patience > 0; pause = min(2*pause, longestPause) {
		var unready []*Item
		for _, it := range items {
			if it.Verdict == Processing {
				unready = append(unready, it)
			}
		}
		if len(unready) == 0 {
			return nil
		}
		d := min(pause, v.patience)
		v.patience -= d
		if err := v.rest(ctx, d, len(unready)); err != nil {
			return err
		}
		if err := v.look(ctx, unready); err != nil {
			return err
		}
	}
	return nil
}

func (v *Verifier) rest(ctx context.Context, d time.Duration, unready int) error {
	v.Waiting(fault.Wait{
		Reason: fmt.Sprintf("the destination still processes %d items", unready),
		Until:  time.Now().Add(d).UTC(),
	})
	return retry.Sleep(ctx, d)
}
