package postgres_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/postgres"
)

// A URI is complete with its own password only; no other place gives it one.
func TestOwnPassword(t *testing.T) {
	const secret = "of-another-place"
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	passfile := write("passfile", "*:*:*:*:"+secret+"\n")
	servicefile := write("services", "[theirs]\npassword="+secret+"\n")
	for _, tc := range []struct {
		name, uri string
		env       map[string]string
		refused   string
	}{
		{"none", "postgres://u@127.0.0.1:1/d", nil, ""},
		{"in the URI", "postgres://u:own@127.0.0.1:1/d", map[string]string{"PGPASSWORD": secret}, ""},
		{"among the options", "postgres://u@127.0.0.1:1/d?password=own", map[string]string{"PGPASSWORD": secret}, ""},
		{"environment", "postgres://u@127.0.0.1:1/d", map[string]string{"PGPASSWORD": secret}, "PGPASSWORD"},
		{"empty in the URI", "postgres://u:@127.0.0.1:1/d", map[string]string{"PGPASSWORD": secret}, "PGPASSWORD"},
		{"empty in the URI, password file", "postgres://u:@127.0.0.1:1/d", map[string]string{"PGPASSFILE": passfile}, "password file"},
		{"several hosts", "postgres://u@127.0.0.1:1,127.0.0.1:2/d", map[string]string{"PGPASSFILE": passfile}, "password file"},
		{"password file", "postgres://u@127.0.0.1:1/d", map[string]string{"PGPASSFILE": passfile}, "password file"},
		{"password file among the options", "postgres://u@127.0.0.1:1/d?passfile=" + passfile, nil, "password file"},
		{"service file", "postgres://u@127.0.0.1:1/d?service=theirs&servicefile=" + servicefile, nil, "service file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("PGPASSFILE", filepath.Join(dir, "none"))
			t.Setenv("PGPASSWORD", "")
			for name, value := range tc.env {
				t.Setenv(name, value)
			}
			err := postgres.CheckOwnPassword(tc.uri)
			if errors.Is(err, state.ErrURI) != (tc.refused != "") || err != nil && !strings.Contains(err.Error(), tc.refused) {
				t.Errorf("%v, want a refusal that names %q", err, tc.refused)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the password is told: %v", err)
			}
		})
	}
}
