package upload_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
)

func TestStartHeadersOnTheWire(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	server, err := p.E.Listen("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(server.PhotosURL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, h := range []string{"resumable\r\nX-Goog-Upload-Command: start\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", "raw\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"} {
		if _, err := io.WriteString(conn, "POST /v1/uploads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+p.Token+"\r\nX-Goog-Upload-Protocol: "+h); err != nil {
			t.Fatal(err)
		}
	}
	all, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(string(all), "HTTP/1.1 200 OK\r\n")
	if len(answers) != 3 {
		t.Fatalf("answers: %q", all)
	}
	for i, want := range [][]string{
		{"\r\nX-Goog-Upload-URL: " + server.PhotosURL + "/v1/uploads?upload_id=", "\r\nX-Goog-Upload-Chunk-Granularity: 262144\r\n", "X-Goog-Upload-Status: active\r\n", "X-GUploader-UploadID: ", "Date: Sun, 01 Feb 2026 12:0"},
		{"X-Goog-Upload-Status: final\r\n", "X-GUploader-UploadID: ", "Date: Sun, 01 Feb 2026 12:0"},
	} {
		for _, text := range want {
			if strings.Count("\r\n"+answers[i+1], text) != 1 {
				t.Errorf("answer %d has not once %q:\n%s", i, text, answers[i+1])
			}
		}
	}
}

func TestUploadInChunks(t *testing.T) {
	data := emutest.BytesOf(1, 2*emutest.Granule+1000)
	ways := map[string]func(p *emutest.Photos, url string) emutest.Reply{
		"one request": func(p *emutest.Photos, url string) emutest.Reply { return p.Send(url, "upload, finalize", 0, data) },
		"no blank, no offset": func(p *emutest.Photos, url string) emutest.Reply {
			return p.Must("POST", url, emutest.Headers{"X-Goog-Upload-Command": "Upload,Finalize"}, string(data))
		},
		"chunks": func(p *emutest.Photos, url string) emutest.Reply {
			p.Send(url, "upload", 0, data[:emutest.Granule])
			p.Send(url, "upload", emutest.Granule, data[emutest.Granule:2*emutest.Granule])
			return p.Send(url, "upload, finalize", 2*emutest.Granule, data[2*emutest.Granule:])
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			p := emutest.NewPhotos(t, emulator.GoogleOptions{})
			r := way(p, p.Begin(len(data)))
			if r.Status != 200 || r.Header.Get("X-Goog-Upload-Status") != "final" || len(r.Body) <= 100 {
				t.Fatalf("%d %v %q", r.Status, r.Header, r.Body)
			}
			if sum, size := p.Arrived(r.Body); sum != sha256.Sum256(data) || size != int64(len(data)) {
				t.Error("other bytes arrived")
			}
		})
	}
}

func TestEmptyLastChunk(t *testing.T) {
	data := emutest.BytesOf(1, emutest.Granule)
	for _, command := range []string{"upload, finalize", "finalize"} {
		p := emutest.NewPhotos(t, emulator.GoogleOptions{})
		url := p.Begin(len(data))
		if r := p.Send(url, "upload", 0, data); r.Status != 200 || r.Body != "" || r.Header.Get("X-Goog-Upload-Status") != "active" {
			t.Fatalf("chunk: %d %q", r.Status, r.Body)
		}
		if r := p.Send(url, command, emutest.Granule, nil); r.Status != 200 || r.Body == "" {
			t.Errorf("%s: %d %s", command, r.Status, r.Body)
		}
	}
}

