// Package gopro is the GoPro cloud: its API, the signed URLs of its CDN, and its
// thumbnails, for several accounts that do not see each other. What is known about
// the real service, and how well, is in docs/gopro-cloud.md.
package gopro
