package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/carry"
	"github.com/gondola-sync/gondola/internal/engine/discover"
	"github.com/gondola-sync/gondola/internal/engine/register"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// moveAndDescribe moves, and then describes what is at the destination without its
// description.
func (r *Run) moveAndDescribe(ctx context.Context) error {
	if err := r.move(ctx); err != nil {
		return err
	}
	return r.describer.Rest(ctx)
}

// move runs the three stages side by side. A session-wide fault of the first
// two stops both, and lets the third register what was transferred; a fault of the
// third, or the end of ctx, stops all.
func (r *Run) move(ctx context.Context) error {
	all, stopAll := context.WithCancelCause(ctx)
	defer stopAll(nil)
	moving, stopMoving := context.WithCancelCause(all)
	defer stopMoving(nil)

	carrier, registrar := r.parts()
	var listErr, moveErr, createErr error
	var stages sync.WaitGroup
	stages.Go(func() {
		if listErr = r.discover(moving, carrier, registrar); listErr != nil && !canMoveOn(listErr) {
			stopMoving(listErr)
		}
	})
	stages.Go(func() {
		defer registrar.Close()
		if moveErr = r.stages.run(moving, state.Transfer, carrier.Run); moveErr != nil {
			stopMoving(moveErr)
		}
	})
	stages.Go(func() {
		if createErr = r.stages.run(all, state.Create, registrar.Run); createErr != nil {
			stopAll(createErr)
		}
	})
	stages.Wait()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case createErr != nil:
		return context.Cause(all)
	case moving.Err() != nil:
		return context.Cause(moving)
	}
	return r.partly(listErr)
}

// partly counts what the source could not read as failed. It returns any other error
// of the listing.
func (r *Run) partly(listErr error) error {
	unread := unreadOf(listErr)
	if unread == nil {
		return listErr
	}
	r.found.unread = unread.Parts
	r.found.warnings = append(r.found.warnings, listErr.Error()+"; "+fault.HintOf(listErr))
	return nil
}

// unreadOf returns what a listing that showed the rest could not read, or nil for any
// other end of a listing.
func unreadOf(listErr error) *station.UnreadError {
	unread, ok := errors.AsType[*station.UnreadError](listErr)
	if !ok || fault.ClassOf(listErr) != fault.Item {
		return nil
	}
	return unread
}

// canMoveOn reports whether what was listed can be transferred although the
// listing failed.
func canMoveOn(err error) bool {
	switch fault.CodeOf(err) {
	case fault.ListingIncomplete, fault.Server, fault.Unreachable, fault.Protocol:
		return true
	}
	return false
}

// parts returns the second and the third stage, which wake each other.
func (r *Run) parts() (*carry.Carrier, *register.Registrar) {
	var carrier *carry.Carrier
	registrar := register.New(register.Options{
		Destination: r.o.Destination,
		Store:       r.session,
		Report:      r.monitor,
		Listed:      r.listed,
		AfterListed: r.session.Foreign,
		Filing:      r.filing,
		Begin:       func(ctx context.Context) error { return r.stages.begin(ctx, state.Create) },
		Failed:      r.failed(state.Create),
		Again:       func() { carrier.Again() },
		Arrived:     r.describer.Items,
		Answered:    r.keepAnswer(),
	})
	carrier = carry.New(carry.Options{
		Source:      r.o.Source,
		Destination: r.o.Destination,
		Store:       r.session,
		Registrar:   registrar,
		Slots:       r.slots,
		Limits:      r.limits,
		Repeats:     r.repeats,
		Monitor:     r.monitor,
		Listed:      r.listed,
		AfterListed: r.session.Foreign,
		Begin:       func(ctx context.Context) error { return r.stages.begin(ctx, state.Transfer) },
		Failed:      r.failed(state.Transfer),
	})
	return carrier, registrar
}

// keepAnswer returns what collects the answers of create calls for the hook, or
// nil if there is none.
func (r *Run) keepAnswer() func(station.BatchResult) {
	if r.o.StageComplete == nil {
		return nil
	}
	return func(answer station.BatchResult) { r.answered = append(r.answered, answer) }
}

// discover lists the source into the session.
func (r *Run) discover(ctx context.Context, carrier *carry.Carrier, registrar *register.Registrar) error {
	defer close(r.listed)
	return r.stages.run(ctx, state.Discovery, func(ctx context.Context) error {
		if err := r.stages.begin(ctx, state.Discovery); err != nil {
			return err
		}
		return r.whileLearning(ctx, func(ctx context.Context) error { return r.list(ctx, carrier, registrar) })
	})
}

// originGrace is how much longer than its listing a source may take to say which
// origin it is.
const originGrace = 5 * time.Second

// whileLearning calls list while the session learns its origin.
func (r *Run) whileLearning(ctx context.Context, list func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	learning, stop := context.WithCancel(ctx)
	defer stop()
	g.Go(func() error {
		err := r.session.LearnOrigin(learning, r.o.Source)
		if learning.Err() != nil && ctx.Err() == nil {
			return nil // a later run learns it
		}
		return err
	})
	g.Go(func() error {
		err := list(ctx)
		time.AfterFunc(originGrace, stop)
		return err
	})
	return g.Wait()
}

func (r *Run) list(ctx context.Context, carrier *carry.Carrier, registrar *register.Registrar) error {
	_, refiles := r.o.Destination.(station.Filer)
	d := &discover.Discoverer{
		Source:   r.o.Source,
		Window:   r.session.Window,
		Session:  r.session.Header(),
		Foreign:  r.session.Foreign,
		Describe: r.describer.Asks(),
		Store:    r.session,
		Refuse:   r.o.Destination.Refuse,
		Recaller: recaller(r.o.Destination),
		Digester: digester(r.o.Source),
		Filing:   r.filing,
		Refiles:  refiles,
		Repeats:  r.repeats,
		Report:   r.monitor,
		News:     carrier.Wake,
		Failed:   r.failed(state.Discovery),
	}
	if r.filing.AsksSource() || showsAlbum(r.session.Header().Layout) {
		d.Album = registrar.AlbumListed
	}
	found, err := d.Run(ctx)
	r.found = foundOut{unstored: found.Unstored, warnings: found.Warnings}
	if err != nil {
		return err
	}
	r.session.Change(func(s *state.Session) {
		s.From, s.To, s.Window, s.Foreign = r.o.Source.Name(), r.o.Destination.Name(), &r.session.Window, false
		if !found.ProvenAt.IsZero() {
			s.ProvenAt = found.ProvenAt
		}
	})
	return nil
}

// showsAlbum reports whether a layout depends on the albums of items.
func showsAlbum(layout string) bool {
	t, err := media.ParseTemplate(layout, media.Fields())
	return err == nil && t.Has("album")
}
