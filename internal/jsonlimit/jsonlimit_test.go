package jsonlimit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/internal/jsonlimit/limittest"
)

func TestRead(t *testing.T) {
	const limit = 10000
	for _, n := range []int{0, 1, 4095, 4096, 4097, limit - 1, limit, limit + 1, 3 * limit} {
		text := strings.Repeat("x", n)
		for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.DataErrReader(strings.NewReader(text))} {
			got, err := jsonlimit.Read(r, limit)
			if string(got) != text[:min(n, limit)] || errors.Is(err, jsonlimit.ErrTooLarge) != (n > limit) || err != nil && n <= limit {
				t.Errorf("%d bytes: read %d, %v", n, len(got), err)
			}
		}
	}
	broken := errors.New("broken")
	got, err := jsonlimit.Read(io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(broken)), limit)
	if string(got) != "ab" || !errors.Is(err, broken) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestReadTakesItsLimit: reading does not take several times what it reads.
func TestReadTakesItsLimit(t *testing.T) {
	const limit = 8 << 20
	body := bytes.Repeat([]byte("x"), limit)
	took := limittest.Allocated(func() { jsonlimit.Read(bytes.NewReader(body), limit) })
	if took > 2*limit+limittest.Slack {
		t.Errorf("reading %d bytes takes %d", limit, took)
	}
}

func TestCheck(t *testing.T) {
	for text, values := range map[string]int{
		`7`: 1, `"a,b,[{"`: 1, `[1,2,3]`: 4, `{"a":1,"b":[2]}`: 4, `"\",["`: 1, `"unended,,,,`: 1, `a=1&b=2`: 2, ``: 1,
	} {
		if err := jsonlimit.Check([]byte(text), values); err != nil {
			t.Errorf("%s: %v, want at most %d values", text, err, values)
		}
		if err := jsonlimit.Check([]byte(text), values-1); values > 1 && !errors.Is(err, jsonlimit.ErrTooLarge) {
			t.Errorf("%s: %v, want more than %d values", text, err, values-1)
		}
	}
}

func TestList(t *testing.T) {
	limits := jsonlimit.Limits{Elements: 3, Bytes: 6, Values: 3}
	for text, want := range map[string][]string{
		`[1, "a" ,{}]`: {"1", `"a"`, "{}"}, `[]`: nil, ` [ ] `: nil, `{"a":1}`: nil, `null`: nil,
		`[1234567,[0,0],[[[]]]]`: {"null", "[0,0]", "null"},
	} {
		got, err := jsonlimit.List([]byte(text), limits, func(b []byte) string { return string(b) })
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	if got, err := jsonlimit.List([]byte(`[0,0,0,0]`), limits, func([]byte) int { return 0 }); !errors.Is(err, jsonlimit.ErrTooLarge) || got != nil {
		t.Errorf("%v, %v", got, err)
	}
}

func TestMember(t *testing.T) {
	const text = ` { "a" : [1 , {"a":2}] , "b\u0061" : "x" ,"c":{}, "a":-1.5e3 } `
	for name, want := range map[string]string{"a": "-1.5e3", "ba": `"x"`, "c": "{}", "d": "", "b\\u0061": ""} {
		if got := jsonlimit.Member([]byte(text), name); string(got) != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := jsonlimit.Member([]byte(`[{"a":1}]`), "a"); got != nil {
		t.Errorf("a member of an array: %s", got)
	}
}

func TestObject(t *testing.T) {
	for text, want := range map[string]string{
		`{}`: "map[]", ` {"a":1,"\u0061":[2], "b" : {"c":3} }`: `map[a:[2] b:{"c":3}]`,
		`[]`: "want a JSON object", `null`: "want a JSON object", `{"a":1,"b":2,"c":3}`: "more than 2 members",
	} {
		members, err := jsonlimit.Object([]byte(text), 2)
		got := map[string]string{}
		for name, value := range members {
			got[name] = string(value)
		}
		if err == nil && fmt.Sprint(got) != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v, want %s", text, got, err, want)
		}
	}
}

func TestAppendMember(t *testing.T) {
	object, want := []byte("{"), map[string]int{}
	for n, name := range []string{"a", "zusätze", `"\`, "a\nb", "", "\u2028<&>", "\xff"} {
		object = jsonlimit.AppendMember(object, name, []byte(fmt.Sprint(n)))
		want[strings.ToValidUTF8(name, "\ufffd")] = n
	}
	got := map[string]int{}
	if err := json.Unmarshal(append(object, '}'), &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s}: %v, %v", object, got, err)
	}
}

// TestTransport: whoever decodes an answer behind it gets a bounded one.
func TestTransport(t *testing.T) {
	const limit, values = 1 << 10, 20
	for body, good := range map[string]bool{
		`{"access_token":"t"}`: true, strings.Repeat(" ", limit): true, strings.Repeat(" ", limit+1): false,
		"[" + strings.Repeat("0,", values) + "0]": false, strings.Repeat("&a=", values): false,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }))
		client := http.Client{Transport: jsonlimit.Transport(&http.Transport{}, limit, values)}
		resp, err := client.Get(server.URL)
		if (err == nil) != good || err != nil && !errors.Is(err, jsonlimit.ErrTooLarge) {
			t.Errorf("a body of %d bytes, %.20s: %v", len(body), body, err)
		}
		if err == nil {
			if got, err := io.ReadAll(resp.Body); err != nil || string(got) != body {
				t.Errorf("read %q, %v", got, err)
			}
		}
		client.CloseIdleConnections()
		server.Close()
	}
}

// FuzzScan compares what is found in valid JSON with encoding/json, and asks for
// no memory in doing so.
func FuzzScan(f *testing.F) {
	for _, text := range []string{`{"a":[1,{"b":"\"]"}],"\u0061":null}`, ` [ {} , [ ] , "" , -0.1e+5 , true ] `, `"x"`, `{"a":{},"a":1}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		jsonlimit.Check(text, 100)
		if !json.Valid(text) {
			return
		}
		var array []json.RawMessage
		if json.Unmarshal(text, &array) == nil {
			i := 0
			for element := range jsonlimit.Elements(text) {
				if i >= len(array) || string(element) != string(array[i]) {
					t.Fatalf("element %d of %s: %s", i, text, element)
				}
				i++
			}
			if i != len(array) {
				t.Errorf("%d of %d elements of %s", i, len(array), text)
			}
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(text, &object) != nil {
			return
		}
		for name, want := range object {
			if got := jsonlimit.Member(text, name); strings.ToValidUTF8(name, "") == name && !strings.Contains(name, "\ufffd") && string(got) != string(want) {
				t.Errorf("%q of %s: %s, want %s", name, text, got, want)
			}
		}
	})
}
