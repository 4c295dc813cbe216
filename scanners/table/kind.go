package table

import "github.com/leaver-audit/leaver/scanners"

// Kind is the connector for files, for accounts and for people.
func Kind() scanners.Kind {
	return scanners.Kind{
		Name:         "table",
		Summary:      "files: CSV, Excel workbooks, JSON, JSON Lines, Parquet",
		Accounts:     scanners.Typed(openPreset),
		People:       scanners.Typed(openPeople),
		Config:       func() any { return &AccountConfig{} },
		PeopleConfig: func() any { return &PeopleConfig{} },
	}
}
