// Package filing says into which albums of the destination items go: the one that a
// template names, and those that hold them at their source.
package filing
