package state

import (
	"bytes"
	"encoding/json"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// checkpointFields is a checkpoint as it is stored.
type checkpointFields station.Checkpoint

func newCheckpointFields(c *station.Checkpoint) *checkpointFields {
	if c == nil {
		return nil
	}
	f := checkpointFields(*c)
	f.StartedAt = media.Moment(c.StartedAt)
	return &f
}

// UnmarshalJSON reads a checkpoint. Before schema members had a place of their
// own, what the destination alone reads stood beside the others: the destination
// then finds it in the whole document.
func (f *checkpointFields) UnmarshalJSON(data []byte) error {
	var c station.Checkpoint
	if err := json.Unmarshal(data, &c); err != nil {
		return err
	}
	resume := c.Resume
	if resume == nil {
		resume = data
	}
	var compact bytes.Buffer // documents are indented
	if err := json.Compact(&compact, resume); err != nil {
		return err
	}
	c.Resume = compact.Bytes()
	*f = checkpointFields(c)
	return nil
}