// TestUploadStrictness is the table of protocol violations. Every row starts with
// one granule confirmed of three announced, and must leave it at that.
func TestUploadStrictness(t *testing.T) {
	const size = 3 * emutest.Granule
	granule := string(emutest.BytesOf(2, emutest.Granule))
	cases := map[string]struct {
		h      emutest.Headers
		body   string
		status int
		answer string
	}{
		"replayed offset":  {emutest.Headers{"X-Goog-Upload-Command": "upload", "X-Goog-Upload-Offset": "0"}, granule, 400, "Invalid upload offset."},
		"absent offset":    {emutest.Headers{"X-Goog-Upload-Command": "upload"}, granule, 400, "Invalid upload offset."},
		"skipped offset":   {emutest.Headers{"X-Goog-Upload-Command": "upload", "X-Goog-Upload-Offset": "524288"}, granule, 400, "Invalid upload offset."},
		"no number":        {emutest.Headers{"X-Goog-Upload-Command": "upload", "X-Goog-Upload-Offset": "here"}, granule, 400, "Invalid X-Goog-Upload-Offset."},
		"negative offset":  {emutest.Headers{"X-Goog-Upload-Command": "upload", "X-Goog-Upload-Offset": "-1"}, granule, 400, "Invalid X-Goog-Upload-Offset."},
		"odd chunk":        {emutest.Headers{"X-Goog-Upload-Command": "upload", "X-Goog-Upload-Offset": "262144"}, granule[:1000], 400, "Chunk size is not a multiple of the granularity."},
		"short finalize":   {emutest.Headers{"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "262144"}, granule, 400, "Received bytes do not match the declared size."},
		"empty finalize":   {emutest.Headers{"X-Goog-Upload-Command": "finalize", "X-Goog-Upload-Offset": "262144"}, "", 400, "Received bytes do not match the declared size."},
		"beyond the size":  {emutest.Headers{"X-Goog-Upload-Command": "upload", "X-Goog-Upload-Offset": "262144"}, granule + granule + granule, 400, "More bytes than the declared size."},
		"unknown command":  {emutest.Headers{"X-Goog-Upload-Command": "append"}, "", 400, "Invalid X-Goog-Upload-Command."},
		"no command":       {emutest.Headers{}, "", 400, "Invalid X-Goog-Upload-Command."},
		"start again":      {emutest.Headers{"X-Goog-Upload-Command": "start", "X-Goog-Upload-Protocol": "resumable"}, "", 400, "Invalid X-Goog-Upload-Command."},
		"finalize, upload": {emutest.Headers{"X-Goog-Upload-Command": "finalize, upload"}, "", 400, "Invalid X-Goog-Upload-Command."},
		"malformed hash":   {emutest.Headers{"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "262144", "X-Goog-Hash": "sha1=zz"}, granule + granule, 400, "Invalid X-Goog-Hash."},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := emutest.NewPhotos(t, emulator.GoogleOptions{})
			url := p.Begin(size)
			if r := p.Send(url, "upload", 0, []byte(granule)); r.Status != 200 {
				t.Fatal(r.Body)
			}
			r := p.Must("POST", url, c.h, c.body)
			if want := "{\n  \"code\": 3,\n  \"message\": \"" + c.answer + "\"\n}\n"; r.Status != c.status || r.Body != want {
				t.Errorf("got %d %s, want %d %s", r.Status, r.Body, c.status, want)
			}
			if _, has := r.Header["X-Goog-Upload-Status"]; has {
				t.Error("the refusal has an X-Goog-Upload-Status")
			}
			if n := p.Received(url); n != emutest.Granule {
				t.Errorf("%d bytes received after the refusal, want %d", n, emutest.Granule)
			}
			if r := p.Send(url, "upload, finalize", emutest.Granule, emutest.BytesOf(3, 2*emutest.Granule)); r.Status != 200 {
				t.Errorf("the session can not go on: %d %s", r.Status, r.Body)
			}
		})
	}
}

func TestStartStrictness(t *testing.T) {
	start := func(more emutest.Headers) emutest.Headers {
		h := emutest.Headers{"X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "start"}
		for k, v := range more {
			h[k] = v
		}
		return h
	}
	cases := map[string]struct {
		method string
		h      emutest.Headers
		body   string
		status int
		answer string
	}{
		"ok":                {"POST", start(nil), "", 200, ""},
		"ok, size zero":     {"POST", start(emutest.Headers{"X-Goog-Upload-Raw-Size": "0"}), "", 200, ""},
		"PUT":               {"PUT", start(nil), "", 405, "Uploads are made with POST."},
		"no protocol":       {"POST", start(emutest.Headers{"X-Goog-Upload-Protocol": ""}), "", 400, "Invalid X-Goog-Upload-Protocol."},
		"multipart":         {"POST", start(emutest.Headers{"X-Goog-Upload-Protocol": "multipart"}), "", 400, "Invalid X-Goog-Upload-Protocol."},
		"no command":        {"POST", start(emutest.Headers{"X-Goog-Upload-Command": ""}), "", 400, "Invalid X-Goog-Upload-Command."},
		"query":             {"POST", start(emutest.Headers{"X-Goog-Upload-Command": "query"}), "", 400, "Invalid X-Goog-Upload-Command."},
		"with a body":       {"POST", start(nil), "x", 400, "The request that starts an upload must have no body."},
		"size not a number": {"POST", start(emutest.Headers{"X-Goog-Upload-Raw-Size": "many"}), "", 400, "Invalid X-Goog-Upload-Raw-Size."},
		"raw, empty":        {"POST", emutest.Headers{"X-Goog-Upload-Protocol": "raw"}, "", 400, "Payload must not be empty"},
		"raw, wrong hash":   {"POST", emutest.Headers{"X-Goog-Upload-Protocol": "raw", "X-Goog-Hash": "sha1=" + base64.StdEncoding.EncodeToString(make([]byte, 20))}, "abc", 400, "User-provided checksum does not match received payload content."},
	}
	for name, c := range cases {
		for _, path := range []string{"/v1/uploads", "/v1/uploads/"} {
			p := emutest.NewPhotos(t, emulator.GoogleOptions{})
			r := p.Must(c.method, path, c.h, c.body)
			if r.Status != c.status || !strings.Contains(r.Body, c.answer) || strings.Contains(r.Body, `"error"`) {
				t.Errorf("%s: %d %s", name, r.Status, r.Body)
			}
		}
	}
}

func TestChecksum(t *testing.T) {
	data := emutest.BytesOf(4, 1000)
	sum := sha1.Sum(data)
	right := "sha1=" + base64.StdEncoding.EncodeToString(sum[:])
	wrong := "sha1=" + base64.StdEncoding.EncodeToString(make([]byte, 20))
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	if r := p.Must("POST", "/v1/uploads", emutest.Headers{"X-Goog-Upload-Protocol": "raw", "X-Goog-Hash": right}, string(data)); r.Status != 200 {
		t.Errorf("right checksum: %d %s", r.Status, r.Body)
	}
	final := emutest.Headers{"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Hash": right}
	if r := p.Must("POST", p.Begin(len(data)), final, string(data)); r.Status != 200 {
		t.Errorf("right checksum, resumable: %d %s", r.Status, r.Body)
	}
	final["X-Goog-Hash"] = wrong
	url := p.Begin(len(data))
	r := p.Must("POST", url, final, string(data))
	if r.Status != 400 || r.Header.Get("X-Goog-Upload-Status") != "final" || !strings.Contains(r.Body, "User-provided checksum does not match") {
		t.Errorf("wrong checksum: %d %v %s", r.Status, r.Header, r.Body)
	}
	if r := p.Must("POST", url, emutest.Headers{"X-Goog-Upload-Command": "query"}, ""); r.Status != 400 {
		t.Errorf("the rejected upload answers %d", r.Status)
	}
}

func TestUnusableUploadURLs(t *testing.T) {
	data := emutest.BytesOf(5, 100)
	spoil := map[string]func(p *emutest.Photos, url string) string{
		"corrupted": func(_ *emutest.Photos, url string) string {
			return strings.Replace(url, "upload_id=", "upload_id=x", 1)
		},
		"aged": func(p *emutest.Photos, url string) string {
			p.E.Clock.Advance(7 * 24 * time.Hour)
			p.Token = p.E.Google.Token("")
			return url
		},
		"cancelled": func(p *emutest.Photos, url string) string {
			if r := p.Send(url, "cancel", 0, nil); r.Status != 200 || r.Header.Get("X-Goog-Upload-Status") != "cancelled" {
				p.Errorf("cancel: %d %v", r.Status, r.Header)
			}
			return url
		},
		"another user's": func(p *emutest.Photos, url string) string {
			p.Token = p.E.Google.Token("somebody@example.com")
			return url
		},
		"lost": func(p *emutest.Photos, url string) string {
			p.E.Faults.Add(emulator.Fault{Route: "upload.*", Kind: emulator.FaultLoseSession})
			return url
		},
	}
	for _, status := range []int{0, 404, 410} {
		for name, spoil := range spoil {
			p := emutest.NewPhotos(t, emulator.GoogleOptions{BadURLStatus: status})
			url := spoil(p, p.Begin(len(data)))
			for _, command := range []string{"query", "upload, finalize", "cancel"} {
				r := p.Send(url, command, 0, nil)
				if want := max(status, 400); r.Status != want || r.Header.Get("X-Goog-Upload-Status") != "" {
					t.Errorf("%s, %s: %d %s, want %d", name, command, r.Status, r.Body, want)
				}
			}
		}
	}
}

func TestFinalizedSession(t *testing.T) {
	data := emutest.BytesOf(6, 100)
	for _, repeat := range []bool{false, true} {
		p := emutest.NewPhotos(t, emulator.GoogleOptions{TokenOnQuery: repeat})
		url := p.Begin(len(data))
		token := p.Send(url, "upload, finalize", 0, data).Body
		r := p.Send(url, "query", 0, nil)
		want := ""
		if repeat {
			want = token
		}
		if r.Status != 200 || r.Header.Get("X-Goog-Upload-Status") != "final" || r.Body != want || r.Header.Get("X-Goog-Upload-Size-Received") != "" {
			t.Errorf("query: %d %v %q", r.Status, r.Header, r.Body)
		}
		if r := p.Send(url, "upload, finalize", 0, data); r.Status != 400 {
			t.Errorf("finalize again: %d", r.Status)
		}
	}
}

func TestLostToken(t *testing.T) {
	data := emutest.BytesOf(6, 100)
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	url := p.Begin(len(data))
	p.E.Faults.Add(emulator.Fault{Route: "upload.finalize", Kind: emulator.FaultLoseToken})
	if _, err := p.Do("POST", url, emutest.Headers{"X-Goog-Upload-Command": "upload, finalize"}, bytes.NewReader(data)); err == nil {
		t.Fatal("the answer arrived")
	}
	if r := p.Send(url, "query", 0, nil); r.Header.Get("X-Goog-Upload-Status") != "final" || r.Body != "" {
		t.Errorf("query: %v %q", r.Header, r.Body)
	}
}

func TestTooLarge(t *testing.T) {
	const answer = "{\n  \"code\": 3,\n  \"message\": \"The request exceeded the max file size limit of 20 GB.\"\n}\n"
	data := emutest.BytesOf(7, 2*emutest.Granule)
	o := emulator.GoogleOptions{MaxUpload: emutest.Granule}
	p := emutest.NewPhotos(t, o)
	url := p.Begin(len(data))
	for _, r := range []emutest.Reply{
		p.Send(url, "upload, finalize", 0, data),
		p.Send(url, "query", 0, nil),
		p.Must("POST", "/v1/uploads", emutest.Headers{"X-Goog-Upload-Protocol": "raw"}, string(data)),
	} {
		if r.Status != 413 || r.Body != answer {
			t.Errorf("got %d %s", r.Status, r.Body)
		}
	}
	r, err := p.Do("POST", "/v1/uploads", emutest.Headers{"X-Goog-Upload-Protocol": "raw"}, io.MultiReader(bytes.NewReader(data)))
	if err != nil || r.Status != 413 {
		t.Errorf("without a length: %d %v", r.Status, err)
	}
	o.RefuseAtStart = true
	p = emutest.NewPhotos(t, o)
	if r := p.Must("POST", "/v1/uploads", emutest.Headers{"X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "start", "X-Goog-Upload-Raw-Size": strconv.Itoa(len(data))}, ""); r.Status != 413 {
		t.Errorf("start: %d", r.Status)
	}
}

// brokenBody sends some bytes and then fails, as a client that is killed does.
type brokenBody struct {
	io.Reader
	fail error
}

func (b brokenBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = b.fail
	}
	return n, err
}

func TestCutKeepsAPrefix(t *testing.T) {
	data := emutest.BytesOf(8, 5*emutest.Granule)
	for _, c := range []struct {
		exact      bool
		sent, kept int
	}{
		{false, 2*emutest.Granule + 1234, 2 * emutest.Granule},
		{true, 2*emutest.Granule + 1234, 2*emutest.Granule + 1234},
		{false, 1234, 0},
		{false, 3 * emutest.Granule, 3 * emutest.Granule},
	} {
		p := emutest.NewPhotos(t, emulator.GoogleOptions{ExactPrefix: c.exact})
		url := p.Begin(len(data))
		body := brokenBody{bytes.NewReader(data[:c.sent]), errors.New("killed")}
		req, err := http.NewRequest("POST", url, body)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = int64(len(data))
		req.Header = http.Header{"Authorization": {"Bearer " + p.Token}, "X-Goog-Upload-Command": {"upload, finalize"}}
		if _, err := p.HTTP.Do(req); err == nil {
			t.Fatal("the broken request was answered")
		}
		// a request that the emulator still reads would take the upload over again
		emutest.WaitFor(t, func() bool { return p.E.Log.Count("upload.finalize") == 1 })
		kept := p.Received(url)
		if kept != c.kept {
			t.Errorf("sent %d: kept %d, want %d", c.sent, kept, c.kept)
		}
		r := p.Send(url, "upload, finalize", kept, data[kept:])
		if sum, _ := p.Arrived(r.Body); r.Status != 200 || sum != sha256.Sum256(data) {
			t.Errorf("sent %d: resumed to other bytes: %d %s", c.sent, r.Status, r.Body)
		}
	}
}

func TestCutRequestFault(t *testing.T) {
	data := emutest.BytesOf(9, 3*emutest.Granule)
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	url := p.Begin(len(data))
	p.E.Faults.Add(emulator.Fault{Route: "upload.finalize", Kind: emulator.FaultCutRequest, After: emutest.Granule + 5})
	if _, err := p.Do("POST", url, emutest.Headers{"X-Goog-Upload-Command": "upload, finalize"}, bytes.NewReader(data)); err == nil {
		t.Fatal("the cut request was answered")
	}
	if n := p.Received(url); n != emutest.Granule {
		t.Fatalf("kept %d", n)
	}
	r := p.Send(url, "upload, finalize", emutest.Granule, data[emutest.Granule:])
	if sum, _ := p.Arrived(r.Body); sum != sha256.Sum256(data) {
		t.Error("other bytes arrived")
	}
}

// TestQueryFencesTheWriter checks that an offset, once answered, stays: what a
// request before it still sends is not taken.
func TestQueryFencesTheWriter(t *testing.T) {
	data := emutest.BytesOf(10, 4*emutest.Granule)
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	url := p.Begin(len(data))
	read, write := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := p.Do("POST", url, emutest.Headers{"X-Goog-Upload-Command": "upload, finalize"}, read)
		done <- err
	}()
	if _, err := write.Write(data[:emutest.Granule+100]); err != nil {
		t.Fatal(err)
	}
	emutest.WaitFor(t, func() bool { return p.E.Google.Uploads()[0].Received >= emutest.Granule })
	kept := p.Received(url)
	go func() { _, _ = write.Write(data[emutest.Granule+100:]); _ = write.Close() }()
	if err := <-done; err == nil {
		t.Error("the overtaken request was answered")
	}
	_ = read.Close()
	if n := p.Received(url); n != kept {
		t.Errorf("offset moved from %d to %d", kept, n)
	}
}

func TestTokenIsForOneDayAndOneUpload(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	a, b := p.Raw(emutest.JPEGOf(1)), p.Raw(emutest.JPEGOf(1))
	if a == b || strings.ContainsAny(a, " \n\"{") {
		t.Errorf("tokens %q and %q", a, b)
	}
	p.E.Clock.Advance(24*time.Hour - time.Minute)
	p.Token = p.E.Google.Token("")
	if got := p.Create("", a); got[0].Status.Code != 0 {
		t.Errorf("after nearly a day: %+v", got[0].Status)
	}
	p.E.Clock.Advance(time.Minute)
	r := p.Must("POST", "/v1/mediaItems:batchCreate", nil, emutest.BatchBody("", b))
	if r.Status != 400 || !strings.Contains(r.Body, "Request must contain a valid upload token.") {
		t.Errorf("after a day: %d %s", r.Status, r.Body)
	}
}
