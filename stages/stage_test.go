//go:build linux

package stages

import (
	"strings"
	"testing"
)

func TestRegisterRefuses(t *testing.T) {
	for _, name := range []string{"", "A", "a b", "a/b", "ä", strings.Repeat("x", 65), unshareStage} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was registered", name)
				}
			}()
			Register(name, builtIn[loopbackStage])
		}()
	}
}
