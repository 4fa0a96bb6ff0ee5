//go:build !linux

package main

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func TestDisk(t *testing.T) {
	t.Skip("disks that fill up or fail to sync are made on Linux only; package state/jsondir tests single failing writes everywhere")
}
