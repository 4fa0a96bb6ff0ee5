// Package oauth is Google's authorization server: the consent page, the token
// endpoints, and what an access token stands for.
package oauth
