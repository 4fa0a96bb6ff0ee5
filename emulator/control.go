package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/route"
)

// controlRoutes let a test that runs a real program drive the emulator.
func (e *Emulator) controlRoutes() []route.Route {
	control := func(pattern string, handler func(r *http.Request) (any, error)) route.Route {
		return route.Route{Name: "control", Role: route.Control, Pattern: pattern, Handler: controlHandler(handler)}
	}
	return []route.Route{
		control("POST /faults", e.addFaults),
		control("DELETE /faults", func(*http.Request) (any, error) { e.Faults.Clear(); return nil, nil }),
		control("POST /clock", e.advanceClock),
		control("GET /clock", func(*http.Request) (any, error) { return map[string]any{"now": e.Clock.Now()}, nil }),
		control("GET /log", func(r *http.Request) (any, error) { return linesOf(e.Log.Entries(r.FormValue("route"))), nil }),
		control("DELETE /log", func(*http.Request) (any, error) { e.Log.Clear(); return nil, nil }),
		control("GET /accounts", func(*http.Request) (any, error) { return linesOf(e.accountLines()), nil }),
		control("GET /gopro/items", e.ofAccount(func(g *GoPro, _ *http.Request) (any, error) { return linesOf(g.Expected()), nil })),
		control("GET /gopro/token", e.ofAccount(func(g *GoPro, _ *http.Request) (any, error) {
			return map[string]string{"token": g.Token()}, nil
		})),
		control("POST /gopro/token", e.ofAccount(changeGoProToken)),
		control("GET /google/items", func(*http.Request) (any, error) { return linesOf(e.Google.Items()), nil }),
		control("DELETE /google/items/{id}", e.dropItem),
		control("POST /google/token", e.changeGoogleToken),
	}
}

// jsonLines is an answer of one JSON document a line.
type jsonLines []any

func linesOf[T any](list []T) jsonLines {
	lines := make(jsonLines, len(list))
	for i, v := range list {
		lines[i] = v
	}
	return lines
}

// controlError is an error with its HTTP status; others are 400.
type controlError struct {
	status int
	text   string
}

func (e *controlError) Error() string { return e.text }

// controlHandler answers what a function returns: nil is 204, an error is
// {"error": …}.
func controlHandler(f func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := f(r)
		if err != nil {
			status := http.StatusBadRequest
			if c, ok := errors.AsType[*controlError](err); ok {
				status = c.status
			}
			route.JSON(w, status, map[string]string{"error": err.Error()})
			return
		}
		switch v := answer.(type) {
		case nil:
			w.WriteHeader(http.StatusNoContent)
		case jsonLines:
			w.Header().Set("Content-Type", "application/jsonl")
			out := json.NewEncoder(w)
			for _, line := range v {
				_ = out.Encode(line) // the client may be gone
			}
		default:
			route.JSON(w, http.StatusOK, v)
		}
	}
}

// decodeControl reads the JSON body of a control request.
func decodeControl(r *http.Request, into any) error {
	data, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	return decodeStrictly(data, into)
}

// decodeStrictly decodes one JSON value and refuses unknown members.
func decodeStrictly(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("data after the JSON value")
	}
	return nil
}

// addFaults takes one fault or a list.
func (e *Emulator) addFaults(r *http.Request) (any, error) {
	var body json.RawMessage
	if err := decodeControl(r, &body); err != nil {
		return nil, err
	}
	faults := make([]Fault, 1)
	var err error
	if strings.HasPrefix(string(body), "[") {
		err = decodeStrictly(body, &faults)
	} else {
		err = decodeStrictly(body, &faults[0])
	}
	if err != nil {
		return nil, fmt.Errorf("fault: %w", err)
	}
	for _, f := range faults {
		if f.Route != "" && !slices.ContainsFunc(e.Routes(), func(name string) bool { ok, _ := path.Match(f.Route, name); return ok }) {
			return nil, fmt.Errorf("fault: no route is named %q", f.Route)
		}
	}
	e.Faults.Add(faults...)
	return nil, nil
}

func (e *Emulator) advanceClock(r *http.Request) (any, error) {
	var q struct{ Advance string }
	if err := decodeControl(r, &q); err != nil {
		return nil, err
	}
	d, err := time.ParseDuration(q.Advance)
	if err != nil || d < 0 {
		return nil, fmt.Errorf("advance %q: not a duration forward", q.Advance)
	}
	e.Clock.Advance(d)
	return map[string]any{"now": e.Clock.Now()}, nil
}

// accountLine is an account in the control API.
type accountLine struct {
	Name      string `json:"name"` // "" for the default account
	GoProUser string `json:"gopro_user"`
	User      string `json:"google_user"`
}

func (e *Emulator) accountLines() (lines []accountLine) {
	for _, a := range e.accounts {
		lines = append(lines, accountLine{a.Name, a.GoPro.User(), a.User})
	}
	return lines
}

// ofAccount serves a request for the account that its query names, the default
// one without a name.
func (e *Emulator) ofAccount(serve func(*GoPro, *http.Request) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		name := r.URL.Query().Get("account")
		a := e.Account(name)
		if a == nil {
			return nil, &controlError{http.StatusNotFound, "no account " + name}
		}
		return serve(a.GoPro, r)
	}
}

// changeGoProToken expires the token and answers the one of a new sign-in.
func changeGoProToken(g *GoPro, r *http.Request) (any, error) {
	var q struct{ Expire bool }
	if err := decodeControl(r, &q); err != nil {
		return nil, err
	}
	if !q.Expire {
		return nil, errors.New(`nothing to do: say {"expire": true}`)
	}
	g.ExpireToken()
	return map[string]string{"token": g.Token()}, nil
}

func (e *Emulator) changeGoogleToken(r *http.Request) (any, error) {
	var q struct{ Expire, Revoke bool }
	if err := decodeControl(r, &q); err != nil {
		return nil, err
	}
	switch {
	case q.Revoke:
		e.Google.Revoke()
	case q.Expire:
		e.Google.ExpireAccessTokens()
	default:
		return nil, errors.New(`nothing to do: say {"expire": true} or {"revoke": true}`)
	}
	return nil, nil
}

func (e *Emulator) dropItem(r *http.Request) (any, error) {
	if id := r.PathValue("id"); !e.Google.Drop(id) {
		return nil, &controlError{http.StatusNotFound, "no item " + id}
	}
	return nil, nil
}
