package emulator

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

	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/sample"
)

const testGranule = 256 << 10

func bytesOf(seed uint64, n int) []byte {
	return contentBytes(sample.NewNoise("\xff\xd8\xff", seed, int64(n)))
}

func TestStartHeadersOnTheWire(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	server, err := p.e.Listen("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(server.PhotosURL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, h := range []string{"resumable\r\nX-Goog-Upload-Command: start\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", "raw\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"} {
		if _, err := io.WriteString(conn, "POST /v1/uploads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+p.token+"\r\nX-Goog-Upload-Protocol: "+h); err != nil {
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

// arrived returns what lies behind an upload token.
func (p *photosTest) arrived(token string) (sum [sha256.Size]byte, size int64) {
	p.Helper()
	up := p.e.Google.uploads.Redeem(token, google.Caller{User: defaultUser, Project: defaultProject})
	if up == nil {
		p.Fatalf("%q is no upload token", token)
	}
	return up.Sum, up.File.Size
}

func TestUploadInChunks(t *testing.T) {
	data := bytesOf(1, 2*testGranule+1000)
	ways := map[string]func(p *photosTest, url string) reply{
		"one request": func(p *photosTest, url string) reply { return p.send(url, "upload, finalize", 0, data) },
		"no blank, no offset": func(p *photosTest, url string) reply {
			return p.must("POST", url, headers{"X-Goog-Upload-Command": "Upload,Finalize"}, string(data))
		},
		"chunks": func(p *photosTest, url string) reply {
			p.send(url, "upload", 0, data[:testGranule])
			p.send(url, "upload", testGranule, data[testGranule:2*testGranule])
			return p.send(url, "upload, finalize", 2*testGranule, data[2*testGranule:])
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			p := newPhotosTest(t, GoogleOptions{})
			r := way(p, p.begin(len(data)))
			if r.status != 200 || r.header.Get("X-Goog-Upload-Status") != "final" || len(r.body) <= 100 {
				t.Fatalf("%d %v %q", r.status, r.header, r.body)
			}
			if sum, size := p.arrived(r.body); sum != sha256.Sum256(data) || size != int64(len(data)) {
				t.Error("other bytes arrived")
			}
		})
	}
}

func TestEmptyLastChunk(t *testing.T) {
	data := bytesOf(1, testGranule)
	for _, command := range []string{"upload, finalize", "finalize"} {
		p := newPhotosTest(t, GoogleOptions{})
		url := p.begin(len(data))
		if r := p.send(url, "upload", 0, data); r.status != 200 || r.body != "" || r.header.Get("X-Goog-Upload-Status") != "active" {
			t.Fatalf("chunk: %d %q", r.status, r.body)
		}
		if r := p.send(url, command, testGranule, nil); r.status != 200 || r.body == "" {
			t.Errorf("%s: %d %s", command, r.status, r.body)
		}
	}
}

// TestUploadStrictness is the table of protocol violations. Every row starts with
// one granule confirmed of three announced, and must leave it at that.
func TestUploadStrictness(t *testing.T) {
	const size = 3 * testGranule
	granule := string(bytesOf(2, testGranule))
	cases := map[string]struct {
		h      headers
		body   string
		status int
		answer string
	}{
		"replayed offset":  {headers{"X-Goog-Upload-Command": "upload", "X-Goog-Upload-Offset": "0"}, granule, 400, "Invalid upload offset."},
		"absent offset":    {headers{"X-Goog-Upload-Command": "upload"}, granule, 400, "Invalid upload offset."},
		"skipped offset":   {headers{"X-Goog-Upload-Command": "upload", "X-Goog-Upload-Offset": "524288"}, granule, 400, "Invalid upload offset."},
		"no number":        {headers{"X-Goog-Upload-Command": "upload", "X-Goog-Upload-Offset": "here"}, granule, 400, "Invalid X-Goog-Upload-Offset."},
		"negative offset":  {headers{"X-Goog-Upload-Command": "upload", "X-Goog-Upload-Offset": "-1"}, granule, 400, "Invalid X-Goog-Upload-Offset."},
		"odd chunk":        {headers{"X-Goog-Upload-Command": "upload", "X-Goog-Upload-Offset": "262144"}, granule[:1000], 400, "Chunk size is not a multiple of the granularity."},
		"short finalize":   {headers{"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "262144"}, granule, 400, "Received bytes do not match the declared size."},
		"empty finalize":   {headers{"X-Goog-Upload-Command": "finalize", "X-Goog-Upload-Offset": "262144"}, "", 400, "Received bytes do not match the declared size."},
		"beyond the size":  {headers{"X-Goog-Upload-Command": "upload", "X-Goog-Upload-Offset": "262144"}, granule + granule + granule, 400, "More bytes than the declared size."},
		"unknown command":  {headers{"X-Goog-Upload-Command": "append"}, "", 400, "Invalid X-Goog-Upload-Command."},
		"no command":       {headers{}, "", 400, "Invalid X-Goog-Upload-Command."},
		"start again":      {headers{"X-Goog-Upload-Command": "start", "X-Goog-Upload-Protocol": "resumable"}, "", 400, "Invalid X-Goog-Upload-Command."},
		"finalize, upload": {headers{"X-Goog-Upload-Command": "finalize, upload"}, "", 400, "Invalid X-Goog-Upload-Command."},
		"malformed hash":   {headers{"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "262144", "X-Goog-Hash": "sha1=zz"}, granule + granule, 400, "Invalid X-Goog-Hash."},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := newPhotosTest(t, GoogleOptions{})
			url := p.begin(size)
			if r := p.send(url, "upload", 0, []byte(granule)); r.status != 200 {
				t.Fatal(r.body)
			}
			r := p.must("POST", url, c.h, c.body)
			if want := "{\n  \"code\": 3,\n  \"message\": \"" + c.answer + "\"\n}\n"; r.status != c.status || r.body != want {
				t.Errorf("got %d %s, want %d %s", r.status, r.body, c.status, want)
			}
			if _, has := r.header["X-Goog-Upload-Status"]; has {
				t.Error("the refusal has an X-Goog-Upload-Status")
			}
			if n := p.received(url); n != testGranule {
				t.Errorf("%d bytes received after the refusal, want %d", n, testGranule)
			}
			if r := p.send(url, "upload, finalize", testGranule, bytesOf(3, 2*testGranule)); r.status != 200 {
				t.Errorf("the session can not go on: %d %s", r.status, r.body)
			}
		})
	}
}

func TestStartStrictness(t *testing.T) {
	start := func(more headers) headers {
		h := headers{"X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "start"}
		for k, v := range more {
			h[k] = v
		}
		return h
	}
	cases := map[string]struct {
		method string
		h      headers
		body   string
		status int
		answer string
	}{
		"ok":                {"POST", start(nil), "", 200, ""},
		"ok, size zero":     {"POST", start(headers{"X-Goog-Upload-Raw-Size": "0"}), "", 200, ""},
		"PUT":               {"PUT", start(nil), "", 405, "Uploads are made with POST."},
		"no protocol":       {"POST", start(headers{"X-Goog-Upload-Protocol": ""}), "", 400, "Invalid X-Goog-Upload-Protocol."},
		"multipart":         {"POST", start(headers{"X-Goog-Upload-Protocol": "multipart"}), "", 400, "Invalid X-Goog-Upload-Protocol."},
		"no command":        {"POST", start(headers{"X-Goog-Upload-Command": ""}), "", 400, "Invalid X-Goog-Upload-Command."},
		"query":             {"POST", start(headers{"X-Goog-Upload-Command": "query"}), "", 400, "Invalid X-Goog-Upload-Command."},
		"with a body":       {"POST", start(nil), "x", 400, "The request that starts an upload must have no body."},
		"size not a number": {"POST", start(headers{"X-Goog-Upload-Raw-Size": "many"}), "", 400, "Invalid X-Goog-Upload-Raw-Size."},
		"raw, empty":        {"POST", headers{"X-Goog-Upload-Protocol": "raw"}, "", 400, "Payload must not be empty"},
		"raw, wrong hash":   {"POST", headers{"X-Goog-Upload-Protocol": "raw", "X-Goog-Hash": "sha1=" + base64.StdEncoding.EncodeToString(make([]byte, 20))}, "abc", 400, "User-provided checksum does not match received payload content."},
	}
	for name, c := range cases {
		for _, path := range []string{"/v1/uploads", "/v1/uploads/"} {
			p := newPhotosTest(t, GoogleOptions{})
			r := p.must(c.method, path, c.h, c.body)
			if r.status != c.status || !strings.Contains(r.body, c.answer) || strings.Contains(r.body, `"error"`) {
				t.Errorf("%s: %d %s", name, r.status, r.body)
			}
		}
	}
}

func TestChecksum(t *testing.T) {
	data := bytesOf(4, 1000)
	sum := sha1.Sum(data)
	right := "sha1=" + base64.StdEncoding.EncodeToString(sum[:])
	wrong := "sha1=" + base64.StdEncoding.EncodeToString(make([]byte, 20))
	p := newPhotosTest(t, GoogleOptions{})
	if r := p.must("POST", "/v1/uploads", headers{"X-Goog-Upload-Protocol": "raw", "X-Goog-Hash": right}, string(data)); r.status != 200 {
		t.Errorf("right checksum: %d %s", r.status, r.body)
	}
	final := headers{"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Hash": right}
	if r := p.must("POST", p.begin(len(data)), final, string(data)); r.status != 200 {
		t.Errorf("right checksum, resumable: %d %s", r.status, r.body)
	}
	final["X-Goog-Hash"] = wrong
	url := p.begin(len(data))
	r := p.must("POST", url, final, string(data))
	if r.status != 400 || r.header.Get("X-Goog-Upload-Status") != "final" || !strings.Contains(r.body, "User-provided checksum does not match") {
		t.Errorf("wrong checksum: %d %v %s", r.status, r.header, r.body)
	}
	if r := p.must("POST", url, headers{"X-Goog-Upload-Command": "query"}, ""); r.status != 400 {
		t.Errorf("the rejected upload answers %d", r.status)
	}
}

func TestUnusableUploadURLs(t *testing.T) {
	data := bytesOf(5, 100)
	spoil := map[string]func(p *photosTest, url string) string{
		"corrupted": func(_ *photosTest, url string) string { return strings.Replace(url, "upload_id=", "upload_id=x", 1) },
		"aged": func(p *photosTest, url string) string {
			p.e.Clock.Advance(7 * 24 * time.Hour)
			p.token = p.e.Google.Token("")
			return url
		},
		"cancelled": func(p *photosTest, url string) string {
			if r := p.send(url, "cancel", 0, nil); r.status != 200 || r.header.Get("X-Goog-Upload-Status") != "cancelled" {
				p.Errorf("cancel: %d %v", r.status, r.header)
			}
			return url
		},
		"another user's": func(p *photosTest, url string) string {
			p.token = p.e.Google.Token("somebody@example.com")
			return url
		},
		"lost": func(p *photosTest, url string) string {
			p.e.Faults.Add(Fault{Route: "upload.*", Kind: FaultLoseSession})
			return url
		},
	}
	for _, status := range []int{0, 404, 410} {
		for name, spoil := range spoil {
			p := newPhotosTest(t, GoogleOptions{BadURLStatus: status})
			url := spoil(p, p.begin(len(data)))
			for _, command := range []string{"query", "upload, finalize", "cancel"} {
				r := p.send(url, command, 0, nil)
				if want := max(status, 400); r.status != want || r.header.Get("X-Goog-Upload-Status") != "" {
					t.Errorf("%s, %s: %d %s, want %d", name, command, r.status, r.body, want)
				}
			}
		}
	}
}

func TestFinalizedSession(t *testing.T) {
	data := bytesOf(6, 100)
	for _, repeat := range []bool{false, true} {
		p := newPhotosTest(t, GoogleOptions{TokenOnQuery: repeat})
		url := p.begin(len(data))
		token := p.send(url, "upload, finalize", 0, data).body
		r := p.send(url, "query", 0, nil)
		want := ""
		if repeat {
			want = token
		}
		if r.status != 200 || r.header.Get("X-Goog-Upload-Status") != "final" || r.body != want || r.header.Get("X-Goog-Upload-Size-Received") != "" {
			t.Errorf("query: %d %v %q", r.status, r.header, r.body)
		}
		if r := p.send(url, "upload, finalize", 0, data); r.status != 400 {
			t.Errorf("finalize again: %d", r.status)
		}
	}
}

func TestLostToken(t *testing.T) {
	data := bytesOf(6, 100)
	p := newPhotosTest(t, GoogleOptions{})
	url := p.begin(len(data))
	p.e.Faults.Add(Fault{Route: "upload.finalize", Kind: FaultLoseToken})
	if _, err := p.do("POST", url, headers{"X-Goog-Upload-Command": "upload, finalize"}, bytes.NewReader(data)); err == nil {
		t.Fatal("the answer arrived")
	}
	if r := p.send(url, "query", 0, nil); r.header.Get("X-Goog-Upload-Status") != "final" || r.body != "" {
		t.Errorf("query: %v %q", r.header, r.body)
	}
}

func TestTooLarge(t *testing.T) {
	const answer = "{\n  \"code\": 3,\n  \"message\": \"The request exceeded the max file size limit of 20 GB.\"\n}\n"
	data := bytesOf(7, 2*testGranule)
	o := GoogleOptions{MaxUpload: testGranule}
	p := newPhotosTest(t, o)
	url := p.begin(len(data))
	for _, r := range []reply{
		p.send(url, "upload, finalize", 0, data),
		p.send(url, "query", 0, nil),
		p.must("POST", "/v1/uploads", headers{"X-Goog-Upload-Protocol": "raw"}, string(data)),
	} {
		if r.status != 413 || r.body != answer {
			t.Errorf("got %d %s", r.status, r.body)
		}
	}
	r, err := p.do("POST", "/v1/uploads", headers{"X-Goog-Upload-Protocol": "raw"}, io.MultiReader(bytes.NewReader(data)))
	if err != nil || r.status != 413 {
		t.Errorf("without a length: %d %v", r.status, err)
	}
	o.RefuseAtStart = true
	p = newPhotosTest(t, o)
	if r := p.must("POST", "/v1/uploads", headers{"X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "start", "X-Goog-Upload-Raw-Size": strconv.Itoa(len(data))}, ""); r.status != 413 {
		t.Errorf("start: %d", r.status)
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
	data := bytesOf(8, 5*testGranule)
	for _, c := range []struct {
		exact      bool
		sent, kept int
	}{
		{false, 2*testGranule + 1234, 2 * testGranule},
		{true, 2*testGranule + 1234, 2*testGranule + 1234},
		{false, 1234, 0},
		{false, 3 * testGranule, 3 * testGranule},
	} {
		p := newPhotosTest(t, GoogleOptions{ExactPrefix: c.exact})
		url := p.begin(len(data))
		body := brokenBody{bytes.NewReader(data[:c.sent]), errors.New("killed")}
		req, err := http.NewRequest("POST", url, body)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = int64(len(data))
		req.Header = http.Header{"Authorization": {"Bearer " + p.token}, "X-Goog-Upload-Command": {"upload, finalize"}}
		if _, err := p.client.Do(req); err == nil {
			t.Fatal("the broken request was answered")
		}
		// a request that the emulator still reads would take the upload over again
		waitFor(t, func() bool { return p.e.Log.Count("upload.finalize") == 1 })
		kept := p.received(url)
		if kept != c.kept {
			t.Errorf("sent %d: kept %d, want %d", c.sent, kept, c.kept)
		}
		r := p.send(url, "upload, finalize", kept, data[kept:])
		if sum, _ := p.arrived(r.body); r.status != 200 || sum != sha256.Sum256(data) {
			t.Errorf("sent %d: resumed to other bytes: %d %s", c.sent, r.status, r.body)
		}
	}
}

func TestCutRequestFault(t *testing.T) {
	data := bytesOf(9, 3*testGranule)
	p := newPhotosTest(t, GoogleOptions{})
	url := p.begin(len(data))
	p.e.Faults.Add(Fault{Route: "upload.finalize", Kind: FaultCutRequest, After: testGranule + 5})
	if _, err := p.do("POST", url, headers{"X-Goog-Upload-Command": "upload, finalize"}, bytes.NewReader(data)); err == nil {
		t.Fatal("the cut request was answered")
	}
	if n := p.received(url); n != testGranule {
		t.Fatalf("kept %d", n)
	}
	r := p.send(url, "upload, finalize", testGranule, data[testGranule:])
	if sum, _ := p.arrived(r.body); sum != sha256.Sum256(data) {
		t.Error("other bytes arrived")
	}
}

// TestQueryFencesTheWriter checks that an offset, once answered, stays: what a
// request before it still sends is not taken.
func TestQueryFencesTheWriter(t *testing.T) {
	data := bytesOf(10, 4*testGranule)
	p := newPhotosTest(t, GoogleOptions{})
	url := p.begin(len(data))
	read, write := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := p.do("POST", url, headers{"X-Goog-Upload-Command": "upload, finalize"}, read)
		done <- err
	}()
	if _, err := write.Write(data[:testGranule+100]); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return p.e.Google.Uploads()[0].Received >= testGranule })
	kept := p.received(url)
	go func() { _, _ = write.Write(data[testGranule+100:]); _ = write.Close() }()
	if err := <-done; err == nil {
		t.Error("the overtaken request was answered")
	}
	_ = read.Close()
	if n := p.received(url); n != kept {
		t.Errorf("offset moved from %d to %d", kept, n)
	}
}

func TestTokenIsForOneDayAndOneUpload(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	a, b := p.raw(jpegOf(1)), p.raw(jpegOf(1))
	if a == b || strings.ContainsAny(a, " \n\"{") {
		t.Errorf("tokens %q and %q", a, b)
	}
	p.e.Clock.Advance(24*time.Hour - time.Minute)
	p.token = p.e.Google.Token("")
	if got := p.create("", a); got[0].Status.Code != 0 {
		t.Errorf("after nearly a day: %+v", got[0].Status)
	}
	p.e.Clock.Advance(time.Minute)
	r := p.must("POST", "/v1/mediaItems:batchCreate", nil, batchBody("", b))
	if r.status != 400 || !strings.Contains(r.body, "Request must contain a valid upload token.") {
		t.Errorf("after a day: %d %s", r.status, r.body)
	}
}
