// Package connect opens connections for connectors and decides which ones they may open.
//
// A connector is handed [Dial] and, by [Open], an HTTP transport that only reads ([scanners.ReadOnly]); it has no other way out.
// The rules:
//
//   - no address of the machine's own neighbourhood that hands out credentials: link-local addresses and the metadata
//     services of cloud providers are refused after the name was resolved, so that no DNS answer and no configuration can
//     lead there;
//   - HTTP reaches only the hosts that the source's configuration names, over TLS, with GET and HEAD, and token addresses with
//     the POST of a form. A redirect to another host is refused like any other request;
//   - the token client of a managed identity, and nothing else, may ask the machine's own credential service;
//   - what tells of runs ([Post]) reaches one address with POST and nothing else; no connector is handed it;
//   - TLS is 1.2 or newer, and certificates are always verified.
package connect
