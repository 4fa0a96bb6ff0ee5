package config

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/internal/jsonlimit/limittest"
)

// TestSettingsTakeBoundedMemory: files of the full limit that are made of the
// smallest elements.
func TestSettingsTakeBoundedMemory(t *testing.T) {
	for _, unit := range []string{"0,", "[],", "{},", "{a=1},", "[[", `"",`} {
		body := append([]byte("a=["), bytes.Repeat([]byte(unit), (maxFileSize-4)/len(unit))...)
		checkFile(t, unit, append(body, ']'))
	}
	for _, unit := range []string{"a.", "a=1\n", "\n", "[a]\n", "[[a]]\n", "#\n", "'a'.", "a={b={"} {
		checkFile(t, unit, bytes.Repeat([]byte(unit), maxFileSize/len(unit)))
	}
	limittest.Check(t, maxFileSize, func(b []byte) { _, _ = parseFile(b) }, `a = [@]`)
}

// TestDotEnvTakesBoundedMemory does so for .env.
func TestDotEnvTakesBoundedMemory(t *testing.T) {
	for _, unit := range []string{"a%d=\n", "a%d=$a\n", "\n", "#\n", "a: b\n", "a='\n", "$", "${a}"} {
		var body bytes.Buffer
		body.WriteString("GP_ACCESS_TOKEN=t\na=")
		for n := 0; body.Len() < maxDotEnv-20; n++ {
			body.WriteString(strings.ReplaceAll(unit, "%d", strconv.Itoa(n)))
		}
		path := filepath.Join(t.TempDir(), ".env")
		if err := os.WriteFile(path, body.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if peak := limittest.Peak(func() { _, _, _ = readDotEnv(path) }); peak > 4*maxDotEnv+limittest.Slack {
			t.Errorf(".env of %q: %d bytes of memory", unit, peak)
		}
	}
}

func checkFile(t *testing.T, unit string, body []byte) {
	t.Helper()
	if peak := limittest.Peak(func() { _, _ = parseFile(body) }); peak > 3*maxFileSize+limittest.Slack {
		t.Errorf("config file of %q: %d bytes of memory", unit, peak)
	}
}

func FuzzMemory(f *testing.F) {
	limittest.Fuzz(f, maxFileSize, []func([]byte){func(b []byte) { _, _ = parseFile(b) }}, `a = [@]`, "a.@ = 1")
}

// TestConfigFileOfAllFlags: the limits leave room for what people write.
func TestConfigFileOfAllFlags(t *testing.T) {
	ordinary := strings.Repeat("# a comment, with commas. And dots…\n", 100) +
		"type = [" + strings.Repeat("\"video\", \"photo\",\n", 100) + "]\n" + `state = "` + strings.Repeat("/long", 500) + `"` + "\n"
	doc, err := parseFile([]byte(ordinary))
	if err != nil || len(doc.values["type"]) != 200 {
		t.Errorf("%d types, %v", len(doc.values["type"]), err)
	}
	for _, huge := range []string{"a = '" + strings.Repeat("x", maxFileLine) + "'", strings.Repeat("\n", 3*maxFileValues+1)} {
		if _, err := parseFile([]byte(huge)); err == nil {
			t.Errorf("%.20q…, %d bytes, is taken", huge, len(huge))
		}
	}
}
