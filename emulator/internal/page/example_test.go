package page_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gondola-sync/gondola/emulator/internal/page"
)

// The page that refuses a consent.
func ExampleWrite() {
	w := httptest.NewRecorder()
	page.Write(w, http.StatusBadRequest, "refused.html", struct{ Name, Description string }{"invalid_scope", "Some scopes are unknown."}, "")
	fmt.Println(w.Code, strings.Contains(w.Body.String(), "Some scopes are unknown."))
	// Output: 400 true
}
