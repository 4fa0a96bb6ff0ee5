package main

import "testing"

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		pkg     string
		imports string
		wrong   bool
	}{
		{"/media", "/state", true},
		{"/media", "x", false},
		{"/station", "/station/stationtest", true},
		{"/station/stationtest", "/station", false},
		{"/station/stationtest", "/gopro", true},
		{"/gopro", "/media", false},
		{"/gopro", "", true},
		{"/gopro", "/gphotos", true},
		{"/gphotos", "/gphotos/auth", false},
		{"", "/state", false},
		{"", "/state/jsondir", true},
		{"", "/gopro", true},
		{"/emulator", "/media", true},
		{"/state/jsondir", "/state", false},
		{"/state/jsondir", "/state/q2google", false},
		{"/state/sqlite", "/state/q2google", true},
		{"/internal/sessioncopy", "/state/q2google", true},
		{"/internal/cli", "/state/jsondir", true},
		{"/internal/cli", "/gopro", true},
		{"/internal/cli", "/internal/stations", false},
		{"/internal/stations", "/gopro", false},
		{"/internal/cli", "", false},
		{"/cmd/gondola", "/internal/cli", false},
		{"/cmd/gondola", "/gopro", true},
		{"/unheard/of", "fmt", true},
	} {
		imported := module + tc.imports
		if tc.imports != "" && tc.imports[0] != '/' {
			imported = tc.imports
		}
		complaints := check(goPackage{ImportPath: module + tc.pkg, Imports: []string{imported}})
		if got := len(complaints) > 0; got != tc.wrong {
			t.Errorf("%s importing %s: complaints %q, want wrong=%v", tc.pkg, tc.imports, complaints, tc.wrong)
		}
	}
}

func TestCheckTests(t *testing.T) {
	for _, tc := range []struct {
		pkg     string
		imports string
		wrong   bool
	}{
		{"/station/stationtest", "", false},
		{"/station/stationtest", "/gopro", true},
		{"/gopro", "/emulator", false},
		{"/gopro", "/gphotos", true},
		{"/emulator", "/gopro", true},
		{"/state", "/gopro", false},
	} {
		for _, p := range []goPackage{
			{ImportPath: module + tc.pkg, TestImports: []string{module + tc.imports}},
			{ImportPath: module + tc.pkg, XTestImports: []string{module + tc.imports}},
		} {
			if complaints := check(p); len(complaints) > 0 != tc.wrong {
				t.Errorf("a test of %s importing %s: complaints %q, want wrong=%v", tc.pkg, tc.imports, complaints, tc.wrong)
			}
		}
	}
}
