package resumable

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Words of the X-Goog-Upload protocol.
const (
	headerChunk    = "X-Goog-Upload-Chunk-Granularity"
	headerCommand  = "X-Goog-Upload-Command"
	headerOffset   = "X-Goog-Upload-Offset"
	headerProtocol = "X-Goog-Upload-Protocol"
	headerRawSize  = "X-Goog-Upload-Raw-Size"
	headerReceived = "X-Goog-Upload-Size-Received"
	headerStatus   = "X-Goog-Upload-Status"
	headerType     = "X-Goog-Upload-Content-Type"
	headerURL      = "X-Goog-Upload-Url" // Google writes URL; net/http canonicalises what it receives

	statusActive    = "active"
	statusFinal     = "final"
	statusCancelled = "cancelled"
)

const (
	// defaultGranularity stands in for one that the server does not announce;
	// it is a multiple of all that are known to be in use at Photos.
	defaultGranularity = 256 << 10
	maxGranularity     = 1 << 30
	absent             = -1
)

// uploadStatus returns the session status in an answer, or "".
func uploadStatus(h http.Header) string {
	s := strings.ToLower(strings.TrimSpace(h.Get(headerStatus)))
	switch s {
	case "canceled":
		return statusCancelled
	case statusActive, statusFinal, statusCancelled, "":
		return s
	}
	return "unknown"
}

// received returns the bytes that the server says it holds, or absent.
func received(h http.Header) (int64, error) {
	return sizeHeader(h, headerReceived)
}

// granularity returns the announced granularity or the default.
func granularity(h http.Header) (int64, error) {
	switch n, err := sizeHeader(h, headerChunk); {
	case err != nil:
		return 0, err
	case n == absent:
		return defaultGranularity, nil
	case n == 0 || n > maxGranularity:
		return 0, fmt.Errorf("%s is %d", headerChunk, n)
	default:
		return n, nil
	}
}

func sizeHeader(h http.Header, name string) (int64, error) {
	v := strings.TrimSpace(h.Get(name))
	if v == "" {
		return absent, nil
	}
	n, err := strconv.ParseUint(v, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%s is %q", name, oneLine(v))
	}
	return int64(n), nil
}
