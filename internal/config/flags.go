package config

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// Prefix begins the name of every variable that belongs to a flag.
const Prefix = "GONDOLA_"

// Variable returns the environment variable of a flag, such as
// GONDOLA_STATE_DIR for state-dir.
func Variable(flag string) string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Unset are the flags that only the command line can set: they ask for
// something else than a run.
var unset = map[string]bool{"help": true, "version": true}

// HasVariable reports whether a flag can be set by a variable and in the config file.
func HasVariable(flag string) bool { return !unset[flag] }

// Origins says, by flag name, where each value came from.
type Origins map[string]Origin

// Apply sets every flag that the command line left unset from the strongest
// source that has a value for it. It returns a [*UsageError] for a value that
// the flag does not take.
func (s *Sources) Apply(flags *pflag.FlagSet) (Origins, error) {
	origins := Origins{}
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		switch {
		case f.Changed:
			origins[f.Name] = Flag
		case HasVariable(f.Name):
			origin, err := s.applyOne(f)
			origins[f.Name] = origin
			errs = append(errs, err)
		}
	})
	return origins, errors.Join(errs...)
}

func (s *Sources) applyOne(f *pflag.Flag) (Origin, error) {
	if name, value, origin := s.variable(f.Name); origin != Default {
		if err := set(f, []string{value}, true); err != nil {
			return origin, &UsageError{Message: fmt.Sprintf("variable %s: %v", name, err)}
		}
		return origin, nil
	}
	if values, ok := s.file.values[f.Name]; ok {
		if err := set(f, values, false); err != nil {
			return s.fileOrigin, &UsageError{Message: fmt.Sprintf("config file %s: key %q: %v", s.path, f.Name, err)}
		}
		return s.fileOrigin, nil
	}
	return Default, nil
}

// Setting returns where a flag that the command line left unset has its value from,
// such as "variable GONDOLA_STATE_DIR"; "" for its default.
func (s *Sources) Setting(flag string) string {
	if !HasVariable(flag) {
		return ""
	}
	switch name, _, origin := s.variable(flag); origin {
	case Environment:
		return "variable " + name
	case DotEnv:
		return "variable " + name + " in .env"
	}
	if _, ok := s.file.values[flag]; ok {
		return fmt.Sprintf("key %q of config file %s", flag, s.path)
	}
	return ""
}

// variable finds a flag's value in the variables: its own, else q2google's.
func (s *Sources) variable(flag string) (name, value string, origin Origin) {
	name = Variable(flag)
	if value, origin = s.lookup(name); origin != Default {
		return name, value, origin
	}
	for _, legacy := range q2googleNames[flag] {
		if value, origin = s.lookup(legacy); origin != Default {
			return legacy, fromQ2Google(flag, value), origin
		}
	}
	return "", "", Default
}

// set gives a flag its value. A list in one text is comma-separated.
func set(f *pflag.Flag, values []string, split bool) error {
	list, isList := f.Value.(pflag.SliceValue)
	switch {
	case isList && split:
		fields, err := csv.NewReader(strings.NewReader(values[0])).Read()
		if err != nil {
			return fmt.Errorf("%q is not a comma-separated list", values[0])
		}
		return list.Replace(fields)
	case isList:
		return list.Replace(values)
	case len(values) != 1:
		return errors.New("one value is expected, not a list")
	}
	value := values[0]
	if f.Value.Type() == "bool" {
		value = boolean(value)
	}
	if f.Value.Set(value) != nil {
		return fmt.Errorf("%q: %s is expected", value, Expected(f))
	}
	return nil
}

// Expected says in words what a flag takes, such as "a whole number".
func Expected(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "bool":
		return "true or false"
	case "int":
		return "a whole number"
	case "duration":
		return "a time such as 90s, 15m or 2h"
	case "stringSlice":
		return "a comma-separated list"
	}
	return "another value"
}

// boolean understands common words for true and false, and q2google's.
func boolean(value string) string {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "yes", "on", "y", "t", "true", "1":
		return "true"
	case "no", "off", "n", "f", "false", "0":
		return "false"
	}
	return value
}
