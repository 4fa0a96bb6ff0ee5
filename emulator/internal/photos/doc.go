// Package photos is the Library API of Google Photos: items and albums of users,
// each project seeing its own, batches, searches, pages, and base URLs with the
// renditions of an item.
package photos
