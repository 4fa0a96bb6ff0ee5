package mongo

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gondola-sync/gondola/state/statetest"
)

// proxy stands between a backend and the server. It understands enough of the
// protocol to count changes of the store, to refuse them, and to cut the line.
type proxy struct {
	listener net.Listener
	server   string
	wg       sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]bool
	left   int // changes until all are refused; negative for no end
	cut    bool
	cutAt  int // changes until the line is cut before the answer; negative for never
	cost   statetest.Cost
	counts map[string]int // commands by name
	before func()         // runs once, before the next change reaches the server
}

func newProxy(t testing.TB) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(serverURI, "mongodb://"), "/")
	p := &proxy{
		listener: listener, server: host[strings.LastIndexByte(host, '@')+1:],
		conns: map[net.Conn]bool{}, left: -1, cutAt: -1, counts: map[string]int{},
	}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		listener.Close()
		p.setCut(true)
		p.wg.Wait()
	})
	return p
}

func (p *proxy) host() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.serve(conn) })
	}
}

// serve carries messages both ways until either side ends.
func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	if !p.add(client, server) {
		return
	}
	defer p.remove(client, server)
	p.wg.Go(func() {
		defer client.Close()
		for {
			message, err := readMessage(server)
			if err != nil || p.cuts() {
				return
			}
			if _, err := client.Write(message); err != nil {
				return
			}
		}
	})
	for {
		message, err := readMessage(client)
		if err != nil {
			return
		}
		to := server
		if command, ok := commandOf(message); ok && p.refuses(command, len(message)) {
			message, to = refusal(message), client
		}
		if _, err := to.Write(message); err != nil {
			return
		}
	}
}

func (p *proxy) add(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.conns[c] = true
	}
	return !p.cut
}

func (p *proxy) remove(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.conns, c)
	}
}

// setCut cuts the line, or mends it.
func (p *proxy) setCut(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = cut
	if cut {
		for c := range p.conns {
			c.Close()
		}
	}
}

// refuseFrom refuses the nth change from now on and all later ones.
func (p *proxy) refuseFrom(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = n - 1
}

// interfere calls before once, before the next change reaches the server.
func (p *proxy) interfere(before func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before = before
}

// cutAfter lets n more changes reach the server and loses the answer to the
// last of them, once.
func (p *proxy) cutAfter(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutAt = n
}

// cuts reports whether the answer at hand is to be lost, with its connection.
func (p *proxy) cuts() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cutAt != 0 {
		return false
	}
	p.cutAt = -1
	return true
}

// refuses counts a command and reports whether it is a change that must not
// reach the server.
func (p *proxy) refuses(command string, size int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[command]++
	if !slices.Contains([]string{"insert", "update", "delete", "findAndModify", "createIndexes"}, command) {
		return false
	}
	if p.left == 0 {
		return true
	}
	if p.left > 0 {
		p.left--
	}
	if p.before != nil {
		p.before()
		p.before = nil
	}
	if p.cutAt > 0 {
		p.cutAt--
	}
	p.cost.Writes++
	p.cost.Bytes += int64(size)
	return false
}

// spent returns what has been written through the proxy.
func (p *proxy) spent() statetest.Cost {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cost
}

const (
	headerSize = 16
	opMsg      = 2013
	maxMessage = 48 << 20
)

func readMessage(r io.Reader) ([]byte, error) {
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	size := int(binary.LittleEndian.Uint32(header))
	if size < headerSize || size > maxMessage {
		return nil, errors.New("not a message")
	}
	message := append(header, make([]byte, size-headerSize)...)
	_, err := io.ReadFull(r, message[headerSize:])
	return message, err
}

// commandOf returns the command of a request.
func commandOf(message []byte) (string, bool) {
	const body = headerSize + 4 + 1 // flags, then the kind of the first section
	if binary.LittleEndian.Uint32(message[12:]) != opMsg || len(message) < body || message[body-1] != 0 {
		return "", false
	}
	first, err := bson.Raw(message[body:]).IndexErr(0)
	if err != nil {
		return "", false
	}
	return first.Key(), true
}

// refusal answers a request as a server does that will not.
func refusal(request []byte) []byte {
	doc, err := bson.Marshal(bson.D{{Key: "ok", Value: 0.0}, {Key: "errmsg", Value: "the process is dead"}, {Key: "code", Value: 2}, {Key: "codeName", Value: "BadValue"}})
	if err != nil {
		panic(err)
	}
	size := headerSize + 4 + 1 + len(doc)
	answer := binary.LittleEndian.AppendUint32(nil, uint32(size))
	answer = binary.LittleEndian.AppendUint32(answer, 1)
	answer = append(answer, request[4:8]...) // in answer to its number
	answer = binary.LittleEndian.AppendUint32(answer, opMsg)
	answer = append(answer, 0, 0, 0, 0, 0)
	return append(answer, doc...)
}
