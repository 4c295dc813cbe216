// Package api reads the records of a system that answers by HTTP in JSON, page by page, and earns their coverage.
//
// It holds what all such connectors have to get right, so that each of them says only what its system is like:
//
//   - [Watch], a transport that lets no answer pass that an SDK would take for an empty list: an empty body, a page of HTML
//     (a login form, a proxy's block page), a body shorter than announced, one without end. It notes what the clock of the
//     server says, and what it says about its limits;
//   - [Client], for systems without an SDK: GET, with the credentials of an [Auth], never following a redirect;
//   - [Retries], which tries again what may pass by itself, as long as the server asks and no longer than patience lasts;
//   - [Walk], the scan itself: it follows pages, refuses loops, drops records that come twice, rejects the record that cannot be
//     used and that one alone, and compares the number of records with what the source says it holds;
//   - [Split], [Time] and other small readings of JSON.
//
// A connector fetches a page and decodes a record; where a page leads is checked by the walk and by the transport, which
// reaches no other host.
package api
