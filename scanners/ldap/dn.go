package ldap

import (
	"sort"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

// fold brings a DN into one form for comparison: servers write the same DN with other case, spaces and escapes. Values are
// compared without regard to case, as nearly all naming attributes are. A text that is no DN is folded as it stands.
func fold(dn string) string {
	if plainDN(dn) {
		return strings.ToLower(dn)
	}
	parsed, err := goldap.ParseDN(dn)
	if err != nil {
		return strings.ToLower(dn)
	}
	var b strings.Builder
	for i, rdn := range parsed.RDNs {
		if i > 0 {
			b.WriteByte(',')
		}
		parts := make([]string, 0, len(rdn.Attributes))
		for _, a := range rdn.Attributes {
			value := strings.Join(strings.Fields(strings.ToLower(a.Value)), " ")
			parts = append(parts, strings.ToLower(strings.TrimSpace(a.Type))+"="+escapes.Replace(value))
		}
		sort.Strings(parts)
		b.WriteString(strings.Join(parts, "+"))
	}
	return b.String()
}

// escapes keeps the separators of the folded form unambiguous.
var escapes = strings.NewReplacer(`\`, `\\`, ",", `\,`, "+", `\+`)

// plainDN reports whether lower case alone brings dn into the folded form.
func plainDN(dn string) bool {
	for i := range len(dn) {
		switch dn[i] {
		case '\\', '"', '+', ';', '#', '<', '>':
			return false
		case ' ':
			if i == 0 || i+1 == len(dn) || strings.IndexByte(",= ", dn[i-1]) >= 0 || strings.IndexByte(",= ", dn[i+1]) >= 0 {
				return false
			}
		}
	}
	return true
}

// below reports whether the folded DN is base itself or lies below it. The empty base is the root.
func below(folded, base string) bool {
	return base == "" || folded == base || strings.HasSuffix(folded, ","+base)
}

// parent is the DN without its first component, as written; "" at the top.
func parent(dn string) string {
	for i := 0; i < len(dn); i++ {
		switch dn[i] {
		case '\\':
			i++
		case ',':
			return strings.TrimLeft(dn[i+1:], " ")
		}
	}
	return ""
}
