// Package uplink is a stage that connects a new network namespace with that of the process which makes it: a veth pair,
// one end outside, the other inside with the default route.
//
// It shows how to write a stage with effects outside of the namespace. Its package is initialised after package stages,
// since it imports it, and so registers the stage in time; a main package may do that as well.
package uplink

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/netns-go/netns/stages"
)

// The name of the stage, with a prefix of its own: the registry is one for the whole program.
const name = "example.uplink"

func init() { stages.Register(name, decode) }

// A Link is what the uplink is to be like. An end outside ends with the namespace, so there is nothing to delete.
type Link struct {
	Outside string       // the name of the end outside, which must not exist yet
	Inside  string       // the name of the end inside
	Gateway netip.Prefix // the address of the end outside: 10.1.2.1/30
	Address netip.Prefix // the address of the end inside: 10.1.2.2/30
}

// An uplink is the stage. It is built in the parent and in the child from the same bytes, so both have the same token.
type uplink struct {
	Link
	// Token tells a link that this transaction made from one of the same name. It is made where the plan is, once.
	Token string
}

// Step returns the step that makes the link. It is for one transaction of one namespace.
func Step(l Link) stages.Step {
	args, err := json.Marshal(uplink{l, rand.Text()})
	if err != nil { // strings and prefixes can be encoded
		panic(err)
	}
	return stages.Step{Stage: name, Args: args}
}

// maxName is the kernel's IFNAMSIZ without the NUL.
const maxName = 15

// decode is called in the parent before anything is done: what it refuses has cost nothing.
func decode(args []byte) (stages.Stage, error) {
	var u uplink
	if err := json.Unmarshal(args, &u); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, link := range []string{u.Outside, u.Inside} {
		if link == "" || len(link) > maxName {
			return nil, refuse(link, "an interface name has 1 to 15 bytes")
		}
	}
	for _, p := range []netip.Prefix{u.Gateway, u.Address} {
		if !p.IsValid() {
			return nil, refuse(p.String(), "it is not ADDRESS/LENGTH")
		}
	}
	if u.Gateway.Masked() != u.Address.Masked() || u.Gateway == u.Address {
		return nil, refuse(u.Gateway.String(), fmt.Sprintf("%v is not another address in its network", u.Address))
	}
	return u, nil
}

func refuse(argument, reason string) error {
	return &stages.ArgumentError{Stage: name, Argument: argument, Reason: reason}
}
