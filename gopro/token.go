package gopro

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// maxPaste bounds what a person may paste, in bytes.
const maxPaste = 256 << 10

// tokenCookie is the name of the cookie that holds the access token.
const tokenCookie = "gp_access_token"

var (
	// A cookie, a JSON member or an argument of PowerShell's Cookie().
	cookieToken = regexp.MustCompile(tokenCookie + `["']?\s*[=:,]\s*["']?([^\s"'^;,&\\]+)`)
	bearerToken = regexp.MustCompile(`(?i)\bbearer\s+["']?([^\s"'^;,&\\]+)`)
	otherCookie = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=[^=]`)
	authHeader  = regexp.MustCompile(`(?i)^authorization\s*:\s*`)
)

// ParseToken finds the access token in what a person pasted: the bare token,
// gp_access_token=…, a Cookie or Authorization header, "Bearer …", any of these
// in quotes, or a whole request copied from the browser as a cURL command. Its
// errors say what is wrong without repeating the text.
func ParseToken(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", errors.New("no GoPro token: the text is empty")
	}
	if len(text) > maxPaste {
		return "", fmt.Errorf("no GoPro token: the text is longer than %d KiB", maxPaste>>10)
	}
	for _, form := range []*regexp.Regexp{cookieToken, bearerToken} {
		if m := form.FindStringSubmatch(text); m != nil {
			return checkToken(m[1])
		}
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

// ReadToken is [ParseToken] for a reader, of which it reads at most 256 KiB.
func ReadToken(r io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxPaste+1))
	if err != nil {
		return "", fmt.Errorf("read GoPro token: %w", err)
	}
	return ParseToken(string(b))
}

// checkToken refuses what cannot stand in a header.
func checkToken(token string) (string, error) {
	if token == "" {
		return "", errors.New("no GoPro token: the text is empty")
	}
	for _, r := range token {
		switch {
		case r == ' ' || r == '\n' || r == '\r' || r == '\t':
			return "", errors.New("no GoPro token: a token has no spaces or line breaks in it")
		case r <= ' ' || r > '~' || strings.ContainsRune(`"',;\`, r):
			return "", errors.New("no GoPro token: the text holds characters that no token has")
		}
	}
	return token, nil
}
