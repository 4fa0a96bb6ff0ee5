// Package page shows the emulator's web pages: the library, the consent and its
// refusal.
package page
