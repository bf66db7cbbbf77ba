//go:build linux

package stages

import "testing"

// Namespaces are verified on many threads at once, and unix.Sendto writes into the address that it is given.
func TestEchoesShareNoAddress(t *testing.T) {
	for _, family := range []*echoFamily{&echo4, &echo6} {
		if family.address() == family.address() {
			t.Errorf("%s: two echoes have one address", family.name)
		}
	}
}
