package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// leftSecrets finds what storing credentials leaves behind when it is
// interrupted: NAME.*.tmp beside a token file, .secret-* beside a GoPro token.
func leftSecrets(secrets []string, now time.Time) (found []string) {
	seen := map[string]bool{}
	for _, secret := range secrets {
		dir := filepath.Dir(secret)
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // no directory, nothing left in it
		}
		for _, e := range entries {
			name := e.Name()
			left := strings.HasPrefix(name, ".secret-") ||
				strings.HasPrefix(name, filepath.Base(secret)+".") && strings.HasSuffix(name, ".tmp")
			path := filepath.Join(dir, name)
			if left && !seen[path] && e.Type().IsRegular() && isOld(e, now) {
				seen[path] = true
				found = append(found, path)
			}
		}
	}
	return found
}
