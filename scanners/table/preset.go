package table

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// preset is what is known of the people export of one HR product. Everything in it can be set otherwise in leaver.yaml.
type preset struct {
	// columns are the names that the product's fields have in exports; reports often carry a label of the customer's own.
	columns PeopleColumns
	status  map[string]string
	dates   List
	// lastDay is how the product means the end; empty where that is not known, so that leaver.yaml has to say it.
	lastDay string
	rows    string
	// caution is what to look at before the first run.
	caution string
}

// mayLack are the fields that describe people and decide nothing: an export may leave them out.
func mayLack() List {
	return List{"other_ids", "given_name", "family_name", "display_name", "type", "department", "manager", "location"}
}

// presetNames lists the presets in order.
func presetNames() []string { return slices.Sorted(maps.Keys(presets())) }

// presets are made from the products' public documentation and what is generally known of them; none was run against a live tenant.
func presets() map[string]preset {
	return map[string]preset{
		"workday": {
			columns: PeopleColumns{ID: "Employee_ID", GivenName: "First_Name", FamilyName: "Last_Name", Mail: List{"Work_Email"}, Start: "Hire_Date",
				End: "Termination_Last_Day_of_Work", Status: "Worker_Status", Type: "Worker_Type", Department: "Supervisory_Organization",
				Manager: "Manager_ID", Location: "Location"},
			status:  map[string]string{"Active": "active", "On Leave": "leave", "Terminated": "terminated", "Retired": "retired", "Not Yet Hired": "prehire"},
			lastDay: "inclusive",
			caution: "Do not map the field Active to status: it is 0 for future hires too. Contingent workers have Contingent_Worker_ID in place of Employee_ID: make them a source of their own.",
		},
		"successfactors": {
			columns: PeopleColumns{ID: "personIdExternal", OtherIDs: List{"userId"}, GivenName: "firstName", FamilyName: "lastName", Mail: List{"email"},
				Start: "startDate", End: "endDate", Status: "emplStatus", Type: "employmentType", Department: "department", Manager: "managerId",
				Location: "location"},
			status: map[string]string{"A": "active", "D": "leave", "U": "leave", "P": "leave", "F": "leave", "S": "suspended", "R": "retired",
				"T": "terminated", "O": "terminated"},
			lastDay: "inclusive",
			caution: "userId changes on rehire and conversion, personIdExternal does not. D is the dormant home employment of a global assignment, O a discarded record. Dates have to be written YYYY-MM-DD.",
		},
		"bamboohr": {
			columns: PeopleColumns{ID: "employeeNumber", GivenName: "firstName", FamilyName: "lastName", Mail: List{"workEmail"}, Start: "hireDate",
				End: "terminationDate", Status: "status", Department: "department", Location: "location"},
			status:  map[string]string{"Active": "active", "Inactive": "terminated"},
			caution: "The field id is BambooHR's own number; accounts carry employeeNumber. Without one in every row the run is refused.",
		},
		"adp": {
			columns: PeopleColumns{ID: "Associate ID", GivenName: "First Name", FamilyName: "Last Name", Mail: List{"Work Contact: Work Email"},
				Start: "Hire Date", End: "Termination Date", Status: "Position Status", Type: "Worker Category Description",
				Department: "Home Department Description", Manager: "Reports To Associate ID", Location: "Location Description", EmploymentID: "Position ID"},
			status: map[string]string{"Active": "active", "Leave": "leave", "Terminated": "terminated"}, dates: List{"MM/DD/YYYY"},
			caution: "The File Number is unique only together with the company code, so it is no id. Where accounts carry it, export both as one column.",
		},
		"ukg": {
			columns: PeopleColumns{ID: "Employee Number", GivenName: "First Name", FamilyName: "Last Name", Mail: List{"Email Address"}, Start: "Last Hire Date",
				End: "Termination Date", Status: "Employment Status Code", Type: "Employee Type", Department: "Department", Manager: "Supervisor Employee Number",
				Location: "Location"},
			status: map[string]string{"A": "active", "L": "leave", "S": "suspended", "R": "retired", "T": "terminated"}, dates: List{"MM/DD/YYYY"},
			caution: "An employee number is unique within one company: make each company a source of its own.",
		},
		"oracle-hcm": {
			columns: PeopleColumns{ID: "PersonNumber", GivenName: "FirstName", FamilyName: "LastName", Mail: List{"EmailAddress"}, Start: "StartDate",
				End: "ActualTerminationDate", Status: "AssignmentStatusType", Type: "SystemPersonType", Department: "DepartmentName",
				Manager: "ManagerPersonNumber", Location: "LocationName", EmploymentID: "AssignmentNumber"},
			status:  map[string]string{"ACTIVE": "active", "INACTIVE": "terminated", "SUSPENDED": "suspended"},
			dates:   List{"YYYY-MM-DD", "YYYY/MM/DD"},
			lastDay: "inclusive",
			caution: "Where SUSPENDED stands for a leave of absence, add `values: {status: {SUSPENDED: leave}}`.",
		},
		"peoplesoft": peopleSoft(),
	}
}

