package route

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// JSON answers with a status and a value in JSON.
func JSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		panic(err) // maps of plain values, and raw JSON that tests wrote
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	_, _ = w.Write(data) // the client may be gone
}
