package connect

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// dialTimeout bounds one connection attempt; keepAlive finds peers that are gone.
const (
	dialTimeout = 30 * time.Second
	keepAlive   = 30 * time.Second
)

// RefusedError says that a rule of this package, or of [scanners.ReadOnly], stopped a connection or a request before it left.
type RefusedError = scanners.RefusedError

// Dial opens a stream connection. Network is "tcp" (also "tcp4", "tcp6") or "unix".
func Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if !slices.Contains([]string{"tcp", "tcp4", "tcp6", "unix"}, network) {
		return nil, &RefusedError{Target: address, Why: fmt.Sprintf("network %q is not allowed", network)}
	}
	dialer := net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive, Control: allow}
	return dialer.DialContext(ctx, network, address)
}

// dialMetadata reaches the credential service of a cloud machine and nothing else.
func dialMetadata(ctx context.Context, network, address string) (net.Conn, error) {
	if where := net.JoinHostPort(scanners.MetadataHost, "80"); network != "tcp" || address != where {
		return nil, &RefusedError{Target: address, Why: "it is not the credential service of this machine"}
	}
	dialer := net.Dialer{Timeout: metadataTimeout}
	return dialer.DialContext(ctx, network, address)
}

// metadataTimeout is short: the service is on the machine or not there at all.
const metadataTimeout = 2 * time.Second

// allow is asked with the resolved address, before the connection is made.
func allow(network, address string, _ syscall.RawConn) error {
	if network == "unix" {
		return nil
	}
	where, err := netip.ParseAddrPort(address)
	if err != nil {
		return &RefusedError{Target: address, Why: "it is no resolved address"}
	}
	if why := forbidden(where.Addr().Unmap()); why != "" {
		return &RefusedError{Target: address, Why: why}
	}
	return nil
}

// forbidden says why an address must not be reached; "" when it may. Private networks and the machine itself may: that is
// where directories are.
func forbidden(ip netip.Addr) string {
	switch {
	case metadata(ip.WithZone("")):
		return "it is the metadata service of a cloud provider"
	case ip.IsLinkLocalUnicast():
		return "it is a link-local address"
	case ip.IsMulticast(), ip.IsUnspecified():
		return "it is not the address of one machine"
	default:
		return ""
	}
}

// metadata lists the services that give credentials to whoever asks from the same machine: AWS, Google, Azure and most
// others; AWS on IPv6; the Azure host; Alibaba Cloud; Oracle Cloud.
func metadata(ip netip.Addr) bool {
	return slices.Contains([]string{"169.254.169.254", "fd00:ec2::254", "168.63.129.16", "100.100.100.200", "192.0.0.192"}, ip.String())
}
