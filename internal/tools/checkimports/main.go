// Checkimports fails if a package of this module imports one it must not know.
// Imports point one way: the command knows everything, the engine knows the
// words and the state, stations know the words and the protocols, and the
// emulator knows nothing, so that it cannot share a client's misunderstanding.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

const module = "github.com/gondola-sync/gondola"

// rules say, for each package ("." is the root) or tree ("/..." at the end),
// which packages of the module it may import. The first rule that fits counts.
var rules = []struct {
	pkg     string
	imports []string
}{
	{"internal/suggest", nil},
	{"media", []string{"internal/suggest"}},
	{"internal/jsonlimit/...", []string{"internal/jsonlimit/..."}},
	{"fault", nil},
	{"station", []string{"media", "fault"}},
	{"station/stationtest", []string{"media", "fault", "station"}},
	{"resumable", []string{"internal/jsonlimit"}},
	{"bandwidth", nil},
	{"emulator/...", []string{"emulator/..."}},
	{"internal/durable", nil},
	{"internal/retry", []string{"fault"}},
	{"internal/regular", nil},
	{"internal/transport", []string{"fault"}},
	{"state/...", []string{"media", "fault", "station", "state/...", "internal/retry", "internal/regular", "internal/durable", "internal/jsonlimit"}},
	{"progress", []string{"media", "fault", "state"}},
	{"gopro/...", []string{"media", "fault", "station", "internal/retry", "internal/jsonlimit", "gopro/...", "internal/transport"}},
	{"gphotos/...", []string{"media", "fault", "station", "resumable", "internal/retry", "internal/regular", "internal/durable", "internal/jsonlimit", "gphotos/...", "internal/transport"}},
	{"folder/...", []string{"media", "fault", "station", "internal/retry"}},
	{"internal/printable", nil},
	{".", []string{"media", "fault", "station", "state", "internal/retry", "internal/printable"}},
	{"internal/config", []string{"internal/regular", "internal/durable", "internal/jsonlimit"}},
	{"internal/human", nil},
	{"internal/profile", []string{"internal/config", "internal/regular", "internal/durable", "internal/suggest"}},
	{"internal/doctor", []string{"fault", "state", "internal/durable", "internal/human", "internal/transport"}},
	{"internal/app", []string{"media", "fault", "station", "internal/config", "internal/profile", "internal/doctor", "internal/suggest"}},
	{"internal/cli", []string{".", "media", "fault", "station", "state", "bandwidth", "progress", "emulator", "internal/..."}},
	{"internal/stores", []string{"fault", "state/...", "internal/config", "internal/regular"}},
	{"internal/...", []string{"..."}},
	{"cmd/...", []string{"internal/..."}},
	{"examples/...", []string{"resumable"}},
	{"bench/...", []string{"..."}},
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(w io.Writer) error {
	list := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	wrong := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		for _, complaint := range check(p) {
			fmt.Fprintln(w, complaint)
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d imports point the wrong way", wrong)
	}
	return nil
}

// check returns a line for each import that p must not have.
func check(p goPackage) (complaints []string) {
	from := relative(p.ImportPath)
	i := slices.IndexFunc(rules, func(r struct {
		pkg     string
		imports []string
	}) bool {
		return fits(r.pkg, from)
	})
	if i < 0 {
		return []string{fmt.Sprintf("%s: no rule says what it may import; add one", from)}
	}
	for _, imported := range p.Imports {
		if imported != module && !strings.HasPrefix(imported, module+"/") {
			continue
		}
		to := relative(imported)
		if !slices.ContainsFunc(rules[i].imports, func(pattern string) bool { return fits(pattern, to) }) {
			complaints = append(complaints, fmt.Sprintf("%s must not import %s", from, to))
		}
	}
	return complaints
}

func relative(importPath string) string {
	return path.Join(".", strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/"))
}

// fits reports whether a package is the one a pattern names or lies in its tree.
func fits(pattern, pkg string) bool {
	tree, isTree := strings.CutSuffix(pattern, "...")
	if !isTree {
		return pattern == pkg
	}
	tree = strings.TrimSuffix(tree, "/")
	return tree == "" || pkg == tree || strings.HasPrefix(pkg, tree+"/")
}