// peopleSoft reads the table JOB with its history.
func peopleSoft() preset {
	return preset{
		columns: PeopleColumns{ID: "EMPLID", GivenName: "FIRST_NAME", FamilyName: "LAST_NAME", Mail: List{"EMAIL_ADDR"}, Start: "HIRE_DT",
			End: "TERMINATION_DT", Status: "EMPL_STATUS", Type: "PER_ORG", Department: "DEPTID", Manager: "SUPERVISOR_ID", Location: "LOCATION",
			EmploymentID: "EMPL_RCD", Effective: "EFFDT", Sequence: "EFFSEQ"},
		status: map[string]string{"A": "active", "L": "leave", "P": "leave", "W": "leave", "S": "suspended", "D": "terminated", "T": "terminated",
			"U": "terminated", "V": "terminated", "Q": "retired", "R": "retired", "X": "retired"},
		rows: "history",
		caution: "For the rows of JOB as they are, history included: of each EMPLID and EMPL_RCD the row with the greatest EFFDT up to the as-of, then the greatest EFFSEQ, says what is. " +
			"Later rows say what will be, so the row in effect has to be in the file too. " +
			"For a file with one current row per EMPLID, add `rows: person`; for one with the current row of each EMPL_RCD, `rows: employment`. EFFDT and EFFSEQ are then not needed.",
	}
}

// applyPreset fills in what the configuration leaves open.
func (c *PeopleConfig) applyPreset() error {
	if c.Preset == "" {
		return nil
	}
	p, known := presets()[strings.ToLower(c.Preset)]
	if !known {
		return configError("use one of "+strings.Join(presetNames(), ", "), "preset %q is not known", c.Preset)
	}
	if c.Rows == "" {
		c.Rows = p.rows
	}
	if p.rows == "history" && c.Rows != p.rows {
		// A file of current rows needs no column that orders them, and one of a row per person none that tells jobs apart.
		p.columns.Effective, p.columns.Sequence = "", ""
		if c.Rows == "person" {
			p.columns.EmploymentID = ""
		}
	}
	mine, theirs := reflect.ValueOf(&c.Columns).Elem(), reflect.ValueOf(p.columns)
	for i := range mine.NumField() {
		if mine.Field(i).IsZero() {
			mine.Field(i).Set(theirs.Field(i))
		}
	}
	columns := c.Columns.byField()
	for _, field := range mayLack() {
		if column := columns[field]; len(column) > 0 && column[0] != "" && !slices.Contains(c.Optional, field) {
			c.Optional = append(c.Optional, field)
		}
	}
	if c.Values == nil {
		c.Values = map[string]map[string]string{}
	}
	words := map[string]string{}
	for word, meaning := range p.status {
		words[fold(word)] = meaning
	}
	for word, meaning := range c.Values["status"] {
		words[fold(word)] = meaning
	}
	c.Values["status"] = words
	if len(c.Dates) == 0 {
		c.Dates = p.dates
	}
	if c.LastDay == "" {
		c.LastDay = p.lastDay
	}
	return nil
}
