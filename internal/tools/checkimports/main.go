// Checkimports fails if a package of this module imports one it must not know.
// Imports point one way: the command knows everything, the engine knows the
// words and the state, stations know the words and the protocols, and the
// emulator knows nothing, so that it cannot share a client's misunderstanding. Of
// tests, those of the stations, of their suite and of the emulator are held to rules.
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

// rule says which packages of the module a package ("." is the root) or tree
// ("/..." at the end) may import.
type rule struct {
	pkg     string
	imports []string
}

// rules has a rule for each package. The first one that fits counts.
var rules = []rule{
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
	{"state/...", []string{"media", "fault", "station", "state/...", "internal/retry", "internal/regular", "internal/durable", "internal/jsonlimit", "internal/crash"}},
	{"internal/crash", []string{"state"}},
	{"progress", []string{"media", "fault", "state"}},
	{"gopro/...", []string{"media", "fault", "station", "internal/retry", "internal/jsonlimit", "gopro/...", "internal/transport"}},
	{"gphotos/...", []string{"media", "fault", "station", "resumable", "internal/retry", "internal/regular", "internal/durable", "internal/jsonlimit", "gphotos/...", "internal/transport"}},
	{"folder/...", []string{"media", "fault", "station", "internal/retry", "internal/regular", "internal/durable", "folder/..."}},
	{"internal/printable", nil},
	{"internal/engine/...", []string{"media", "fault", "station", "state", "state/lease", "progress", "internal/engine/...", "internal/retry"}},
	{".", []string{"media", "fault", "station", "state", "progress", "internal/engine/...", "internal/printable"}},
	{"internal/config", []string{"internal/regular", "internal/durable", "internal/jsonlimit"}},
	{"internal/human", nil},
	{"internal/profile", []string{"internal/config", "internal/regular", "internal/durable", "internal/suggest"}},
	{"internal/doctor", []string{"fault", "state", "internal/durable", "internal/human", "internal/transport"}},
	{"internal/app", []string{".", "media", "fault", "station", "state", "progress", "internal/stores", "internal/config", "internal/profile", "internal/doctor", "internal/suggest"}},
	{"internal/cli", []string{".", "media", "fault", "station", "state", "bandwidth", "progress", "emulator", "internal/..."}},
	{"internal/observe", []string{"state", "progress"}},
	{"internal/cli/render", []string{"internal/printable"}},
	{"internal/stores", []string{"fault", "state/...", "internal/config", "internal/regular"}},
	{"internal/...", []string{"..."}},
	{"cmd/...", []string{"internal/..."}},
	{"examples/upload", []string{"resumable"}},
	{"examples/...", []string{".", "media", "fault", "station/...", "state/...", "progress", "gopro", "gphotos/...", "bandwidth", "emulator"}},
	{"bench/...", []string{"..."}},
}

// importers are the packages that alone may import a package.
var importers = []rule{
	{"state/q2google", []string{"state/jsondir", "state/mongo", "internal/stores"}},
}

// testRules are what the tests of a package may import, those in the package
// included. Tests of packages without a rule here may import everything.
var testRules = []rule{
	{"emulator/...", []string{"emulator/..."}},
	{"station/stationtest", []string{"media", "fault", "station/...", ".", "state", "state/jsondir"}},
	{"gopro/...", []string{"media", "fault", "station/...", "internal/retry", "internal/jsonlimit/...", "internal/transport", "gopro/...", "emulator"}},
	{"gphotos/...", []string{"media", "fault", "station/...", "resumable", "internal/retry", "internal/regular", "internal/durable", "internal/jsonlimit/...", "internal/transport", "gphotos/...", "emulator"}},
}

type goPackage struct {
	ImportPath   string
	Imports      []string
	TestImports  []string // of files in the package
	XTestImports []string // of files in its _test package
}

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(w io.Writer) error {
	list := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
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
	r, ok := ruleFor(rules, from)
	if !ok {
		return []string{fmt.Sprintf("%s: no rule says what it may import; add one", from)}
	}
	for _, to := range append(r.forbids(p.Imports), reserved(from, p.Imports)...) {
		complaints = append(complaints, fmt.Sprintf("%s must not import %s", from, to))
	}
	if r, ok = ruleFor(testRules, from); ok {
		for _, to := range r.forbids(slices.Concat(p.TestImports, p.XTestImports)) {
			complaints = append(complaints, fmt.Sprintf("a test of %s must not import %s", from, to))
		}
	}
	return complaints
}

func ruleFor(table []rule, pkg string) (rule, bool) {
	i := slices.IndexFunc(table, func(r rule) bool { return fits(r.pkg, pkg) })
	if i < 0 {
		return rule{}, false
	}
	return table[i], true
}

// forbids returns the packages of the module among the imports that the rule does
// not allow.
func (r rule) forbids(imports []string) (wrong []string) {
	for _, imported := range imports {
		if imported != module && !strings.HasPrefix(imported, module+"/") {
			continue
		}
		to := relative(imported)
		if !slices.ContainsFunc(r.imports, func(pattern string) bool { return fits(pattern, to) }) {
			wrong = append(wrong, to)
		}
	}
	return wrong
}

// reserved returns the imports that other packages alone may have.
func reserved(from string, imports []string) (wrong []string) {
	for _, imported := range imports {
		to := relative(imported)
		if r, ok := ruleFor(importers, to); ok && !slices.Contains(r.imports, from) {
			wrong = append(wrong, to)
		}
	}
	return wrong
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
