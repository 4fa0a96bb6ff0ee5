package gopro

import (
	"strings"
	"testing"
)

func TestParseToken(t *testing.T) {
	const token = "eyJhbGciOiJSU0EtT0FFUCJ9.a_b-c.d.e.f~="
	for _, tc := range []struct{ name, text string }{
		{"bare", token},
		{"with white space around", "\n\t " + token + " \r\n"},
		{"in quotes", `"` + token + `"`},
		{"cookie", "gp_access_token=" + token},
		{"cookie with spaces", "gp_access_token = " + token},
		{"quoted cookie", `"gp_access_token=` + token + `"`},
		{"quoted value", `gp_access_token="` + token + `"`},
		{"cookie header", "Cookie: session=1; gp_access_token=" + token + "; gp_user_id=0f3a1c9e"},
		{"cookies without a header", "gp_user_id=0f3a1c9e; gp_access_token=" + token},
		{"bearer", "Bearer " + token},
		{"authorization", "authorization: bearer " + token},
		{"authorization without bearer", "Authorization: " + token},
		{"quoted authorization", `"Authorization: Bearer ` + token + `"`},
		{"bash cURL, header", "curl 'https://api.gopro.com/media/user' \\\n  -H 'accept: */*' \\\n  -H 'cookie: a=b; gp_access_token=" + token + "; c=d' \\\n  --compressed"},
		{"bash cURL, -b", "curl 'https://api.gopro.com/media/user' -b 'gp_access_token=" + token + "'"},
		{"bash cURL, $''", "curl 'https://api.gopro.com' -H $'Cookie: gp_access_token=" + token + "'"},
		{"bash cURL, bearer", "curl 'https://api.gopro.com/media/user' -H 'authorization: Bearer " + token + "'"},
		{"cmd cURL", "curl ^\"https://api.gopro.com/media/user^\" ^\r\n  -H ^\"accept: */*^\" ^\r\n  -b ^\"a=b; gp_access_token=" + token + "; c=d^\""},
		{"cmd cURL, bearer", "curl \"https://api.gopro.com/media/user\" ^\r\n  -H \"authorization: Bearer " + token + "\" ^\r\n  --compressed"},
		{"PowerShell", `$session.Cookies.Add((New-Object System.Net.Cookie("gp_access_token", "` + token + `", "/", ".gopro.com")))`},
		{"JSON", `{"gp_access_token": "` + token + `", "x": 1}`},
	} {
		if got, err := ParseToken(tc.text); err != nil || got != token {
			t.Errorf("%s: ParseToken = %q, %v", tc.name, got, err)
		}
		if got, err := ReadToken(strings.NewReader(tc.text)); err != nil || got != token {
			t.Errorf("%s: ReadToken = %q, %v", tc.name, got, err)
		}
	}
}

func TestParseTokenRefuses(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"nothing", " \n", "empty"},
		{"quotes alone", `""`, "empty"},
		{"no value", "gp_access_token=", "no value"},
		{"another cookie", "gp_user_id=SECRET", "no cookie gp_access_token"},
		{"other cookies", "Cookie: a=SECRET; b=c", "no cookie gp_access_token"},
		{"cURL without", "curl 'https://gopro.com/SECRET'", "cURL"},
		{"a sentence", "my SECRET token", "spaces"},
		{"broken line", "eyJSECRET\nabc", "spaces or line breaks"},
		{"not ASCII", "SECRETé", "characters"},
		{"too long", strings.Repeat("SECRET", maxPaste), "longer"},
	} {
		got, err := ParseToken(tc.text)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: ParseToken = %q, %v, want an error with %q", tc.name, got, err, tc.want)
		}
		if err != nil && strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: the error repeats the text: %v", tc.name, err)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	for _, s := range []string{"", "eyJ.a.b", "Bearer x", "gp_access_token=x; y=z", "curl -H 'cookie: gp_access_token=a'", "Authorization: \"q\"", "a=b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token, err := ParseToken(text)
		if err != nil {
			return
		}
		if !strings.Contains(text, token) || strings.ContainsAny(token, " \t\r\n\"';,") || token == "" {
			t.Errorf("ParseToken(%q) = %q", text, token)
		}
	})
}
