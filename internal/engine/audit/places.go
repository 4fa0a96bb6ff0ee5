package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/session"
	"github.com/gondola-sync/gondola/internal/engine/verify"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// place is one account of a destination.
type place struct {
	Place
	to       station.Destination // nil with Err
	recaller station.Recaller    // nil: the store alone says what is there
	verifier *verify.Verifier
	sessions []*state.Session // of the source, that went into it
	others   []string         // ids of sessions of other origins that went into it
	proof    string           // a session that went into it; "" for a place that was given
	settled  bool

	surveyed   bool     // undigested is known
	undigested []string // those of others whose files the ledger does not know by their bytes
}

// opened is a destination that was opened, or failed to open.
type opened struct {
	to      station.Destination
	account string // that is there now
	err     error
}

// open opens a destination by its name, once.
func (a *auditor) open(ctx context.Context, name string) *opened {
	if o, ok := a.opened[name]; ok {
		return o
	}
	o := &opened{}
	o.to, o.err = a.Open(ctx, name)
	if o.to != nil && o.err == nil {
		o.account, o.err = o.to.Account(ctx)
	}
	a.opened[name] = o
	return o
}

// survey finds the places that may hold items of the source.
func (a *auditor) survey(ctx context.Context) error {
	origin, err := a.Source.Origin(ctx)
	if err != nil {
		return err
	}
	a.result.Origin = origin
	for h, err := range a.Backend.Sessions(ctx) {
		if err == nil {
			err = session.Fit(h)
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case h == nil:
			return err
		case err != nil:
			a.Notice(fmt.Sprintf("Session %s is left out: %v", h.ID, err))
		case h.To != "":
			a.enter(ctx, h)
		}
	}
	for _, name := range a.At {
		if o := a.open(ctx, name); !a.leaves(o) {
			a.at(name, o.account, o)
		}
	}
	slices.SortStableFunc(a.places, func(p, q *place) int { return cmp.Compare(p.cost(), q.cost()) })
	return nil
}

// cost orders places: those that are asked without a request come first.
func (p *place) cost() int {
	if p.recaller != nil {
		return 0
	}
	return 1
}

// enter notes the destination of a session.
func (a *auditor) enter(ctx context.Context, h *state.Session) {
	o := a.open(ctx, h.To)
	if a.leaves(o) {
		return
	}
	p := a.at(h.To, cmp.Or(h.Account, o.account), o)
	p.proof = cmp.Or(p.proof, h.ID)
	switch {
	case a.isOurs(h):
		p.sessions = append(p.sessions, h)
	default:
		p.others = append(p.others, h.ID)
		if h.Origin != "" {
			a.foreign[h.ID] = true
		}
	}
}

// leaves reports whether a destination is left out. The source itself proves nothing.
func (a *auditor) leaves(o *opened) bool {
	return o.err == nil && (o.to == nil || o.account == a.result.Origin && o.account != "")
}

// isOurs reports whether a session is of the source's origin. Sessions that do not
// know theirs are recognised by the name of the station.
func (a *auditor) isOurs(h *state.Session) bool {
	if h.Origin == "" || a.result.Origin == "" {
		return h.From == a.Source.Name()
	}
	return h.Origin == a.result.Origin
}

// at returns the place of a destination and an account.
func (a *auditor) at(name, account string, o *opened) *place {
	i := slices.IndexFunc(a.places, func(p *place) bool { return p.Name == name && p.Account == account })
	if i >= 0 {
		return a.places[i]
	}
	p := &place{Place: Place{Name: name, Account: account, Err: o.err}}
	if o.err == nil {
		p.to = o.to
		p.recaller, _ = o.to.(station.Recaller)
		p.verifier = verify.New(verify.Options{Destination: o.to, Wait: a.Wait, Waiting: a.Waiting, Log: a.Log})
	}
	a.places = append(a.places, p)
	return p
}

// reach reports whether a place can be asked: whether the destination that is there
// now is the one into which its sessions went.
func (a *auditor) reach(ctx context.Context, p *place) bool {
	if p.settled || p.Err != nil {
		return p.Err == nil
	}
	p.settled = true
	if _, ok := p.to.(station.Inspector); !ok {
		p.Err = &fault.Error{Class: fault.Session, Code: fault.Protocol, Op: "ask " + p.Name, Err: errors.New("it cannot be asked what it holds")}
		return false
	}
	if p.proof != "" {
		s, err := session.OpenStored(ctx, ctx, a.Backend, p.proof)
		if err == nil {
			err = s.Settle(ctx, p.to)
		}
		p.Err = err
	}
	return p.Err == nil
}
