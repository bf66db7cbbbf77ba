// Package address has the stage that gives lo further addresses. It is not in package stages, so that a child whose plan
// has no addresses need not wait for the netlink library to be initialised.
package address

import (
	"strings"

	"github.com/netns-go/netns/stages"
)

const stage = "address"

// Step returns the step that gives lo further addresses, each with a prefix length: 10.1.2.3/32, 2001:db8::1/128.
func Step(addresses ...string) stages.Step {
	return stages.Step{Stage: stage, Args: []byte(strings.Join(addresses, "\x00"))}
}
