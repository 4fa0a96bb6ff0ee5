package storage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestCommand: the built command examples/upload against fake-gcs-server.
func TestCommand(t *testing.T) {
	dir := t.TempDir()
	command := filepath.Join(dir, "upload")
	if out, err := exec.Command("go", "build", "-o", command, "github.com/gondola-sync/gondola/examples/upload").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	server := servers["fake-gcs-server"](t)
	objects := official(t, server)
	for _, size := range []int{0, 1, unit + 1, 5 * mib} {
		data := content(size)
		want := uploadOfficially(t, objects, data)
		file := filepath.Join(dir, "file")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, protocol := range []string{"resumable", "multipart", "simple"} {
			for _, source := range []string{file, "-"} {
				name := fmt.Sprintf("%s-%d-%t", protocol, size, source == "-")
				uploadType := map[string]string{"simple": "media"}[protocol]
				if uploadType == "" {
					uploadType = protocol
				}
				args := []string{"-url", uploadURL(server, uploadType, name), "-protocol", protocol, "-type", "video/mp4", "-chunk", fmt.Sprint(unit)}
				if protocol != "simple" {
					args = append(args, "-metadata", fmt.Sprintf(`{"name":%q,"contentType":"video/mp4"}`, name))
				}
				cmd := exec.Command(command, append(args, source)...)
				if source == "-" {
					cmd.Stdin = bytes.NewReader(data)
				}
				out, err := cmd.Output()
				var line struct {
					Status int
					Bytes  int
				}
				if json.Unmarshal(out, &line) != nil || err != nil || line.Status != 200 || line.Bytes != size {
					t.Fatalf("%s: %v: %s", name, err, out)
				}
				compare(t, objects, name, data, want)
			}
		}
	}
}
