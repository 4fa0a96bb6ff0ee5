package config

import "strings"

// q2googleNames are the variables of q2google that mean what a flag means, in
// the order in which they are asked.
var q2googleNames = map[string][]string{
	"credentials":      {"Q2GOOGLE_CREDENTIALS_PATH"},
	"token":            {"Q2GOOGLE_TOKEN_PATH"},
	"state-dir":        {"Q2GOOGLE_STATE_DIR"},
	"state":            {"Q2GOOGLE_STATE_URI"},
	"session-id":       {"Q2GOOGLE_SESSION_ID"},
	"max-items":        {"Q2GOOGLE_GOPRO_MAX_ITEMS"},
	"prefer-height":    {"Q2GOOGLE_GOPRO_PREFER_HEIGHT"},
	"batch-size":       {"Q2GOOGLE_PHOTOS_LIBRARY_BATCH_SIZE", "Q2GOOGLE_SYNC_BATCH_SIZE"},
	"chunk-multiplier": {"Q2GOOGLE_CHUNK_GRANULARITY_MULTIPLIER"},
	"fail-fast":        {"Q2GOOGLE_FAIL_FAST"},
	"log-level":        {"Q2GOOGLE_LOG_LEVEL"},
}

// Q2GoogleVariables returns the variables of q2google that are understood for
// a flag where its own variable is not set.
func Q2GoogleVariables(flag string) []string { return q2googleNames[flag] }

// fromQ2Google turns a value of q2google into the flag's words.
func fromQ2Google(flag, value string) string {
	if flag != "log-level" {
		return value
	}
	switch level := strings.ToLower(value); level {
	case "debug", "info", "error":
		return level
	case "critical", "fatal":
		return "error"
	default: // as q2google treats names it does not know
		return "warn"
	}
}
