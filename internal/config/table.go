package config

import (
	"fmt"
	"strings"
)

// Table is a table of the config file, such as [gopro.anna]: texts by key. Keys
// have dashes, whichever of - and _ the file has.
type Table map[string][]string

// Tables returns the tables of the config file by service and profile: the table
// [gopro.anna] is Tables()["gopro"]["anna"].
func (s *Sources) Tables() map[string]map[string]Table { return s.file.tables }

// ConfigFile returns the path of the config file that was read, "" for none.
func (s *Sources) ConfigFile() string { return s.path }

// checkTables refuses tables in a config file that .env names: they can name
// commands to run, and the working directory may be another person's.
func (s *Sources) checkTables() error {
	if len(s.file.tables) > 0 && s.fileOrigin == DotEnv {
		return &UsageError{Message: fmt.Sprintf("config file %s: tables of profiles are not read from a file that GONDOLA_CONFIG in .env names: name it by --config or in the environment", s.path)}
	}
	return nil
}

// parseTables reads the tables of one service.
func parseTables(service string, parsed map[string]any) (map[string]Table, error) {
	tables := make(map[string]Table, len(parsed))
	for name, v := range parsed {
		keys, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("table [%s]: key %q must be in the table of a profile, such as [%s.NAME]; keys without a table are the names of flags", service, name, service)
		}
		table, err := parseTable(keys)
		if err != nil {
			return nil, fmt.Errorf("table [%s.%s]: %w", service, name, err)
		}
		tables[name] = table
	}
	return tables, nil
}

func parseTable(keys map[string]any) (Table, error) {
	table := make(Table, len(keys))
	for key, v := range keys {
		texts, err := fileValue(v)
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", key, err)
		}
		table[strings.ReplaceAll(key, "_", "-")] = texts
	}
	return table, nil
}
