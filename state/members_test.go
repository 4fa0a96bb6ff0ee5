package state

import (
	"strings"
	"testing"
)

func TestMembers(t *testing.T) {
	const data = " { \"a\" : 1 , \"b\\u00e9\":\"x\\\\\\\"}\" ,\t\"c\": [ {\"d\":\"]\"}, 2 ]\n,\"a\":null,\"\": -1.5e3 } "
	got, err := members([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a": "null", "bé": `"x\\\"}"`, "c": `[ {"d":"]"}, 2 ]`, "": "-1.5e3"}
	for key, v := range want {
		if string(got[key]) != v {
			t.Errorf("%q = %s, want %s", key, got[key], v)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d members, want %d: %s", len(got), len(want), got)
	}
}

// Of Gondola's own fields the exact key counts, and the last one of a kind.
func TestOwnFieldsAreTakenByTheirExactKey(t *testing.T) {
	it, _, err := DecodeItem([]byte(`{"file_name": "a", "gondola": {"seq": 1, "Seq": 5, "checkpoint": {"url": "u"}, "checkpoint": {"offset": 2}, "seq": 3}}`))
	if err != nil {
		t.Fatal(err)
	}
	if it.Seq != 3 || it.Checkpoint == nil || strings.Contains(string(it.Checkpoint.Resume), "url") {
		t.Errorf("item = %+v, checkpoint %+v", it, it.Checkpoint)
	}
	if got := string(it.Extra[ownKey]); got != `{"Seq":5}` {
		t.Errorf("unknown fields = %s", got)
	}
}
