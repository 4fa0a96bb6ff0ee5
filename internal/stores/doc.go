// Package stores is the list of the kinds of stores that the program knows: a
// front opens one by its URI, and names no driver.
package stores
