package config

// Starter returns the commented leaver.yaml that "leaver init" writes. It loads as it is.
func Starter() string { return starter }

// StarterPolicy returns the commented rules that "leaver init" writes to policies/leavers.yaml.
func StarterPolicy() string { return starterPolicy }

// StarterCases returns the cases of those rules, which "leaver init" writes to policies/leavers.test.yaml.
func StarterCases() string { return starterCases }

const starter = `# yaml-language-server: $schema=leaver.schema.json
# leaver.yaml: what leaver reads, and how it judges. Every key is checked; a misspelt one is an error.
# Paths are relative to this file.

organisation: Example Corp
timezone: Europe/Berlin          # where dates without a zone of their own are meant
state: state                     # run folders and the state database; only its owner may read it

# Who works here. Several authoritative sources are possible, for example one more for contractors.
people:
  - name: hr
    kind: table                  # CSV, XLSX, JSON, JSON Lines or Parquet
    path: hr.csv
    columns:
      id: employee_id
      given_name: given_name
      family_name: family_name
      mail: work_email
      start: start_date
      end: last_day
      department: department
    last_day: inclusive          # inclusive: still employed on that day. exclusive: the first day without employment

# Whose accounts are judged.
sources:
  - name: crm
    kind: table
    path: crm.csv
    columns:
      id: account_id             # never changes, even when the login does
      login: login
      employee_id: employee_number
      mail: mail
      enabled: enabled
      created: created
      last_activity: last_logon
    empty: {last_activity: never}  # what an empty cell means: never (provably unused) or unknown; default unknown
    # canaries: [A-1001]         # accounts that every scan must show
    # allocation: 1              # how many tasks may run against the system at the same time

# An account is linked to a person by these keys, and only when each names exactly one person.
correlation:
  keys: [employee_id, mail]
  # mail_domains: {old.example: example.com}
  # zeros: keep                  # 00123 and 123 are different people

# custom, or a framework whose numbers hold: cis, pci, fedramp-moderate, fedramp-high, stig, soc2.
thresholds:
  profile: custom
  dormant: 90d
  never_used: 45d
  # removal_limit: 24h           # how long after the end an account may stay enabled

# policies: policies             # rules; this folder is the default

# Accounts that no decision may touch for a while. They stay in the report, with owner, reason and expiry.
# exclusions:
#   - id: X-01
#     source: crm
#     account: A-1001
#     owner: maria.lopez@example.com
#     reason: migration of the call centre
#     expires: 2027-03-31

# break_glass:
#   - {source: crm, account: A-0001, owner: ciso@example.com, reason: emergency access}

# report:
#   path: report.xlsx            # a copy of the newest workbook
`

const starterPolicy = `# yaml-language-server: $schema=policy.schema.json
# One deprovisioning rule per document; documents are separated by a line of three dashes.
name: leavers
description: Accounts of people whose employment has ended are due on the day after.
active: true
trigger:
  status: [ended, vanished]
grace:
  days: 0
  from: end_date                 # or first_seen
action: report
# A rule with stages ends access step by step. Remove the "# " before each line to use it:
# ---
# name: contractors
# description: Projects go three days before the last day of a contractor, the account with it.
# strategy: graceful
# trigger: {end_date: {offset: -14d, before_end: true}, hook: 'person.types.exists(t, t == "contractor")'}
# hand_over: {to: [manager]}       # who takes the work over: manager, sponsor, owner, an address
# stages:
#   - {name: notice, days: -10, action: report}
#   - {name: projects, days: -3, action: revoke, revoke: [{groups: ["project-*"]}]}
#   - {name: lock, days: 0, action: lock}
`

const starterCases = `# Facts in, decision and due date out: "leaver policy test" runs these.
now: 2026-03-10T12:00:00Z
cases:
  - name: the account of a leaver is reported
    person: {end: 2026-02-28}
    expect: {kind: leaver_active, decision: report_only, rule: leavers}
  - name: an employee's is not
    person: {}
    expect: {kind: none, decision: none}
`
