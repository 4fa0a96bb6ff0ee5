// Package gondola carries media from one station to another, resumably and
// without touching the ground.
package gondola
