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
		{"cookie export", `[{"domain":".gopro.com","name":"gp_user_id","value":"0f3a1c9e-0f3a-1c9e"},` +
			`{"name":"gp_access_token","path":"/","expirationDate":1790000000,"value":"` + token + `"}]`},
		{"cookie export with a path first", `[{"name":"gp_access_token","path":"/","value":"` + token + `"}]`},
		{"storage state", `{"cookies":[{"name":"gp_access_token","value":"` + token + `","domain":".gopro.com","path":"/"}],"origins":[]}`},
		{"request in JSON", `{"log":{"entries":[{"request":{"headers":[{"name":"cookie","value":"a=b; gp_access_token=` + token + `"}]}}]}}`},
		{"row of DevTools", "gp_access_token\t" + token + "\t.gopro.com\t/\t2026-12-01T00:00:00.000Z\t1300\t✓\t✓"},
		{"row of DevTools with spaces", "gp_access_token   " + token + "   .gopro.com   /"},
		{"cookies.txt", "# Netscape HTTP Cookie File\n.gopro.com\tTRUE\t/\tTRUE\t1790000000\tgp_user_id\t0f3a1c9e\n" +
			".gopro.com\tTRUE\t/\tTRUE\t1790000000\tgp_access_token\t" + token + "\n"},
		{"export", "export GP_ACCESS_TOKEN=" + token},
		{"export with quotes", "export GP_ACCESS_TOKEN='" + token + "'"},
		{"set", "set GP_ACCESS_TOKEN=" + token},
		{"PowerShell variable", `$env:GP_ACCESS_TOKEN = "` + token + `"`},
		{"our own variable", "GONDOLA_GOPRO_TOKEN=" + token},
		{"q2google's variable", "Q2GOOGLE_GOPRO_ACCESS_TOKEN=" + token},
		{"byte order mark", "\ufeff" + token + "\r\n"},
		{"typographic quotes", "“" + token + "”"},
		{"typographic quotes in a setting", "GP_ACCESS_TOKEN=‘" + token + "’"},
		{"low and high quotes", "„" + token + "“"},
		{"no-break spaces", "\u00a0Bearer\u00a0" + token + "\u200b"},
	} {
		if got, err := ParseToken(tc.text); err != nil || got != token {
			t.Errorf("%s: ParseToken = %q, %v", tc.name, got, err)
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
		{"a word", "path", "shorter"},
		{"a word as Bearer", "Bearer path", "shorter"},
		{"a word as cookie", "gp_access_token=path", "shorter"},
		{"a piece of a cookie export", `"name":"gp_access_token","path":"/SECRET"`, "no value"},
		{"a cut cookie export", `[{"name":"gp_access_token","path":"/","val`, "not JSON"},
		{"a cookie export without it", `[{"name":"gp_user_id","value":"SECRET-SECRET"}]`, "no cookie gp_access_token"},
		{"a cookie export without its value", `[{"name":"gp_access_token","path":"/"}]`, "no cookie gp_access_token"},
		{"UTF-16", "\xff\xfeS\x00E\x00C\x00R\x00E\x00T\x00", "UTF-16"},
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
		plain := strings.TrimSpace(typography.Replace(text))
		inJSON := plain[0] == '[' || plain[0] == '{' // where it may be escaped
		if !inJSON && !strings.Contains(plain, token) || strings.ContainsAny(token, " \t\r\n\"';,") || len(token) < minToken {
			t.Errorf("ParseToken(%q) = %q", text, token)
		}
	})
}
