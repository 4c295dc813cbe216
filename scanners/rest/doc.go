// Package rest reads the accounts or the people of any API that answers in JSON: what is asked, how its pages follow each other and
// what its fields mean is said in the configuration, or by a preset.
//
// # Configuration
//
// With a preset, what is the organisation's own is enough:
//
//	sources:
//	  - name: github
//	    kind: rest
//	    preset: github
//	    vars: {org: example-corp}
//	    auth: {token: "env:GITHUB_TOKEN"}
//	  - name: servicenow
//	    kind: rest
//	    preset: servicenow
//	    vars: {instance: example}
//	    auth: {user: svc.leaver, password: "file:/etc/leaver/servicenow"}
//	  - name: workspace
//	    kind: rest
//	    preset: google-workspace
//	    auth: {credential: "file:/etc/leaver/google.json", subject: admin@corp.example}
//
// Without one, everything is said:
//
//	sources:
//	  - name: crm
//	    kind: rest
//	    url: https://crm.example
//	    path: /api/v2/users
//	    query: {include: inactive}
//	    auth: {header: X-Api-Key, secret: "env:CRM_KEY"}
//	    paging: {style: offset, param: offset, size_param: limit, size: 200}
//	    records: data.users
//	    total: .data.total
//	    fields:
//	      id: .id
//	      logins: .login
//	      mails: .email, .aliases[]?
//	      employee_ids: .custom.employee_number
//	      enabled: .status
//	      created: .created_at
//	      activity: [{name: last_login, at: .last_login, precision: 1h}]
//	      grants: ".roles[] | {id: .id, name: .name, type: \"role\"}"
//	    values: {enabled: {active: true, suspended: false}}
//	    lookup: {path: "/api/v2/users/{id}", record: data}
//
// Only GET requests leave the process, to the host of url alone, and the form that asks a token address for an access token. A
// redirect, or a next page on another host, is an error; no credentials are sent there.
//
// # Expressions
//
// They are in the language of jq. Those of fields see one record, those of a page (paging.next, total, ok, error, retry,
// empty_page) the page without its list, and $header, the headers of the answer by their names in lower case. $list is the name of
// the list. Numbers are read as they are written: an id needs no tostring.
//
// The configuration is refused, with the column, when an expression does not compile, when it would see more than the record (the
// environment, a file, another input, the clock), or when what it gives for a record that holds nothing is not of the field's sort.
// An expression that fails on a record rejects that record, and so does one that does not come to an end within 200,000 steps.
//
// # What is read
//
//   - id is required. A record without one is rejected, and the source is partial.
//   - logins, mails, employee_ids, anchors, manager and the like are texts or numbers, one or several. Anything else rejects the
//     record: without the key, the account would look as if nobody owned it.
//   - enabled, locked and privileged are true or false, also as texts, or words that values translates. Anything else is unknown.
//   - Times are in one of the forms of times; in any other form they are unknown. A missing time is unknown, unless empty says
//     that it means never; the word never is never. A last use in 1970 or before is never.
//   - activity lists signs of use; the newest counts, and one that is unknown keeps an account from being called unused.
//   - grants are names of groups, or objects with id, name, type, direct and removable.
//   - Evidence: what the expressions of these facts gave.
//
// Of people: the same, with start and end as dates and status as one of leaver's words or one that values translates. A date keeps
// the day that is written; a time in UTC that is no midnight is seen in the source's zone. An end or a status that cannot be read
// rejects the record.
//
// # Pages
//
//   - link: the Link header's next. next: an expression for the address of the next page. cursor: one for a cursor.
//   - offset, page: counted off, until a page comes that holds nothing. When the number of records changes meanwhile, the source is
//     partial: a record that is removed lets another slip by unseen. advance: size is for APIs that leave out of a page what the
//     reader may not see.
//   - none: the API gives everything in one answer; nothing shows what it leaves out.
//
// lists reads several lists as one source; a record that is in two of them counts once. Where total is set they must not overlap, for
// fewer come then than they hold together, and the source is partial.
//
// Without lookup, a record is looked up by reading the lists again.
//
// # Rights
//
// The credentials have to see every record, and should not be able to do more than read. Where the API tells what they may (GitHub and
// Slack do), too_wide puts what goes beyond reading into the coverage, and leaver check shows it.
//
// # How sure it is of having read everything
//
// complete (proved): as many records as total says. complete (consistent): read to the last page, without a total, or with a smaller
// one. partial: fewer than total, a total that changes while pages are counted off, pages that lead back or bring nothing new, a
// failing page, a record without id, or clocks that differ by more than five minutes. blind: no record read. A page without the list
// is an error, unless empty_page knows it; so is one for which ok is false.
//
// # Presets
//
// Each was written from the product's documentation, and was never run against a live tenant. The test run reads a sample
// in the documented shape and plays the product's paging. Compare the first scan with what the product's own administration shows.
//
//   - atlassian (vars: org): the managed accounts of an organisation, with the organisation's API key. Last use is that of products,
//     late by up to a day. Accounts that other companies manage are not listed. Consistent at best.
//   - github (vars: org): owners, members and outside collaborators, with a token that may read the organisation's members; without that
//     right GitHub shows only public members, and does not say so: name a canary. No mails, no last use, and no look-up by id: the
//     lists are read again. Who is in a list is enabled. Consistent at best.
//   - gitlab (url of the own server; vars not needed): all users, with an administrator's token and scope read_api; a token of anybody else
//     shows neither mails nor sign-ins nor who is an administrator, and these are then unknown. A deactivated user is enabled: signing in
//     activates him again. Consistent at best.
//   - google-workspace: users of the customer, suspended and archived ones as disabled, deleted ones not; a service account with
//     domain-wide delegation for admin.directory.user.readonly, standing in for an administrator (auth.subject). The employee id is the
//     external id of type organization. Consistent at best.
//   - salesforce (vars: instance): the object User by SOQL; the right View All Users and API Enabled. A frozen user counts as enabled:
//     that is kept in another object. Proved by totalSize.
//   - servicenow (vars: instance): the table sys_user; the right to read all of its rows and the columns asked for. Rows that access rules
//     hide make the source partial. last_login_time is empty also for users that sign in by API alone, so that is unknown, not never. Proved by X-Total-Count.
//   - slack: members of a workspace, deactivated ones included; scopes users:read and users:read.email. Without the latter, Slack leaves
//     the mails out and does not say so. No last use, no creation. Consistent at best.
package rest
