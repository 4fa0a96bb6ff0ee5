package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/gondola-sync/gondola/resumable"
)

// options is what the command line says.
type options struct {
	url         string
	kind        resumable.Kind
	contentType string
	metadata    json.RawMessage
	chunk       int64
	unknownSize bool
	state       string
	checksum    resumable.Checksum
	header      http.Header
	file        string
}

const synopsis = `usage: upload -url URL [-protocol resumable|multipart|simple] [-type MIME] [-metadata JSON] [-chunk BYTES]
              [-unknown-size] [-state FILE] [-checksum md5|crc32c|none] [-header 'K: V']... FILE|-

Uploads FILE, or standard input, and prints one line of JSON.
`

// parse reads the command line.
func parse(args []string, stderr io.Writer) (options, error) {
	o := options{kind: resumable.Resumable, checksum: resumable.MD5, header: http.Header{}}
	flags := flag.NewFlagSet("upload", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.url, "url", "", "where the upload goes, with its uploadType")
	flags.Func("protocol", "resumable, multipart or simple (default resumable)", choice(&o.kind, map[string]resumable.Kind{
		"resumable": resumable.Resumable, "multipart": resumable.Multipart, "simple": resumable.Simple,
	}))
	flags.StringVar(&o.contentType, "type", "", "MIME type of the file (default application/octet-stream)")
	flags.Func("metadata", "JSON object that describes the file to the server", o.setMetadata)
	flags.Int64Var(&o.chunk, "chunk", 8<<20, "bytes of a chunk, a multiple of 262144")
	flags.BoolVar(&o.unknownSize, "unknown-size", false, "read FILE to its end, and do not announce its size")
	flags.StringVar(&o.state, "state", "", "file that keeps a resumable upload in progress, and from which it is resumed")
	flags.Func("checksum", "md5, crc32c or none: compared with the one that the server returns, if any (default md5)", choice(&o.checksum, map[string]resumable.Checksum{
		"md5": resumable.MD5, "crc32c": resumable.CRC32C, "none": resumable.NoChecksum,
	}))
	flags.Func("header", "header of the request that starts the upload, such as 'Authorization: Bearer TOKEN'; may be repeated", o.addHeader)
	if err := flags.Parse(args); err != nil {
		fmt.Fprint(stderr, synopsis)
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return o, err
	}
	if flags.NArg() != 1 {
		return o, fmt.Errorf("give one FILE, or - for standard input; have %d", flags.NArg())
	}
	o.file = flags.Arg(0)
	return o, o.check()
}

// choice sets one of a few values by its name.
func choice[T any](to *T, values map[string]T) func(string) error {
	return func(name string) error {
		v, ok := values[name]
		if !ok {
			return errors.New("is none of those")
		}
		*to = v
		return nil
	}
}

func (o *options) setMetadata(text string) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &object); err != nil || object == nil {
		return errors.New("is not a JSON object")
	}
	o.metadata = json.RawMessage(text)
	return nil
}

func (o *options) addHeader(text string) error {
	name, value, ok := strings.Cut(text, ":")
	value = strings.TrimSpace(value)
	if !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
		return errors.New("is not of the form 'Name: value'")
	}
	o.header.Add(name, value)
	return nil
}

// check returns what is wrong with the options together.
func (o *options) check() error {
	u, err := url.Parse(o.url)
	switch {
	case o.url == "":
		return errors.New("-url is missing")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("-url is not a URL of http or https")
	case o.state != "" && o.file == "-":
		return errors.New("-state needs a FILE: standard input cannot be read again")
	case o.kind == resumable.Simple && o.metadata != nil:
		return errors.New("-metadata needs a multipart or a resumable upload")
	}
	return nil
}
