package house_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	module   = "paymenthub"
	root     = "../.."
	maxLines = 400
)

// source is one Go file: its package's folder, what it imports, its length.
type source struct {
	file      string
	folder    string // "." for the command
	imports   []string
	lines     int
	test      bool
	generated bool
}

func TestNoImportStandsWhereItMustNot(t *testing.T) {
	for _, violation := range violations(house(t), rules) {
		t.Error(violation)
	}
}

func TestRulesNameWhatExists(t *testing.T) {
	for _, missing := range missing(house(t), rules) {
		t.Error(missing)
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, s := range house(t) {
		if s.lines > maxLines && !s.generated {
			t.Errorf("%s has %d lines, more than %d: split it by noun", s.file, s.lines, maxLines)
		}
	}
}

func TestRulesAreEnforced(t *testing.T) {
	sources := []source{
		{file: "api/hub/a.go", folder: "api/hub", imports: []string{module + "/internal/store", "fmt"}},
		{file: "api/hub/a_test.go", folder: "api/hub", imports: []string{module + "/internal/store"}, test: true},
		{file: "api/open/b.go", folder: "api/open", imports: []string{module + "/internal/storetest", "gorm.io/gorm"}},
		{file: "internal/store/c.go", folder: "internal/store", imports: []string{"gorm.io/gorm"}},
		{file: "main.go", folder: ".", imports: []string{module + "/internal/store"}},
	}
	try := func(r rule) string { return strings.Join(violations(sources, []rule{r}), "\n") }
	require.Equal(t, "api/hub/a.go imports internal/store, which api/... must not: layers",
		try(rule{from: []string{"api/..."}, forbid: []string{"internal/store/..."}, because: "layers"}))
	require.Equal(t, "api/open/b.go imports gorm.io/gorm, which ... must not: one room",
		try(rule{from: []string{"..."}, except: []string{"internal/store"}, forbid: []string{"gorm.io/..."}, because: "one room"}))
	require.Empty(t, try(rule{from: []string{"api/..."}, forbid: []string{"internal/..."}, allow: []string{"internal/store", "internal/storetest"}}))
	require.Contains(t, try(rule{from: []string{"."}, forbid: []string{"..."}}), "main.go imports internal/store")

	gone := missing(sources, []rule{{from: []string{"api/..."}, except: []string{"internal/gone"}, forbid: []string{"gorm.io/..."}, because: "x"}})
	require.Equal(t, []string{`a rule names "internal/gone", which holds no Go file; mend the rule: x`}, gone)
}

// violations lists the imports that break a rule.
func violations(sources []source, rules []rule) []string {
	var found []string
	for _, r := range rules {
		for _, s := range sources {
			pattern := match(r.from, s.folder)
			if s.test || pattern == "" || match(r.except, s.folder) != "" {
				continue
			}
			for _, imported := range s.imports {
				name := strings.TrimPrefix(imported, module+"/")
				ours := name != imported
				if !ours && !foreign(name) {
					continue // the standard library
				}
				if match(r.forbid, name) != "" && match(r.allow, name) == "" {
					found = append(found, fmt.Sprintf("%s imports %s, which %s must not: %s", s.file, name, pattern, r.because))
				}
			}
		}
	}
	return found
}

// missing lists the folders that rules name and that hold no Go file.
func missing(sources []source, rules []rule) []string {
	var found []string
	for _, r := range rules {
		for _, pattern := range slices.Concat(r.from, r.except, r.forbid, r.allow) {
			exists := foreign(pattern) || slices.ContainsFunc(sources, func(s source) bool {
				return match([]string{pattern}, s.folder) != ""
			})
			if !exists {
				found = append(found, fmt.Sprintf("a rule names %q, which holds no Go file; mend the rule: %s", pattern, r.because))
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// match returns the first pattern that covers the name, "" when none does.
func match(patterns []string, name string) string {
	for _, pattern := range patterns {
		if pattern == "..." {
			if !foreign(name) {
				return pattern
			}
			continue
		}
		tree, below := strings.CutSuffix(pattern, "/...")
		if name == tree || below && strings.HasPrefix(name, tree+"/") {
			return pattern
		}
	}
	return ""
}

// foreign reports whether a name is other people's code: its first part is a host.
func foreign(name string) bool {
	host, _, _ := strings.Cut(name, "/")
	return strings.Contains(strings.Trim(host, "."), ".")
}

// house reads every Go file of the module.
func house(t *testing.T) []source {
	t.Helper()
	var sources []source
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if file != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		s, err := read(file)
		sources = append(sources, s)
		return err
	})
	require.NoError(t, err)
	require.NotEmpty(t, sources)
	return sources
}

func read(file string) (source, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return source{}, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, content, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return source{}, err
	}
	name, err := filepath.Rel(root, file)
	if err != nil {
		return source{}, err
	}
	name = filepath.ToSlash(name)
	s := source{
		file: name, folder: path.Dir(name), lines: bytes.Count(content, []byte("\n")),
		test: strings.HasSuffix(name, "_test.go"), generated: ast.IsGenerated(parsed),
	}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, err
		}
		s.imports = append(s.imports, imported)
	}
	return s, nil
}
