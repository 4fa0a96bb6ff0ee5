package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

func (e *Emulator) controlRoutes() []route { return nil }

// decodeStrictly decodes one JSON value and refuses unknown members.
func decodeStrictly(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("data after the JSON value")
	}
	return nil
}
