// Package notify tells people and machines of runs: by mail, by signed webhooks, and by the pings of a dead man's switch.
//
// Messages hold counts, names of systems and a link; never the name, login or id of a person or an account, and never the
// text of an error, which may hold one. Nothing that fails here makes a run fail: failures are returned and logged.
//
// A [Notice] is the exception: a rule asked for it, it goes by mail to the one person who answers for an account and has to know
// which, and only to the domains that the configuration lists. Its subject names nobody either.
//
// # What it may reach
//
// leaver changes no account. What this package sends goes to the addresses that the configuration names under notify, a notice to
// one of the domains that it lists there, and nowhere else: a webhook's transport lets nothing through but a POST of JSON to that one address, a ping is a GET, no
// redirect is followed, TLS is 1.2 or newer and always verified. No connector can get at these transports.
//
// # How a webhook is signed
//
// The form is that of Standard Webhooks, for which libraries exist in most languages. Three headers come with the body:
//
//	webhook-id         the id of the message; the same when it is sent again
//	webhook-timestamp  seconds since 1970 of this attempt
//	webhook-signature  "v1," and base64 of HMAC-SHA256 with the shared secret over "ID.TIMESTAMP.BODY"
//
// The receiver computes the signature over the bytes as they came, compares in constant time, refuses timestamps more than
// five minutes off, and drops an id that it has seen. A recorded message is then of no use to anybody. A secret that starts
// with whsec_ is base64 after it; any other is taken as it is.
package notify
