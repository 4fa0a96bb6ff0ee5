package faultmatrix

import (
	"strconv"

	"github.com/gondola-sync/gondola/emulator"
)

func itoa(n int) string { return strconv.Itoa(n) }

// ill is a fault that passes, wherever it hits.
type ill struct {
	name  string
	fault emulator.Fault
	body  bool // it needs a request with a body
}

func status(code int) emulator.Fault { return emulator.Fault{Kind: emulator.FaultStatus, Status: code} }

func passing() []ill {
	return []ill{
		{name: "500", fault: status(500)},
	}
}

// places are the routes of a sync, and how each is brought to be called.
type place struct {
	route string
	row   row
	body  bool
}

func places() []place {
	return []place{{route: "gopro.search", row: row{world: plain}}}
}

func matrix() (rows []*row) {
	for _, p := range places() {
		for _, i := range passing() {
			r := p.row
			r.route, r.fault = p.route, i.name
			r.faults = append(on(p.route, i.fault), r.faults...)
			rows = append(rows, &r)
		}
	}
	return rows
}
