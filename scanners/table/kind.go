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
		Facts: scanners.Facts{
			Enabled: "a column", LastActivity: "columns, each a signal", Precision: "a day for dates without a time, more as configured", Created: "a column",
			Grants: "columns of group names", Licences: "columns", Privileged: "a column", Manager: "columns for manager, sponsor and owner",
			Completeness: "a sidecar, a trailer or a stated number of rows; without one consistent, never proved",
			Lookup:       "reads the files again", Rights: "read the files",
		},
	}
}
