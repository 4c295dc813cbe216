// Package ldap reads the accounts of an LDAP directory: OpenLDAP, Active Directory, Samba, 389 Directory Server and, as far
// as its documentation goes, FreeIPA.
package ldap
