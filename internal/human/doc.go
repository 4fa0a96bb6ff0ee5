// Package human writes numbers as words for those who read them.
package human
