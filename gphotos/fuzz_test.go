package gphotos

import (
	"encoding/json"
	"testing"
)

func FuzzCreateResponse(f *testing.F) {
	f.Add([]byte(`{"newMediaItemResults":[{"uploadToken":"x","status":{"message":"Success"},"mediaItem":{"id":"1","mediaMetadata":{"width":"1","height":"2","creationTime":"2026-01-30T09:00:00Z"}}},{"uploadToken":"y","status":{"code":3}}]}`))
	f.Add([]byte(`{"newMediaItemResults":[{"uploadToken":"y"},{"uploadToken":"y"}]}`))
	f.Add([]byte(`{"newMediaItemResults":[{},{"mediaItem":{"mediaMetadata":{"width":12}}}]}`))
	f.Add([]byte(`{}`))
	items := []NewItem{{Token: "x"}, {Token: "y"}}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var r createResponse
		if json.Unmarshal(doc, &r) != nil {
			return
		}
		results, err := r.inOrder(items)
		if err != nil {
			return
		}
		if len(results) != len(items) {
			t.Fatalf("%d results for %d items", len(results), len(items))
		}
		for i, res := range results {
			for _, wire := range r.Results {
				if wire.Item != nil && wire.Item == res.Item && wire.Token != "" && wire.Token != items[i].Token {
					t.Errorf("item %d got the result of another", i)
				}
				if wire.Item != nil {
					wire.Item.item() // must not panic
				}
			}
		}
	})
}
