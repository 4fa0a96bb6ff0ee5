package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
)

// document is a JSON object whose members are kept even if this package does not know
// them.
type document map[string]json.RawMessage

// memberOrder is the order in which google-auth writes its members.
var memberOrder = []string{
	"token", "refresh_token", "token_uri", "client_id", "client_secret",
	"scopes", "universe_domain", "account", "expiry",
}

// importedMembers belong to other programs' token files. They say what the
// members above say, and would go stale beside them.
var importedMembers = []string{"access_token", "token_type", "expires_in", "expires_at", "scope"}

func parseDocument(data []byte) (document, error) {
	var doc document
	if err := jsonlimit.Unmarshal(data, &doc, maxValues); err != nil {
		return nil, jsonError(err)
	}
	if doc == nil {
		return nil, errors.New("not a JSON object")
	}
	return doc, nil
}

// encode writes the object on one line, as Python's json.dumps does.
func (doc document) encode() []byte {
	var names []string
	for _, name := range memberOrder {
		if _, ok := doc[name]; ok {
			names = append(names, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		if !slices.Contains(memberOrder, name) {
			names = append(names, name)
		}
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.Write(encodeJSON(name))
		b.WriteString(": ")
		b.Write(bytes.TrimSpace(doc[name]))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// encodeJSON encodes strings, string lists and numbers, which cannot fail.
func encodeJSON(v any) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

// str returns a member that is a string, or "".
func (doc document) str(name string) string {
	var s string
	if json.Unmarshal(doc[name], &s) != nil {
		return ""
	}
	return s
}

// set stores a string, or removes the member if it is empty.
func (doc document) set(name, value string) {
	if value == "" {
		delete(doc, name)
		return
	}
	doc[name] = encodeJSON(value)
}

// list returns a member that is a list of strings or one string with spaces.
func (doc document) list(name string) []string {
	var list []string
	if json.Unmarshal(doc[name], &list) == nil {
		return list
	}
	return strings.Fields(doc.str(name))
}

// object returns a member that is an object; an empty one if it is not.
func (doc document) object(name string) document {
	var o document
	if json.Unmarshal(doc[name], &o) != nil || o == nil {
		return document{}
	}
	return o
}

// time returns a member that is a time in UTC, zero if there is none that can
// be read. A time without offset is UTC.
func (doc document) time(name string) time.Time {
	s := strings.Replace(doc.str(name), " ", "T", 1)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		t, err := time.Parse(layout, s)
		if t = t.UTC(); err == nil && t.Year() >= 1 && t.Year() <= 9999 {
			return t
		}
	}
	return time.Time{}
}

// epoch returns a member that is a number of seconds since 1970 as a time.
func (doc document) epoch(name string) time.Time {
	var seconds float64
	if json.Unmarshal(doc[name], &seconds) != nil || seconds <= 0 || seconds > 1e11 {
		return time.Time{}
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC()
}

// setTime stores a time as google-auth does, or removes it if it is zero.
func (doc document) setTime(name string, t time.Time) {
	if t.IsZero() {
		delete(doc, name)
		return
	}
	doc.set(name, t.UTC().Format("2006-01-02T15:04:05.999999Z"))
}

// credentials reads what the object says about tokens, in any known shape.
func (doc document) credentials() (*Credentials, error) {
	switch {
	case doc["installed"] != nil || doc["web"] != nil:
		return nil, errors.New("this is an OAuth client (client_secret.json), not a token file")
	case doc.str("type") == "service_account":
		return nil, errors.New("this is a service account, which Google Photos does not accept")
	}
	c := &Credentials{
		AccessToken:  doc.str("token"),
		RefreshToken: doc.str("refresh_token"),
		Expiry:       doc.time("expiry"),
		Scopes:       doc.list("scopes"),
		ClientID:     doc.str("client_id"),
		ClientSecret: doc.str("client_secret"),
		TokenURI:     doc.str("token_uri"),
	}
	if c.AccessToken == "" {
		c.AccessToken = doc.str("access_token")
	}
	if c.Expiry.IsZero() {
		c.Expiry = doc.epoch("expires_at")
	}
	if len(c.Scopes) == 0 {
		c.Scopes = doc.list("scope")
	}
	doc.readOwn(c)
	if c.AccessToken == "" && c.RefreshToken == "" && c.Account == "" {
		return nil, errors.New("no token in it")
	}
	return c, nil
}

const ownMember = "gondola"

func (doc document) readOwn(c *Credentials) {
	own := doc.object(ownMember)
	c.Account = own.str("account")
	c.Probe = own.str("probe")
	c.ConsentedAt = own.time("consented_at")
	c.RefreshExpiry = own.time("refresh_token_expires_at")
	if !validAccount(c.Account) {
		c.Account, c.derived = derivedAccount(c.RefreshToken), true
	}
}

func validAccount(id string) bool {
	return len(id) == 2*accountBytes && strings.Trim(id, "0123456789abcdef") == ""
}

// put stores credentials into the object.
func (doc document) put(c *Credentials) {
	doc.set("token", c.AccessToken)
	doc.set("refresh_token", c.RefreshToken)
	doc.setTime("expiry", c.Expiry)
	doc.set("client_id", c.ClientID)
	doc.set("token_uri", c.TokenURI)
	if c.ClientID != "" { // google-auth insists on both
		doc["client_secret"] = encodeJSON(c.ClientSecret)
	}
	if len(c.Scopes) > 0 {
		doc["scopes"] = encodeJSON(c.Scopes)
	} else {
		delete(doc, "scopes")
	}
	for _, name := range importedMembers {
		delete(doc, name)
	}
	own := doc.object(ownMember)
	own.set("account", c.Account)
	own.set("probe", c.Probe)
	own.setTime("consented_at", c.ConsentedAt)
	own.setTime("refresh_token_expires_at", c.RefreshExpiry)
	doc[ownMember] = own.encode()
}
