package gopro

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
)

const (
	// maxPaste bounds what ParseToken reads, in bytes.
	maxPaste = 256 << 10
	// maxPasteValues bounds the values of pasted JSON.
	maxPasteValues = 20_000
	// minToken is shorter than any token, in bytes, and longer than the words
	// that stand around one, such as "path".
	minToken = 12
	// tokenCookie is the name of the cookie that holds the access token.
	tokenCookie = "gp_access_token"
)

// tokenForms find a token in text that is not JSON.
var tokenForms = []*regexp.Regexp{
	// PowerShell's Cookie(), before the general form: its comma separates.
	regexp.MustCompile(`Cookie\(\s*["']` + tokenCookie + `["']\s*,\s*["']([^"']+)`),
	// A cookie, a member of an object, a variable of an environment.
	regexp.MustCompile(`(?i)\b(?:` + tokenCookie + `|gondola_gopro_token|q2google_gopro_access_token)["']?\s*[=:]\s*["']?([^\s"'^;,&\\]+)`),
	// A row of a browser's cookie table or of cookies.txt.
	regexp.MustCompile(`\b` + tokenCookie + `[ \t]+([^\s"';,]+)`),
	regexp.MustCompile(`(?i)\bbearer\s+["']?([^\s"'^;,&\\]+)`),
}

var (
	otherCookie = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=[^=]`)
	authHeader  = regexp.MustCompile(`(?i)^authorization\s*:\s*`)
	// typography undoes what word processors and messengers make of a token.
	typography = strings.NewReplacer("\ufeff", "", "\u200b", "", "\u200c", "", "\u200d", "", "\u2060", "", "\u00a0", " ",
		"“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`, "‘", "'", "’", "'", "‚", "'", "`", "'")
)

// ParseToken returns the access token in pasted text: the bare token,
// gp_access_token=…, an environment setting such as export GP_ACCESS_TOKEN=…, a
// Cookie or Authorization header, "Bearer …", a row of a browser's cookie table,
// a cookies.txt file, a cookie export in JSON, any of these in quotes of any
// kind, or a whole request copied from the browser as a cURL command. Its errors
// name what is wrong without repeating the text.
func ParseToken(text string) (string, error) {
	switch {
	case len(text) > maxPaste:
		return "", fmt.Errorf("no GoPro token: the text is longer than %d KiB", maxPaste>>10)
	case strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff"):
		return "", errors.New("no GoPro token: the text is UTF-16; save it as UTF-8")
	}
	text = strings.TrimSpace(typography.Replace(text))
	if text == "" {
		return "", errors.New("no GoPro token: the text is empty")
	}
	if text[0] == '[' || text[0] == '{' {
		return tokenInJSON(text)
	}
	if token := formedToken(text); token != "" {
		return checkToken(token)
	}
	switch {
	case strings.HasPrefix(strings.ToLower(text), "curl"):
		return "", errors.New("no GoPro token: the cURL command sends neither the cookie gp_access_token nor a Bearer token; " +
			"copy a request to api.gopro.com")
	case strings.Contains(text, tokenCookie):
		return "", errors.New("no GoPro token: gp_access_token has no value")
	}
	text = strings.Trim(authHeader.ReplaceAllString(strings.Trim(text, `"'`), ""), `"' `)
	if otherCookie.MatchString(text) || strings.ContainsAny(text, ";:") {
		return "", errors.New("no GoPro token: the text holds no cookie gp_access_token")
	}
	return checkToken(text)
}

// formedToken returns what one of the forms names as the token, or "".
func formedToken(text string) string {
	for _, form := range tokenForms {
		if m := form.FindStringSubmatch(text); m != nil {
			return m[1]
		}
	}
	return ""
}

// tokenInJSON finds the token in a cookie export or any other JSON document.
func tokenInJSON(text string) (string, error) {
	var document any
	if err := jsonlimit.Unmarshal([]byte(text), &document, maxPasteValues); err != nil {
		return "", errors.New("no GoPro token: the text begins as JSON does and is not JSON; copy the cookie export whole, or only the value of gp_access_token")
	}
	token := tokenIn(document)
	if token == "" {
		return "", errors.New("no GoPro token: the JSON holds no cookie gp_access_token; export the cookies of gopro.com")
	}
	return checkToken(token)
}

// tokenIn returns the first token in a JSON value: of a cookie object with name
// and value, a member of the cookie's name, or a text that holds one; or "".
func tokenIn(value any) string {
	switch v := value.(type) {
	case string:
		return formedToken(v)
	case []any:
		for _, element := range v {
			if token := tokenIn(element); token != "" {
				return token
			}
		}
	case map[string]any:
		if token, ok := v["value"].(string); ok && v["name"] == tokenCookie {
			return token
		}
		if token, ok := v[tokenCookie].(string); ok {
			return token
		}
		for _, member := range v {
			if token := tokenIn(member); token != "" {
				return token
			}
		}
	}
	return ""
}

// checkToken refuses what is no token or cannot stand in a header.
func checkToken(token string) (string, error) {
	if err := checkCharacters(token); err != nil {
		return "", err
	}
	if len(token) < minToken {
		return "", fmt.Errorf("no GoPro token: the text is shorter than any token (%d characters)", minToken)
	}
	return token, nil
}

// checkCharacters refuses what cannot stand in a header.
func checkCharacters(token string) error {
	if token == "" {
		return errors.New("no GoPro token: the text is empty")
	}
	for _, r := range token {
		switch {
		case r == ' ' || r == '\n' || r == '\r' || r == '\t':
			return errors.New("no GoPro token: a token has no spaces or line breaks in it")
		case r <= ' ' || r > '~' || strings.ContainsRune(`"',;\`, r):
			return errors.New("no GoPro token: the text holds characters that no token has")
		}
	}
	return nil
}
