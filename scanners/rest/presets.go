package rest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// presetNames lists the presets.
func presetNames() []string { return slices.Sorted(maps.Keys(presets())) }

// presets are what is known of the APIs of some products, from their documentation. Everything in them can be set otherwise in
// leaver.yaml.
func presets() map[string]AccountConfig {
	return map[string]AccountConfig{"atlassian": atlassian(), "github": github(), "gitlab": gitlab(), "google-workspace": google(),
		"salesforce": salesforce(), "servicenow": serviceNow(), "slack": slack()}
}

// github reads the members of an organisation and its outside collaborators. Who is in a list can use the organisation.
func github() AccountConfig {
	return AccountConfig{
		Reading: Reading{
			URL: "https://api.github.com", Headers: map[string]string{"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
			Query: map[string]string{"per_page": "100"},
			Lists: []Listing{{Name: "owner", Path: "/orgs/{org}/members", Query: map[string]string{"role": "admin"}},
				{Name: "member", Path: "/orgs/{org}/members", Query: map[string]string{"role": "member"}},
				{Name: "outside collaborator", Path: "/orgs/{org}/outside_collaborators"}},
			Paging:  Paging{Style: "link"},
			TooWide: `$header["x-oauth-scopes"] // "" | split(", ")[] | select(test("^read:|^user:email$") | not)`,
			Values:  Values{"kind": {"User": "person", "Bot": "service"}},
		},
		Fields: AccountFields{ID: ".id", Logins: ".login", Enabled: "true", Kind: `if $list == "outside collaborator" and .type == "User" then "guest" else .type end`,
			Privileged: `$list == "owner"`, Grants: `{id: $list, type: "role"}`},
	}
}

// gitlab reads every user of a GitLab; with the token of an administrator it says more of them. A deactivated user activates
// himself by signing in, so he is enabled.
func gitlab() AccountConfig {
	stated := func(name string) string {
		return fmt.Sprintf(`if has("%s") then .%s // "never" else null end`, name, name)
	}
	return AccountConfig{
		Reading: Reading{
			URL: "https://gitlab.com", Path: "/api/v4/users", Paging: Paging{Style: "link"},
			Query:  map[string]string{"per_page": "100", "pagination": "keyset", "order_by": "id", "sort": "asc"},
			Times:  []string{"rfc3339", "date"},
			Lookup: Lookup{Path: "/api/v4/users/{id}"},
			Values: Values{"enabled": {"active": "true", "deactivated": "true", "blocked": "false", "banned": "false", "ldap_blocked": "false",
				"blocked_pending_approval": "false"}},
		},
		Fields: AccountFields{ID: ".id", Logins: ".username", DisplayName: ".name", Mails: ".email", Anchors: ".identities[]?.extern_uid",
			Enabled: ".state", Created: ".created_at", Privileged: ".is_admin", Locked: ".locked", Kind: `if .bot == true then "service" else null end`,
			Activity: []Signal{{Name: "last_sign_in_at", At: stated("last_sign_in_at")}, {Name: "current_sign_in_at", At: stated("current_sign_in_at")},
				{Name: "last_activity_on", At: stated("last_activity_on")}}},
	}
}

// slack reads the members of a workspace, deactivated ones included. Slack answers errors with success, and says nothing of the
// last use.
func slack() AccountConfig {
	return AccountConfig{
		Reading: Reading{
			URL: "https://slack.com", Path: "/api/users.list", Records: "members",
			Paging: Paging{Style: "cursor", Next: ".response_metadata.next_cursor", Param: "cursor", SizeParam: "limit", Size: 200},
			OK:     ".ok == true", Error: ".error",
			Retry:   `.error == "ratelimited" or .error == "internal_error" or .error == "fatal_error" or .error == "request_timeout" or .error == "service_unavailable"`,
			TooWide: `$header["x-oauth-scopes"] // "" | split(",")[] | select(test(":read(\\.|$)|^identify$") | not)`,
			Lookup:  Lookup{Path: "/api/users.info", Query: map[string]string{"user": "{id}"}, Record: "user", Absent: `.ok == false and .error == "user_not_found"`},
		},
		Fields: AccountFields{ID: ".id", Logins: ".name", DisplayName: ".real_name // .profile.real_name", Mails: ".profile.email",
			Enabled:    `if has("deleted") then .deleted | not else null end`,
			Kind:       `if .is_bot == true or .id == "USLACKBOT" then "service" elif .is_restricted == true or .is_ultra_restricted == true then "guest" else null end`,
			Privileged: `if has("is_admin") then .is_admin or .is_owner else null end`,
			Grants:     `. as $m | ("is_primary_owner", "is_owner", "is_admin") | select($m[.] == true) | {id: ., type: "role"}`},
	}
}

// serviceNow reads the table sys_user. Rows that the reading user may not see are missing from their page, which is not filled
// up: so pages are counted off by their size, and X-Total-Count tells that rows are missing.
func serviceNow() AccountConfig {
	const columns = "sys_id,user_name,name,email,employee_number,active,locked_out,failed_attempts,last_login_time,sys_created_on,manager,source,web_service_access_only,internal_integration_user"
	return AccountConfig{
		Reading: Reading{
			URL: "https://{instance}.service-now.com", Path: "/api/now/table/sys_user", Records: "result", Total: `$header["x-total-count"]`,
			Query: map[string]string{"sysparm_display_value": "false", "sysparm_exclude_reference_link": "true", "sysparm_query": "ORDERBYsys_id",
				"sysparm_fields": columns},
			Paging: Paging{Style: "offset", Param: "sysparm_offset", SizeParam: "sysparm_limit", Size: 1000, Advance: "size"},
			Times:  []string{"datetime_utc"},
			Lookup: Lookup{Path: "/api/now/table/sys_user/{id}", Record: "result", Query: map[string]string{"sysparm_display_value": "false",
				"sysparm_exclude_reference_link": "true", "sysparm_fields": columns}},
		},
		Fields: AccountFields{ID: ".sys_id", Logins: ".user_name", DisplayName: ".name", Mails: ".email", EmployeeIDs: ".employee_number",
			Enabled: ".active", Locked: ".locked_out", FailedLogins: ".failed_attempts", Created: ".sys_created_on",
			Manager: `.manager | if type == "object" then .value else . end`, Authority: `.source | if . == null or . == "" then null else . end`,
			Kind:     `if [.web_service_access_only, .internal_integration_user] | any(tostring == "true") then "service" else null end`,
			Activity: []Signal{{Name: "last_login_time", At: ".last_login_time"}}},
	}
}

// salesforce asks for the object User by SOQL. A user who never signed in has a LastLoginDate of null.
func salesforce() AccountConfig {
	const plain = "Id,Username,Name,Email,IsActive,UserType,EmployeeNumber,FederationIdentifier,CreatedDate,LastLoginDate,LastPasswordChangeDate,ManagerId,ProfileId"
	return AccountConfig{
		Reading: Reading{
			URL: "https://{instance}.my.salesforce.com", Path: "/services/data/v60.0/query", Records: "records", Total: ".totalSize",
			Query:  map[string]string{"q": "SELECT " + plain + ",Profile.Name,Profile.UserLicense.Name,UserRole.Name FROM User ORDER BY Id"},
			Paging: Paging{Style: "next", Next: `if .done == true then null else .nextRecordsUrl // error("done is false, and there is no nextRecordsUrl") end`},
			Lookup: Lookup{Path: "/services/data/v60.0/sobjects/User/{id}", Query: map[string]string{"fields": plain}},
			Values: Values{"kind": {"Standard": "person", "Guest": "guest", "AutomatedProcess": "service", "CloudIntegrationUser": "service"}},
		},
		Fields: AccountFields{ID: ".Id", Logins: ".Username", DisplayName: ".Name", Mails: ".Email", EmployeeIDs: ".EmployeeNumber",
			Anchors: ".FederationIdentifier", Enabled: ".IsActive", Created: ".CreatedDate", PasswordChanged: ".LastPasswordChangeDate",
			Kind: ".UserType", Manager: ".ManagerId", Licences: ".Profile.UserLicense.Name",
			Privileged: `.Profile.Name | if . == null then null else . == "System Administrator" end`,
			Grants:     `[{id: .ProfileId, name: .Profile.Name, type: "role", removable: false}, {name: .UserRole.Name, type: "role"}]`,
			Activity: []Signal{{Name: "LastLoginDate", At: `if has("LastLoginDate") then .LastLoginDate // "never" else null end`,
				Precision: time.Minute}}},
	}
}

// atlassian reads the managed accounts of an organisation.
func atlassian() AccountConfig {
	return AccountConfig{
		Reading: Reading{
			URL: "https://api.atlassian.com", Path: "/admin/v1/orgs/{org}/users", Records: "data", Paging: Paging{Style: "next", Next: ".links.next"},
			Times:  []string{"rfc3339", "date"},
			Lookup: Lookup{Path: "/users/{id}/manage/profile", Record: "account"},
			Values: Values{"enabled": {"active": "true", "inactive": "false", "closed": "false"},
				"kind": {"atlassian": "person", "app": "service", "customer": "guest"}},
		},
		Fields: AccountFields{ID: ".account_id", Logins: ".email", DisplayName: ".name", Mails: ".email", Enabled: ".account_status", Kind: ".account_type",
			Grants:   `.product_access[]? | {id: (.key + " " + (.url // "")), name: .name, type: "application"}`,
			Activity: []Signal{{Name: "last_active", At: ".last_active", Precision: 24 * time.Hour}}},
	}
}

// google reads the users of a Google Workspace, suspended and archived ones included; deleted ones are elsewhere.
func google() AccountConfig {
	return AccountConfig{
		Reading: Reading{
			URL: "https://admin.googleapis.com", Path: "/admin/directory/v1/users", Records: "users",
			Query:  map[string]string{"customer": "my_customer", "projection": "full", "orderBy": "email"},
			Paging: Paging{Style: "cursor", Next: ".nextPageToken", Param: "pageToken", SizeParam: "maxResults", Size: 500},
			Empty:  `.kind == "admin#directory#users"`,
			Lookup: Lookup{Path: "/admin/directory/v1/users/{id}", Query: map[string]string{"projection": "full"}},
			Auth:   Auth{Scopes: []string{"https://www.googleapis.com/auth/admin.directory.user.readonly"}},
		},
		Fields: AccountFields{ID: ".id", Logins: ".primaryEmail", DisplayName: ".name.fullName", Mails: ".primaryEmail, .aliases[]?",
			EmployeeIDs: `.externalIds[]? | select(.type == "organization") | .value`,
			Enabled:     `if has("suspended") then (.suspended or .archived == true) | not else null end`,
			Created:     ".creationTime", Privileged: `if has("isAdmin") then .isAdmin or .isDelegatedAdmin == true else null end`,
			Kind:     `if .isGuestUser == true then "guest" else null end`,
			Manager:  `[.relations[]? | select(.type == "manager") | .value] | first // null`,
			Grants:   `. as $u | ("isAdmin", "isDelegatedAdmin") | select($u[.] == true) | {id: ., type: "role"}`,
			Activity: []Signal{{Name: "lastLoginTime", At: ".lastLoginTime"}}},
	}
}

// applyPreset fills in what the configuration leaves open.
func (c *AccountConfig) applyPreset() error {
	if c.Preset == "" {
		return nil
	}
	p, known := presets()[strings.ToLower(c.Preset)]
	if !known {
		return fmt.Errorf("preset: %q is none of %s", c.Preset, strings.Join(presetNames(), ", "))
	}
	fill(reflect.ValueOf(c).Elem(), reflect.ValueOf(p))
	return nil
}

// fill sets what is not set in mine to what theirs says, member by member.
func fill(mine, theirs reflect.Value) {
	switch mine.Kind() {
	case reflect.Struct:
		for i := range mine.NumField() {
			fill(mine.Field(i), theirs.Field(i))
		}
	case reflect.Map:
		if mine.IsNil() {
			mine.Set(reflect.MakeMap(mine.Type()))
		}
		for _, key := range theirs.MapKeys() {
			value := reflect.New(mine.Type().Elem()).Elem()
			if own := mine.MapIndex(key); own.IsValid() {
				value.Set(own)
			}
			if value.Kind() == reflect.Map || !mine.MapIndex(key).IsValid() {
				fill(value, theirs.MapIndex(key))
			}
			mine.SetMapIndex(key, value)
		}
	default:
		if mine.IsZero() {
			mine.Set(theirs)
		}
	}
}
