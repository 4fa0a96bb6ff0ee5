package q2google

import (
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/state"
)

// results are what the batches of a session that q2google wrote say of its items.
type results struct {
	at      time.Time
	byToken map[string]verdict
	byName  map[string]verdict
	unknown map[string]bool // items of calls that no answer is known of
}

// verdict is what an answer says of one item: an id, or a failure.
type verdict struct {
	id      string
	code    int
	message string
}

// newResults returns no results yet of a session that was last saved at the given
// time: upload tokens in it count as old as that, since q2google does not
// record when it got them.
func newResults(saved time.Time) *results {
	return &results{at: saved, byToken: map[string]verdict{}, byName: map[string]verdict{}, unknown: map[string]bool{}}
}

// add takes a batch into account.
func (e *results) add(b *state.Batch) {
	if b.Status == state.Running {
		for _, name := range b.FileNames {
			e.unknown[name] = true
		}
	}
	results := resultsOf(b.Responses)
	for i, r := range results {
		v := verdict{id: r.Media.ID, code: int(r.Status.Code), message: r.Status.Message}
		if v.code != 0 {
			v.id = ""
		}
		note(e.byToken, r.Token, v)
		if len(results) == len(b.FileNames) {
			note(e.byName, b.FileNames[i], v)
		}
	}
}

// note remembers a verdict; that something is there outlives later failures.
func note(m map[string]verdict, key string, v verdict) {
	if key != "" && m[key].id == "" {
		m[key] = v
	}
}

type result struct {
	Token  string `json:"uploadToken"`
	Status struct {
		Code    rpcCode `json:"code"`
		Message string  `json:"message"`
	} `json:"status"`
	Media struct {
		ID string `json:"id"`
	} `json:"mediaItem"`
}

// rpcCode is a google.rpc.Code; null is 0.
type rpcCode int

func resultsOf(responses []string) []result {
	var all []result
	for _, text := range responses {
		var answer struct {
			Results []result `json:"newMediaItemResults"`
		}
		if jsonlimit.Unmarshal([]byte(text), &answer, 50_000) == nil {
			all = append(all, answer.Results...)
		}
	}
	return all
}

// Codes of google.rpc that a create call answers with.
const (
	rpcInvalid       = 3 // never
	rpcAlreadyExists = 6 // the same bytes twice in one call; alone, the id comes
)

// reconcile corrects an item that q2google wrote:
//
//   - registered, if an answer names its id, and then with that id;
//   - failed, if an answer says so;
//   - otherwise, if it is said to be completed or its call was never answered,
//     to be registered again with the token it has, which the library takes
//     for the same item;
//   - completed without a token stays so: q2google never forgets a token,
//     Gondola does once it is spent.
func (e *results) reconcile(it *state.Item) {
	token := ""
	if it.Receipt != nil {
		token = it.Receipt.Token
		if it.Receipt.At.IsZero() {
			it.Receipt.At = e.at
		}
	}
	v, certain := e.byToken[token]
	if !certain {
		v = e.byName[it.Name]
	}
	switch {
	case v.id != "" && (certain || it.Create == state.Completed):
		it.Transfer, it.Create, it.DestinationID, it.Receipt = state.Completed, state.Completed, v.id, nil
		delete(it.Errors, state.Create)
	case it.Create == state.Completed && token == "":
	case it.Create == state.Completed && v.code != 0 && v.code != rpcAlreadyExists:
		it.Create = state.Failed
		if it.Errors == nil {
			it.Errors = map[state.Stage]state.ErrorRecord{}
		}
		it.Errors[state.Create] = e.failure(v)
	case it.Create == state.Completed || e.unknown[it.Name] && it.Create == state.Failed:
		it.Create = state.Pending
		delete(it.Errors, state.Create)
	}
}

func (e *results) failure(v verdict) state.ErrorRecord {
	r := state.ErrorRecord{Type: fault.Server, Class: fault.Transient, Message: v.message, Attempt: 1, At: e.at}
	if v.code == rpcInvalid {
		r.Type, r.Class = fault.Rejected, fault.Item
	}
	return r
}
