package pgserver

import (
	"os"
	"os/exec"
)

type user struct{}

func serverUser() (*user, error) { return nil, nil }

func (*user) own(string) error { return nil }

func (*user) run(*exec.Cmd) {}

var stopFast, stopDead = os.Interrupt, os.Kill
