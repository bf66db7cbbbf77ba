// Package uplink is a stage that connects a new network namespace with the caller's: a veth pair with one end outside, and the
// other end inside with the default route.
//
// It shows how to write a stage with effects outside of the namespace. An init function of this package registers the stage. An
// init function of package main can do so as well.
package uplink

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/netns-go/netns/stages"
)

// name is the name of the stage. It has a prefix, because the whole program shares one registry.
const name = "example.uplink"

func init() { stages.Register(name, decode) }

// A Link describes the veth pair. It ends with the namespace, so the program need not delete it.
type Link struct {
	Outside string       // the name of the end outside, which must not exist yet
	Inside  string       // the name of the end inside
	Gateway netip.Prefix // the address of the end outside: 10.1.2.1/30
	Address netip.Prefix // the address of the end inside: 10.1.2.2/30
}

// An uplink is the stage. The parent and the child build it from the same bytes, so both have the same token.
type uplink struct {
	Link
	// Token tells the link of this transaction from another link of the same name. Step makes it, once.
	Token string
}

// Step returns the step that makes the link. It is for a transaction of one namespace.
func Step(l Link) stages.Step {
	args, err := json.Marshal(uplink{l, rand.Text()})
	if err != nil { // strings and prefixes can be encoded
		panic(err)
	}
	return stages.Step{Stage: name, Args: args}
}

// maxName is the kernel's IFNAMSIZ without the NUL.
const maxName = 15

// decode builds the stage. The parent calls it before anything is done.
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
