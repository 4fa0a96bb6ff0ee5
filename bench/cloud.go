package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/line"
)

// cloud is the emulated services, and the line to them if there is one. They run
// in this process, those who are measured in others.
type cloud struct {
	emulator *emulator.Emulator
	server   *emulator.Server
	line     *line.Line // nil: nothing lies between
	env      []string   // what a program needs to trust the services
	client   *http.Client
}

// castagnoli is a sum that costs next to nothing, so that not the emulated
// services are measured.
func castagnoli() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }

// newCloud starts services with a library, behind a line unless it is nil.
func newCloud(library emulator.Library, l *line.Line) (*cloud, error) {
	c, err := unreachable(library)
	if err != nil {
		return nil, err
	}
	c.line = l
	if l == nil {
		c.server, err = c.emulator.Listen("127.0.0.1")
	} else {
		c.server, err = c.emulator.ListenBehind("127.0.0.1", l.Forward)
	}
	if err != nil {
		return nil, errors.Join(err, c.emulator.Close())
	}
	return c, nil
}

// newTLSCloud starts services with a library that are reached by HTTPS. Their
// certificate goes into a directory.
func newTLSCloud(library emulator.Library, dir string) (*cloud, error) {
	issuer := httptest.NewTLSServer(http.NotFoundHandler()) // has a certificate for 127.0.0.1
	defer issuer.Close()
	file := filepath.Join(dir, "certificate.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issuer.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	c, err := unreachable(library)
	if err != nil {
		return nil, err
	}
	c.env = []string{"SSL_CERT_FILE=" + file}
	if c.server, err = c.emulator.ListenTLS("127.0.0.1", &tls.Config{Certificates: issuer.TLS.Certificates}); err != nil {
		return nil, errors.Join(err, c.emulator.Close())
	}
	c.client = issuer.Client()
	return c, nil
}

// unreachable returns services with a library that do not listen yet.
func unreachable(library emulator.Library) (*cloud, error) {
	e, err := emulator.New(emulator.Options{Library: library, Google: emulator.GoogleOptions{
		ProcessingTime: -1, WriteTime: -1, DailyRequests: 1 << 30, WritesPerMinute: 1 << 20,
		KeepFile: 1, KeepAll: 64 << 20, Digest: castagnoli,
	}})
	if err != nil {
		return nil, err
	}
	return &cloud{emulator: e, client: http.DefaultClient}, nil
}

func (c *cloud) close() error {
	var err error
	if c.line != nil {
		err = c.line.Close()
	}
	return errors.Join(err, c.emulator.Close())
}

// environ points a gondola in an empty home to the services.
func (c *cloud) environ(home string) ([]string, error) {
	env, err := c.emulator.Environ(home)
	return append(append(env, c.env...), "HOME="+home, "TMPDIR="+home, "PATH="+os.Getenv("PATH"), "GONDOLA_STATE_DIR="+filepath.Join(home, "sessions")), err
}

// endpoint is where uploads go.
func (c *cloud) endpoint() string { return c.server.PhotosURL + "/v1/uploads" }

// tokenEnv hands the yardsticks an access token.
func (c *cloud) tokenEnv() []string {
	return append([]string{"BENCH_TOKEN=" + c.emulator.Google.Token("")}, c.env...)
}

// urls returns the signed URL of each medium's original.
func (c *cloud) urls(ctx context.Context) ([]string, error) {
	var urls []string
	for _, m := range c.emulator.GoPro.Library() {
		u, err := c.url(ctx, m.ID)
		if err != nil {
			return nil, fmt.Errorf("URL of %s: %w", m.ID, err)
		}
		urls = append(urls, u)
	}
	return urls, nil
}

func (c *cloud) url(ctx context.Context, id string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server.GoProURL+"/media/"+id+"/download", nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+c.emulator.GoPro.Token())
	req.Header.Set("Accept", "application/vnd.gopro.jk.media+json; version=2.0.0")
	resp, err := c.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var answer struct {
		Embedded struct {
			Files      []struct{ URL string }
			Variations []struct{ URL, Label string }
		} `json:"_embedded"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", err
	}
	for _, v := range answer.Embedded.Variations {
		if v.Label == "source" {
			return v.URL, nil
		}
	}
	if len(answer.Embedded.Files) == 0 {
		return "", fmt.Errorf("HTTP %s, and nothing to download", resp.Status)
	}
	return answer.Embedded.Files[0].URL, nil
}

// received is how many bytes of uploads have come in since the last call.
func (c *cloud) received() (sum int64) {
	for _, e := range c.emulator.Log.Entries("upload.*") {
		sum += e.In
	}
	c.emulator.Log.Clear()
	return sum
}

// prove checks that the account holds exactly the library, byte for byte.
func (c *cloud) prove(ctx context.Context) error {
	want := map[string]int64{}
	for _, m := range c.emulator.GoPro.Library() {
		for _, o := range m.Sources {
			sum := castagnoli()
			if _, err := io.Copy(sum, io.NewSectionReader(o.Content, 0, o.Content.Size())); err != nil {
				return err
			}
			want[fmt.Sprintf("%x", sum.Sum(nil))] += o.Content.Size()
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
		}
	}
	got := map[string]int64{}
	for item := range c.emulator.Google.All() {
		got[item.SHA256[:8]] += item.Size
	}
	for sum, size := range want {
		if got[sum] != size {
			return fmt.Errorf("proof: of the file with sum %s, %d of %d bytes arrived", sum, got[sum], size)
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("proof: %d files arrived, want %d", len(got), len(want))
	}
	return nil
}

// shelf makes libraries whose content is generated while it is read.
type shelf struct {
	library emulator.Library
	at      time.Time
}

func (s *shelf) add(kind, name string, size int64) {
	if s.at.IsZero() {
		s.at = time.Date(2025, 5, 1, 8, 0, 0, 0, time.UTC)
	}
	s.at = s.at.Add(time.Minute)
	n := len(s.library)
	shot := emulator.Shot{Seed: uint64(n) + 1, Number: n, Taken: s.at, Camera: "HERO12 Black", Width: 5312, Height: 2988, Duration: time.Minute}
	content := emulator.NewVideo(shot, size)
	extension := "mp4"
	if kind == "Photo" {
		content, extension = emulator.NewPhoto(shot, size), "jpg"
	}
	s.library = append(s.library, emulator.Medium{
		ID: fmt.Sprintf("bench%08d", n), Type: kind, Filename: &name, Extension: extension,
		Captured: s.at, Created: s.at.Add(time.Hour), Camera: shot.Camera, Width: shot.Width, Height: shot.Height,
		Sources: []emulator.Object{{Name: name, Content: content}},
	})
}

func videos(n int, size int64) emulator.Library {
	var s shelf
	for i := range n {
		s.add("Video", fmt.Sprintf("GX01%04d.MP4", i), size)
	}
	return s.library
}

func photos(n int, size int64) emulator.Library {
	var s shelf
	for i := range n {
		s.add("Photo", fmt.Sprintf("GOPR%04d.JPG", i), size)
	}
	return s.library
}

func bytesOf(l emulator.Library) (sum int64) {
	for _, m := range l {
		for _, o := range m.Sources {
			sum += o.Content.Size()
		}
	}
	return sum
}
