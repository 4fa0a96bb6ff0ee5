package stationtest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestDefectsAreFound gives the toys one defect after the other: the suite must
// fail, in the test that is about it.
func TestDefectsAreFound(t *testing.T) {
	if defect != "" {
		t.Skip("this process has a defect")
	}
	for name, test := range map[string]string{
		"Open ignores the version":                 "TestToySource/Changed",
		"Open ignores the offset":                  "TestToySource/Offsets",
		"a dropped connection is an end":           "TestToySource/Drop",
		"parts in disorder":                        "TestToySource/Adjacent",
		"parts apart":                              "TestToySource/Adjacent",
		"the window is ignored":                    "TestToySource/Window",
		"an item is listed twice":                  "TestToySource/List",
		"a name is not safe":                       "TestToySource/List",
		"a refused item is not named":              "TestToySource/List",
		"a truncated listing is complete":          "TestToySource/Truncated",
		"a cancelled listing is complete":          "TestToySource/CancelListing",
		"a change is not listed":                   "TestToySource/ListChanged",
		"origins share identities":                 "TestToySource/OriginsApart",
		"a forecast of what is not counted":        "TestToySource/Meter",
		"empty files are taken":                    "TestToyDestination/Refuse",
		"Upload creates":                           "TestToyDestination/Create",
		"the first checkpoint comes late":          "TestToyDestination/SavedFirst",
		"a failed checkpoint is ignored":           "TestToyDestination/SaveFails",
		"uploads begin again":                      "TestToyDestination/Resume",
		"a changed file is joined":                 "TestToyDestination/ResumeChanged",
		"a file without a version is joined":       "TestToyDestination/ResumeUnversioned",
		"a change midway is joined":                "TestToyDestination/ChangedMidway",
		"a checkpoint of another account is taken": "TestToyDestination/ResumeElsewhere",
		"an early end is the end":                  "TestToyDestination/SourceEndsEarly",
		"a cancelled call is made":                 "TestToyDestination/CancelCreate",
		"the limit is ignored":                     "TestToyDestination/CreateTooMany",
		"results are in disorder":                  "TestToyDestination/Create",
		"one failure is that of all":               "TestToyDestination/CreateSpoiled",
		"a repetition doubles":                     "TestToyDestination/CreateAgain",
		"an item is filed twice":                   "TestToyDestination/Filed",
		"one that is not filed stops the others":   "TestToyDestination/FiledSpoiled",
		"a renamed album is another one":           "TestToyDestination/Renamed",
		"Inspect leaves gaps out":                  "TestToyDestination/Inspect",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			toy, part, _ := strings.Cut(test, "/")
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+toy+"$/^"+part+"$", "-test.timeout=1m")
			cmd.Env = append(os.Environ(), "STATIONTEST_DEFECT="+name)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: "+test+" (") {
				t.Errorf("with this defect %s did not fail: %v\n%s", test, err, out)
			}
		})
	}
}
