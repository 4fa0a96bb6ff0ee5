package resumable

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"net/http"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
)

// Checksum is a digest that is computed of the bytes as they pass.
type Checksum int

// The checksums. MD5, CRC32C and SHA256 are compared with the server's when its
// final answer names one.
const (
	SHA256 Checksum = iota
	MD5
	CRC32C
	NoChecksum
)

// String returns the name that Google's services use.
func (c Checksum) String() string {
	return [...]string{"sha256", "md5", "crc32c", "none"}[c]
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// hash returns a new hash, or nil for NoChecksum.
func (c Checksum) hash() hash.Hash {
	switch c {
	case SHA256:
		return sha256.New()
	case MD5:
		return md5.New()
	case CRC32C:
		return crc32.New(castagnoli)
	}
	return nil
}

// Object is what a server says about a finished object.
type Object struct {
	Size   int64  // bytes, or Unknown
	MD5    []byte // nil: unknown; so the others
	CRC32C []byte // big-endian
	SHA256 []byte
}

// sum returns the digest of a kind, or nil.
func (o *Object) sum(c Checksum) []byte {
	switch {
	case o == nil:
		return nil
	case c == MD5:
		return o.MD5
	case c == CRC32C:
		return o.CRC32C
	case c == SHA256:
		return o.SHA256
	}
	return nil
}

// ChecksumError says that the server holds other bytes than were read. The
// object exists at the server and is not deleted.
type ChecksumError struct {
	Checksum      Checksum
	Local, Remote []byte
}

// Error names both values, in base64 as Google's services write them.
func (e *ChecksumError) Error() string {
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("%s of the bytes is %s, the server says %s: the object is corrupt; delete it and transfer it again",
		e.Checksum, encode(e.Local), encode(e.Remote))
}

// resource is the JSON object by which services describe what they hold.
type resource struct {
	Size   json.RawMessage `json:"size"`
	MD5    string          `json:"md5Hash"`
	CRC32C string          `json:"crc32c"`
	MD5Hex string          `json:"md5Checksum"`    // of Drive
	SHAHex string          `json:"sha256Checksum"` // of Drive
}

// decodeObject reads what a final answer says about the object, in its JSON and
// its X-Goog-Hash header. A value that contradicts another, or is none, is an
// error: nothing can be verified by it.
func decodeObject(h http.Header, body []byte) (*Object, error) {
	o := &Object{Size: Unknown}
	if err := o.addHeader(h); err != nil {
		return nil, err
	}
	var r resource
	if body = bytes.TrimSpace(body); len(body) > 0 && body[0] == '{' {
		if err := jsonlimit.Unmarshal(body, &r, maxValues); err != nil {
			return nil, fmt.Errorf("answer is not the JSON of an object: %w", err)
		}
	}
	return o, errors.Join(o.setSize(r.Size),
		set(&o.MD5, "md5Hash", r.MD5, base64.StdEncoding.DecodeString, md5.Size),
		set(&o.MD5, "md5Checksum", r.MD5Hex, hex.DecodeString, md5.Size),
		set(&o.CRC32C, "crc32c", r.CRC32C, base64.StdEncoding.DecodeString, crc32.Size),
		set(&o.SHA256, "sha256Checksum", r.SHAHex, hex.DecodeString, sha256.Size))
}

// setSize reads a size that is written as text by some services and as a number
// by others.
func (o *Object) setSize(raw json.RawMessage) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	n, err := strconv.ParseUint(strings.Trim(string(raw), `"`), 10, 63)
	if err != nil {
		return fmt.Errorf("size in the answer is %s", oneLine(string(raw)))
	}
	o.Size = int64(n)
	return nil
}

// set decodes a digest, unless it is "".
func set(to *[]byte, name, text string, decode func(string) ([]byte, error), size int) error {
	if text == "" {
		return nil
	}
	sum, err := decode(text)
	switch {
	case err != nil || len(sum) != size:
		return fmt.Errorf("%s in the answer is %q", name, oneLine(text))
	case *to != nil && !bytes.Equal(*to, sum):
		return fmt.Errorf("answer has two values of %s", name)
	}
	*to = sum
	return nil
}

// addHeader reads X-Goog-Hash: pairs such as "crc32c=n03x6A==, md5=Ojk9…==", in
// one header or several.
func (o *Object) addHeader(h http.Header) error {
	for _, line := range h.Values("X-Goog-Hash") {
		for pair := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			var err error
			switch strings.ToLower(name) {
			case "md5":
				err = set(&o.MD5, "X-Goog-Hash", value, base64.StdEncoding.DecodeString, md5.Size)
			case "crc32c":
				err = set(&o.CRC32C, "X-Goog-Hash", value, base64.StdEncoding.DecodeString, crc32.Size)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// compare returns a *ChecksumError if the server's digest is not ours. It
// reports whether there were two to compare.
func (o *Object) compare(c Checksum, local []byte) (bool, error) {
	remote := o.sum(c)
	switch {
	case remote == nil || local == nil:
		return false, nil
	case !bytes.Equal(local, remote):
		return true, &ChecksumError{c, local, remote}
	}
	return true, nil
}
