package line

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// flow is one direction of one connection.
type flow struct {
	leg      *leg
	from, to net.Conn
	underWay chan packet
}

// packet is bytes under way, or if there are none the end of the flow.
type packet struct {
	data    []byte
	arrival time.Time
	err     error // of the end: io.EOF, or the connection is broken
}

var packets = sync.Pool{New: func() any { return new([packetSize]byte) }}

func newFlow(l *leg, from, to net.Conn) *flow {
	return &flow{leg: l, from: from, to: to, underWay: make(chan packet, l.window())}
}

// take puts on the line what its sender sends, at the pace of the line.
func (f *flow) take(broken <-chan struct{}) {
	defer close(f.underWay)
	for {
		room := packets.Get().(*[packetSize]byte)
		n, err := f.from.Read(room[:])
		if n > 0 && !f.put(packet{data: room[:n]}, broken) {
			return
		}
		if err != nil {
			f.put(packet{err: err}, broken)
			return
		}
	}
}

func (f *flow) put(p packet, broken <-chan struct{}) bool {
	var ok bool
	if p.arrival, ok = f.leg.send(len(p.data), broken); !ok {
		return false
	}
	select {
	case f.underWay <- p:
		return true
	case <-broken:
		return false
	}
}

// deliver hands over what arrives when it arrives.
func (f *flow) deliver(broken <-chan struct{}, breakOff func()) {
	for p := range f.underWay {
		if !sleep(time.Until(p.arrival), broken) {
			return
		}
		if err := f.hand(p); err != nil {
			breakOff()
			return
		}
	}
}

// hand gives a packet to the receiver. It returns an error if the connection is
// broken.
func (f *flow) hand(p packet) error {
	if p.err != nil {
		if errors.Is(p.err, io.EOF) {
			return closeWrite(f.to)
		}
		return p.err
	}
	_, err := f.to.Write(p.data)
	f.leg.carried.Add(int64(len(p.data)))
	packets.Put((*[packetSize]byte)(p.data[:packetSize]))
	return err
}

// closeWrite signals the other end that nothing more comes.
func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}
