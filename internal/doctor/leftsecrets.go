package doctor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/internal/durable"
)

// leftSecrets finds what killed writes of files with credentials left behind.
func leftSecrets(secrets []string, now time.Time) (found []string) {
	for _, secret := range secrets {
		found = append(found, durable.Leftovers(secret)...)
		found = append(found, earlierLeftovers(secret, now)...)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// earlierLeftovers finds what earlier versions left: NAME.*.tmp beside a token
// file, .secret-* beside a GoPro token.
func earlierLeftovers(secret string, now time.Time) (found []string) {
	dir := filepath.Dir(secret)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // no directory, nothing left in it
	}
	for _, e := range entries {
		name := e.Name()
		left := strings.HasPrefix(name, ".secret-") ||
			strings.HasPrefix(name, filepath.Base(secret)+".") && strings.HasSuffix(name, ".tmp")
		if left && e.Type().IsRegular() && isOld(e, now) {
			found = append(found, filepath.Join(dir, name))
		}
	}
	return found
}
