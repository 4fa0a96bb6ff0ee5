package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// wiretap stands between the command and the services, in the clear, and learns
// every secret that passes.
type wiretap struct {
	t             *testing.T
	gopro, google *httptest.Server // google serves the API and OAuth

	mu      sync.Mutex
	secrets map[string]string // guarded by mu; what each is, by value
	echoes  map[string]int    // guarded by mu; answers yet to be replaced, by path prefix
}

func newWiretap(t *testing.T, goproURL, googleURL string) *wiretap {
	w := &wiretap{t: t, secrets: map[string]string{}, echoes: map[string]int{}}
	w.gopro = w.listen(goproURL)
	w.google = w.listen(googleURL)
	return w
}

func (w *wiretap) listen(to string) *httptest.Server {
	target, err := url.Parse(to)
	if err != nil {
		w.t.Fatal(err)
	}
	var server *httptest.Server
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(resp *http.Response) error {
			// Uploads are to pass here too.
			if at := resp.Header.Get("X-Goog-Upload-Url"); at != "" {
				resp.Header.Set("X-Goog-Upload-Url", strings.Replace(at, to, server.URL, 1))
			}
			return w.overhear(resp)
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.listenTo(r); w.echoed(rw, r) {
			return
		}
		proxy.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(server.Close)
	return server
}

func (w *wiretap) learn(what string, values ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range values {
		if _, known := w.secrets[v]; !known && len(v) >= 8 {
			w.secrets[v] = what
		}
	}
}

// listenTo learns what a request gives away.
func (w *wiretap) listenTo(r *http.Request) {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	w.learn("access token", token)
	w.learn("upload id", r.URL.Query().Get("upload_id"))
	if r.URL.Path != "/token" {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		w.t.Error(err)
	}
	for name, what := range map[string]string{
		"code": "authorization code", "code_verifier": "PKCE verifier", "client_secret": "client secret", "refresh_token": "refresh token",
	} {
		w.learn(what, form.Get(name))
	}
}

// overhear learns what an answer gives away.
func (w *wiretap) overhear(resp *http.Response) error {
	if at, err := url.Parse(resp.Header.Get("X-Goog-Upload-Url")); err == nil {
		w.learn("upload id", at.Query().Get("upload_id"))
	}
	if at, err := resp.Location(); err == nil {
		w.learn("authorization code", at.Query().Get("code"))
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	var document any
	switch err := json.Unmarshal(body, &document); {
	case err == nil:
		w.collect("", document)
	case strings.HasPrefix(resp.Request.URL.Path, "/v1/uploads") && resp.StatusCode == http.StatusOK:
		w.learn("upload token", string(body))
	}
	return nil
}

// collect learns the secrets in a JSON document.
func (w *wiretap) collect(key string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, member := range v {
			w.collect(k, member)
		}
	case []any:
		for _, element := range v {
			w.collect(key, element)
		}
	case string:
		switch key {
		case "access_token":
			w.learn("access token", v)
		case "refresh_token":
			w.learn("refresh token", v)
		case "uploadToken":
			w.learn("upload token", v)
		case "baseUrl":
			w.learn("base URL", v)
		}
		if u, err := url.Parse(v); err == nil && u.Query().Has("Signature") {
			w.learn("signature", u.RawQuery, u.Query().Get("Signature"), u.Query().Get("Key-Pair-Id"))
		}
	}
}

// echo has the next n requests to paths that begin so answered by a service
// that repeats all it was told.
func (w *wiretap) echo(prefix string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.echoes[prefix] = n
}

// echoed answers a request with a refusal that is full of secrets, if it is to be.
func (w *wiretap) echoed(rw http.ResponseWriter, r *http.Request) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for prefix, left := range w.echoes {
		if left == 0 || !strings.HasPrefix(r.URL.Path, prefix) {
			continue
		}
		w.echoes[prefix]--
		body, _ := io.ReadAll(r.Body)
		if len(body) > 4<<10 {
			body = nil
		}
		_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		said := "cannot serve " + r.URL.String() + " for " + token + ": " + string(body)
		answer, err := json.Marshal(map[string]any{
			"error": map[string]any{"code": 400, "message": said, "status": "INVALID_ARGUMENT"}, "error_description": said,
		})
		if err != nil {
			w.t.Error(err)
		}
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusBadRequest)
		rw.Write(answer)
		return true
	}
	return false
}

// kinds are the kinds of secrets that passed.
func (w *wiretap) kinds() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Compact(slices.Sorted(maps.Values(w.secrets)))
}

// search returns what finds the kinds of secrets that a text holds, in any usual
// writing, of all that have passed until now.
func (w *wiretap) search() func(text string) (kinds []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	const head = 8 // bytes that every secret has, by which it is looked up
	type secret struct{ text, kind string }
	byHead := map[string][]secret{}
	for text, kind := range w.secrets {
		quoted, _ := json.Marshal(text)
		var asIs bytes.Buffer
		enc := json.NewEncoder(&asIs)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(text)
		for _, written := range []string{
			text, url.QueryEscape(text), url.PathEscape(text), string(quoted[1 : len(quoted)-1]),
			asIs.String()[1 : asIs.Len()-2], base64.StdEncoding.EncodeToString([]byte(text)), base64.RawURLEncoding.EncodeToString([]byte(text)),
		} {
			if len(written) < head {
				w.t.Fatalf("a secret of kind %s is too short to be searched for", kind)
			}
			byHead[written[:head]] = append(byHead[written[:head]], secret{written, kind})
		}
	}
	return func(text string) (kinds []string) {
		for i := range max(len(text)-head+1, 0) {
			for _, s := range byHead[text[i:i+head]] {
				if strings.HasPrefix(text[i:], s.text) {
					kinds = append(kinds, s.kind)
				}
			}
		}
		slices.Sort(kinds)
		return slices.Compact(kinds)
	}
}
