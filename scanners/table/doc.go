// Package table reads accounts and people from files: CSV, Excel workbooks (XLSX), JSON, JSON Lines and Parquet.
//
// # Configuration
//
// The smallest source of people and of accounts:
//
//	people:
//	  - name: hr
//	    kind: table
//	    path: hr.csv
//	    columns: {id: employee_id, mail: work_email, start: start_date, end: last_day}
//	    last_day: inclusive
//	sources:
//	  - name: crm
//	    kind: table
//	    path: crm.csv
//	    columns: {id: account_id, login: login, employee_id: employee_number, mail: mail, enabled: enabled, last_activity: last_logon}
//	    empty: {last_activity: never}
//
// path is a file, a pattern such as exports/crm-*.csv, or a list of them; all files together are one source. The name's
// ending tells the format (.csv .tsv .txt .xlsx .json .jsonl .parquet, text formats also with .gz) unless format does.
// For the people exports of some HR products a preset fills in most of it: preset: workday.
// [Reading] documents every key, [AccountColumns] and [PeopleColumns] every field.
//
// # What the words of a file mean
//
// Nothing that decides a verdict is guessed.
//
//   - Dates are ISO (2026-03-01, with or without time and offset) unless dates lists other forms: DD.MM.YYYY,
//     MM/DD/YYYY hh:mm, unix, unix_ms, excel. A value in another form is rejected, and the hint names the form. Native dates
//     of Excel and Parquet need no form. Times without zone are read in zone, else in the run's timezone.
//   - An empty cell of a time is unknown unless empty says never. The word "never" is never. Dates before 2 January 1970
//     are what systems write when there is none, and count as empty. An account that expires after the year 4000 does not.
//   - An empty end of a person is an open end, as are the values of open_end.
//   - enabled, locked and privileged understand true/false, yes/no, 1/0, on/off, enabled also active/inactive and
//     enabled/disabled; values translates other words. A word without translation makes the fact unknown.
//   - status understands active, leave, suspended, prehire, terminated, retired; codes have to be translated under values. A
//     row with an unknown code is rejected, and the coverage lists the codes.
//   - "n/a", "none", "-", NULL and zeros are not keys, and a mail without @ is no mail: two records that both say "n/a" are
//     not the same person.
//   - An id of the form 1.23E+05 or 123.0 is rejected: a spreadsheet has eaten its digits. A numeric cell of a workbook is
//     read as its whole number, padded with zeros when the cell's format is zeros only. One that is shown as a date is
//     rejected: a spreadsheet has made a date of an id such as 1-2.
//
// # Rows of a history
//
// With rows: history every change of an employment has a row of its own, as in PeopleSoft's JOB: effective names the column of
// the day from which on it holds, sequence the one that orders the rows of a day. Of each id and employment_id the newest
// row in effect at the as-of says what is; later rows say when the employment ends or the next begins. A row that cannot be
// read, or two that contradict each other, leave the whole person unread: their accounts are disputed. The page on HR
// exports has the rules one by one.
//
// # CSV
//
// The encoding is told by a byte order mark or is UTF-8; others, such as windows-1252, have to be declared. The delimiter is
// the one of , ; TAB | under which the mapped columns are found. Title rows above the header are skipped, repeated headers
// dropped. Lines end in LF, CR LF or CR. A row whose number of fields differs from the header's, or that has a wrong quote or a NUL byte, is rejected with
// its line number. A last row such as "Total: 1234" is the file's own count.
//
// # Excel workbooks
//
// The only sheet with rows is read, or the one that sheet names. Hidden rows are read. A formula counts by the value that
// was saved with it; a row with a formula without value is rejected. Cells merged across rows below
// the header make the file partial when a mapped column is among them. Sizes are limited before and while unpacking.
//
// # The credential report of AWS
//
//	sources:
//	  - name: aws-production
//	    kind: table
//	    path: credential-report.csv
//	    preset: aws-credential-report
//
// The file is the decoded content of `aws iam get-credential-report`, one per AWS account. The preset follows the documentation
// of AWS and was never run against a live account. What it makes of a row:
//
//   - The id is the ARN, the only one in the report. It does not change, but a user that is deleted and made anew gets the same one
//     (AWS's own unique id, AIDA…, is not in the report): what was decided on the old one then meets the new one. A user whose name or
//     path changes gets a new ARN.
//   - Enabled: the password or any access key or signing certificate is active. Disabled: none is. Unknown: none is, but of one the
//     report says nothing, as of the root user's password (not_supported).
//   - Last activity: the password's and those of the keys that exist, with error bands of 5 and 15 minutes, which AWS leaves out. A
//     password with no_information was never used if the user was made after AWS began to record it (20 October 2014). An existing key
//     with N/A was never used if it is as old as its user and younger than the record of keys (22 April 2015); the use of a
//     key that it replaced is not known, so else it is unknown. A credential that does not exist says nothing: a
//     deleted key takes its record with it, so a user can be shown as unused that had used a key which is gone.
//   - Kind: <root_account> is break-glass, and privileged. A user with access keys and without a password is a service, which a person
//     looks like whose password was taken away and whose keys were left; columns: {kind: …} decides otherwise. Whether any other user is
//     privileged is not in the report.
//   - Whether somebody uses roles or IAM Identity Center is not in the report either.
//
// # How sure it is of having read everything
//
// complete (proved): the rows agree with expect_rows, a sidecar, a trailer or a Parquet footer. complete (consistent): read
// to the end without contradiction, but a text file cannot prove that it is whole. partial: the file breaks off or changes
// while it is read, a count disagrees, quotes leave it open where a row ends, a rejected account row has no readable id, or
// an account id comes again with other data, or, of 20 people or more, none has a usable mail, start or status though its
// column is mapped and not optional. blind: no row, unless a count of zero proves it or allow_empty permits it.
//
// A sidecar is JSON ({"rows": 1234, "sha256": "…", "produced_at": "2026-03-01T04:00:00Z"}) or the output of sha256sum.
//
// Lookup reads the files again to the end. Memory: text and Parquet files are streamed; of every account id twelve bytes are
// kept to find repeated ones; of a workbook its table of texts is kept.
package table
