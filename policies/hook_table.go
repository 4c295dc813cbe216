package policies

import (
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// hookFacts is the vocabulary of hooks. It is documented in docs/policies.md, which a test compares with it.
var hookFacts = [...]hookFact{
	{"account", "system", cel.StringType, "Name of the source.", ofAccount(text, func(a *scanners.Account) string { return a.System })},
	{"account", "id", cel.StringType, "Immutable id.", ofAccount(text, func(a *scanners.Account) string { return a.ID })},
	{"account", "login", cel.StringType, "Primary login, or the id where there is none.", ofAccount(text, func(a *scanners.Account) string { return a.Login() })},
	{"account", "logins", cel.ListType(cel.StringType), "All logins.", ofAccount(texts, func(a *scanners.Account) []string { return a.Logins })},
	{"account", "dn", cel.StringType, "Place in the directory.", ofAccount(text, func(a *scanners.Account) string { return a.DN })},
	{"account", "display_name", cel.StringType, "Name that the system shows.", ofAccount(text, func(a *scanners.Account) string { return a.DisplayName })},
	{"account", "mails", cel.ListType(cel.StringType), "Mail addresses, primary first.", ofAccount(texts, func(a *scanners.Account) []string { return a.Mails })},
	{"account", "employee_ids", cel.ListType(cel.StringType), "Employee ids that the account carries.", ofAccount(texts, func(a *scanners.Account) []string { return a.EmployeeIDs })},
	{"account", "enabled", cel.BoolType, "False only after an administrative disable.", ofAccount(truth, func(a *scanners.Account) scanners.Fact[bool] { return a.Enabled })},
	{"account", "created", cel.TimestampType, "When the account was made.", ofAccount(moment, func(a *scanners.Account) scanners.Fact[time.Time] { return a.Created })},
	{"account", "age_days", cel.IntType, "Whole days since it was made.", func(f *facts) scanners.Fact[ref.Val] { return wholeDaysSince(f.v.Account.Created, f.now) }},
	{"account", "last_activity", cel.TimestampType, "The instant after which the account was provably not used; no value when it was never used.", ofAccount(moment, func(a *scanners.Account) scanners.Fact[time.Time] { return a.Idle() })},
	{"account", "idle_days", cel.IntType, "Whole days since last_activity.", func(f *facts) scanners.Fact[ref.Val] { return wholeDaysSince(f.v.Account.Idle(), f.now) }},
	{"account", "never_used", cel.BoolType, "Whether there was provably no use ever.", neverUsed},
	{"account", "failed_logins", cel.IntType, "Failed sign-ins that the source counts.", ofAccount(number, func(a *scanners.Account) scanners.Fact[int64] { return a.FailedLogins })},
	{"account", "password_changed", cel.TimestampType, "When the password was last changed.", ofAccount(moment, func(a *scanners.Account) scanners.Fact[time.Time] { return a.PasswordChanged })},
	{"account", "expires", cel.TimestampType, "When it stops working by itself; no value when it does not.", ofAccount(moment, func(a *scanners.Account) scanners.Fact[time.Time] { return a.Expires })},
	{"account", "locked", cel.BoolType, "Whether bad passwords keep it shut.", ofAccount(truth, func(a *scanners.Account) scanners.Fact[bool] { return a.Locked })},
	{"account", "kind", cel.StringType, "person, admin, service, shared, guest, machine, test.", accountKind},
	{"account", "privileged", cel.BoolType, "Whether it holds administrative rights.", ofAccount(truth, func(a *scanners.Account) scanners.Fact[bool] { return a.Privileged })},
	{"account", "grants", cel.ListType(cel.ObjectType(grantName)), "Rights: each with id, name, type and direct.", ofAccount(grants, func(a *scanners.Account) []scanners.Grant { return a.Grants })},
	{"account", "licences", cel.ListType(cel.StringType), "Licences.", ofAccount(texts, func(a *scanners.Account) []string { return a.Licences })},
	{"account", "manager", cel.StringType, "Reference to a manager, as the system writes it.", ofAccount(text, func(a *scanners.Account) string { return a.Manager })},
	{"account", "sponsor", cel.StringType, "Reference to a sponsor.", ofAccount(text, func(a *scanners.Account) string { return a.Sponsor })},
	{"account", "authority", cel.StringType, "Directory that it is synchronised from.", ofAccount(text, func(a *scanners.Account) string { return a.Authority })},

	{"person", "found", cel.BoolType, "Whether an owner or sponsor was found.", func(f *facts) scanners.Fact[ref.Val] { return known(types.Bool(f.v.Person != nil)) }},
	{"person", "system", cel.StringType, "Name of the people source.", ofPerson(text, func(p *reconcile.Person) string { return p.System })},
	{"person", "id", cel.StringType, "Employee id.", ofPerson(text, func(p *reconcile.Person) string { return p.ID })},
	{"person", "state", cel.StringType, "employed, on_leave, suspended, prehire, ended, vanished.", ofPerson(text, func(p *reconcile.Person) string { return string(p.State) })},
	{"person", "status", cel.StringType, "Status as HR writes it.", ofPerson(text, func(p *reconcile.Person) string { return p.Status })},
	{"person", "department", cel.StringType, "Department.", ofPerson(text, func(p *reconcile.Person) string { return p.Department })},
	{"person", "location", cel.StringType, "Location.", ofPerson(text, func(p *reconcile.Person) string { return p.Location })},
	{"person", "manager", cel.StringType, "Manager as HR writes it.", ofPerson(text, func(p *reconcile.Person) string { return p.Manager })},
	{"person", "mails", cel.ListType(cel.StringType), "Mail addresses.", ofPerson(texts, func(p *reconcile.Person) []string { return p.Mails })},
	{"person", "types", cel.ListType(cel.StringType), "Types of the employments: employee, contractor … as HR writes them.", ofPerson(texts, func(p *reconcile.Person) []string { return employmentTypes(p) })},
	{"person", "start", cel.TimestampType, "First start of any employment.", ofPerson(startOf, func(p *reconcile.Person) *reconcile.Person { return p })},
	{"person", "end", cel.TimestampType, "End of employment, stated by HR or inferred; no value while employed.", ofPerson(instantOf, func(p *reconcile.Person) time.Time { return p.End.At })},
	{"person", "end_inferred", cel.BoolType, "Whether nobody stated the end.", ofPerson(known, func(p *reconcile.Person) ref.Val { return types.Bool(p.End.Inferred) })},
	{"person", "upcoming_end", cel.TimestampType, "Stated future end; no value when open-ended.", ofPerson(instantOf, func(p *reconcile.Person) time.Time { return p.UpcomingAt })},
	{"person", "remembered", cel.BoolType, "Whether no people source shows the person any more.", ofPerson(known, func(p *reconcile.Person) ref.Val { return types.Bool(p.Remembered) })},

	{"source", "name", cel.StringType, "Name of the source in leaver.yaml.", ofAccount(text, func(a *scanners.Account) string { return a.System })},

	{"verdict", "kind", cel.StringType, "The finding kind; empty without one (and for rule_match).", func(f *facts) scanners.Fact[ref.Val] { return known(types.String(f.kindOf())) }},
	{"verdict", "flags", cel.ListType(cel.StringType), "The flags.", func(f *facts) scanners.Fact[ref.Val] {
		return known(types.NewStringList(adapter{types.DefaultTypeAdapter}, f.flags()))
	}},
	{"verdict", "matched_by", cel.StringType, "The key that found the person; empty without one.", func(f *facts) scanners.Fact[ref.Val] { return known(types.String(f.v.MatchedBy)) }},
	{"verdict", "days_late", cel.IntType, "Whole days since a stated end of employment.", func(f *facts) scanners.Fact[ref.Val] { return number(f.v.DaysLate) }},
}

func neverUsed(f *facts) scanners.Fact[ref.Val] {
	idle := f.v.Account.Idle()
	if idle.IsUnknown() {
		return scanners.Unknown[ref.Val](idle.Reason)
	}
	return known(types.Bool(idle.IsNever()))
}

// accountKind reads an unstated kind as a person's ordinary account, as the engine does.
func accountKind(f *facts) scanners.Fact[ref.Val] {
	if f.v.Account.Kind == "" {
		return known(types.String(scanners.KindPerson))
	}
	return known(types.String(f.v.Account.Kind))
}

// startOf is unknown where an employment states no start.
func startOf(p *reconcile.Person) scanners.Fact[ref.Val] {
	if p.Start.IsZero() {
		return scanners.Unknown[ref.Val]("an employment has no stated start")
	}
	return known(types.Timestamp{Time: p.Start})
}
